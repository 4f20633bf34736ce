"""Every error survives the way home from a worker, is documented, and has an exit code."""

import pickle
import re

import pytest

from corpuskit import errors
from corpuskit.errors import CorpuskitError

FAMILY = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, CorpuskitError)
]
BUILTINS = (LookupError, OSError, RuntimeError, ValueError)


def test_the_family_is_larger_than_its_head():
    assert len(FAMILY) == 15


@pytest.mark.parametrize("error", FAMILY)
@pytest.mark.fault("O6")
def test_an_error_survives_pickling_with_its_facts(error):
    raised = error("corpus: found 1, expected 2", path="a/b", expected=2, found=[1, "x"])
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(raised, protocol))
        assert type(back) is error
        assert str(back) == "corpus: found 1, expected 2"
        assert (back.path, back.expected, back.found) == ("a/b", 2, [1, "x"])
        assert back.args == raised.args


@pytest.mark.parametrize("error", FAMILY)
def test_an_error_without_facts_has_them_as_none(error):
    raised = error("message")
    assert (raised.path, raised.expected, raised.found) == (None, None, None)
    assert str(raised) == "message"


@pytest.mark.parametrize("error", FAMILY)
def test_an_error_is_documented_in_the_tree_under_its_parent(error):
    tree = errors.__doc__.split("```")[1]
    line = next(line for line in tree.splitlines() if re.search(rf"\b{error.__name__}\b", line))
    for builtin in BUILTINS:
        own = builtin in error.__bases__
        assert (f"({builtin.__name__})" in line) == own, line
    depth = len(error.__mro__[: error.__mro__.index(CorpuskitError)])
    assert len(re.match(r"[│├└─ ]*", line)[0]) == 4 * depth
    assert error.__doc__


@pytest.mark.parametrize("error", FAMILY)
def test_an_error_has_one_of_the_exit_codes(error):
    assert error.exit_code in {2, 3, 4, 5, 6}


def test_the_exit_codes_by_cause():
    codes = {error.__name__: error.exit_code for error in FAMILY}
    assert codes == {
        "CorpuskitError": 3,
        "ConfigError": 2,
        "PluginError": 6,
        "UnknownName": 2,
        "UnavailableName": 6,
        "DuplicateName": 6,
        "PluginLoadFailed": 6,
        "SourceError": 3,
        "FetchError": 4,
        "HashMismatch": 5,
        "TokenizerError": 3,
        "StorageError": 4,
        "CorpusFormatError": 5,
        "ResumeError": 5,
        "WorkerError": 4,
    }


@pytest.mark.parametrize("error", FAMILY)
def test_no_error_is_a_key_error_whose_message_would_be_quoted(error):
    assert not issubclass(error, KeyError)


def test_facts_of_one_error_are_its_fields_and_survive_pickling():
    for error, field, unsaid, said in (
        (errors.TokenizerError, "index", None, 3),
        (errors.FetchError, "missing", False, True),
        (errors.ConfigError, "reason", None, "it is empty"),
        (errors.UnavailableName, "owners", (), ("a", "b")),
    ):
        assert getattr(error("message"), field) == unsaid
        raised = error("message", path="a", **{field: said})
        back = pickle.loads(pickle.dumps(raised))
        assert (getattr(back, field), back.path) == (said, "a")


def test_a_fact_that_an_error_does_not_have_is_refused():
    with pytest.raises(TypeError, match="misspelt"):
        errors.SourceError("message", misspelt=1)

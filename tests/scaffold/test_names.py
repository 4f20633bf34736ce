"""The names of a new plugin."""

import pytest

from corpuskit.errors import ConfigError
from corpuskit.scaffold.writing import plugin_names


def test_other_names_follow_from_the_distribution():
    names = plugin_names("Corpuskit-My.Old_Books", kind="tokenizer")

    assert names.module == "corpuskit_my_old_books"
    assert names.component == "my-old-books"
    assert names.class_name == "MyOldBooksTokenizer"
    assert plugin_names("corpuskit-1984", kind="source").class_name == "Source1984"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "expected letters and digits with"),
        ("-books", "expected letters and digits with"),
        ("books/..", "expected letters and digits with"),
        ("büchern", "expected letters and digits with"),
        ("books\n", "expected letters and digits with"),
        ("a" * 39, "39 characters, at most 38 are allowed"),
        ("1984", "Python cannot import a module '1984'; try 'corpuskit-1984'"),
        ("import", "Python cannot import a module 'import'; try 'corpuskit-import'"),
        ("json", "there is a module 'json' already; try 'corpuskit-json'"),
        ("corpuskit", "there is a module 'corpuskit' already"),
        ("corpuskit-gpt2", "corpuskit has a tokenizer 'gpt2' itself; choose another name"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name, message):
    with pytest.raises(ConfigError, match=message):
        plugin_names(name, kind="tokenizer")


def test_a_kind_without_templates_is_refused():
    with pytest.raises(ConfigError, match="plugin kind 'planet': expected source, tokenizer, sampler"):
        plugin_names("corpuskit-books", kind="planet")


@pytest.mark.parametrize(
    ("kind", "taken"), [("reader", "jsonl"), ("executor", "local"), ("format", "llmc"), ("command", "plan")]
)
def test_names_that_corpuskit_has_itself_are_refused_for_every_kind(kind, taken):
    with pytest.raises(ConfigError, match=f"corpuskit has a {kind} '{taken}' itself; choose another name"):
        plugin_names(f"corpuskit-{taken}", kind=kind)

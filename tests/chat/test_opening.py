"""Templates by name."""

import pytest

from corpuskit.chat.opening import open_template
from corpuskit.errors import ConfigError, UnknownName


def test_a_template_is_found_by_its_name():
    assert open_template("chatml").name == "chatml"


def test_an_unknown_name_has_a_near_miss():
    with pytest.raises(UnknownName, match="unknown template 'chatlm'; did you mean 'chatml'"):
        open_template("chatlm")


def test_an_argument_that_a_template_does_not_take_is_refused():
    with pytest.raises(ConfigError, match="template chatml:x: 'chatml' takes no argument; say chatml"):
        open_template("chatml:x")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("gpt-oss", "harmony"), ("Qwen", "chatml"), ("qwen2.5", "chatml"), ("llama-3", "llama3")],
)
def test_a_name_of_a_model_leads_to_its_template(name, meant):
    with pytest.raises(UnknownName, match=f"unknown template '{name}'; did you mean '{meant}'"):
        open_template(name)

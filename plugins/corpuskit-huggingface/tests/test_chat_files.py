"""Where a model's chat template and special tokens are found."""

from __future__ import annotations

import json

import pytest

from corpuskit.errors import ConfigError, TokenizerError
from corpuskit_huggingface.chat_controls import SpecialToken
from corpuskit_huggingface.chat_files import find_chat

LISTED = [{"name": "default", "template": "of the list"}, {"name": "tool_use", "template": "for tools"}]


@pytest.fixture
def model(write, tmp_path):
    """Makes a folder of files that are text or JSON."""

    def make(**files) -> str:
        names = {name.replace("__", "/").replace("_dot_", "."): value for name, value in files.items()}
        made = {
            name: (value if isinstance(value, str) else json.dumps(value)).encode()
            for name, value in names.items()
        }
        return str(write(tmp_path / "model", made))

    return make


def test_its_own_file_wins_over_the_configuration(model) -> None:
    where = model(
        chat_template_dot_jinja="own\r\n", tokenizer_config_dot_json={"chat_template": "configured"}
    )
    assert find_chat(where).templates == {"default": "own\n"}


def test_the_configuration_has_one_or_several(model) -> None:
    assert find_chat(model(tokenizer_config_dot_json={"chat_template": "one"})).templates == {
        "default": "one"
    }
    several = find_chat(model(tokenizer_config_dot_json={"chat_template": LISTED}))
    assert several.chosen(None, has_tools=False, where="here") == "of the list"
    assert several.chosen(None, has_tools=True, where="here") == "for tools"
    assert several.chosen("default", has_tools=True, where="here") == "of the list"


def test_further_ones_are_chosen_by_name(model) -> None:
    found = find_chat(
        model(
            chat_template_dot_jinja="own",
            additional_chat_templates__rag_dot_jinja="further",
            tokenizer_config_dot_json={"chat_template": LISTED},
        )
    )
    assert found.templates == {"default": "own", "rag": "further"}
    with pytest.raises(ConfigError, match="no chat template 'other'; there are default, rag"):
        found.chosen("other", has_tools=False, where="here")


def test_without_a_usual_one_the_name_has_to_be_said(model) -> None:
    found = find_chat(model(additional_chat_templates__rag_dot_jinja="further"))
    with pytest.raises(ConfigError, match="hf:FOLDER,template=rag"):
        found.chosen(None, has_tools=False, where="here")


def test_that_of_a_processor_comes_last(model) -> None:
    assert find_chat(model(chat_template_dot_json={"chat_template": "p"})).templates == {"default": "p"}


@pytest.mark.parametrize("value", [7, [{"name": "a"}], {"a": 1}], ids=["number", "nameless", "textless"])
def test_what_is_no_template_is_an_error(model, value) -> None:
    with pytest.raises(TokenizerError, match="chat_template in tokenizer_config.json"):
        find_chat(model(tokenizer_config_dot_json={"chat_template": value}))


@pytest.mark.parametrize("content", ["{", "[]"], ids=["cut off", "a list"])
def test_a_configuration_that_is_no_json_is_an_error(model, content) -> None:
    with pytest.raises(TokenizerError, match="not JSON"):
        find_chat(model(tokenizer_config_dot_json=content))


def test_special_tokens_of_a_configuration(model) -> None:
    config = {
        "chat_template": "x",
        "bos_token": "<s>",
        "eos_token": {"content": "</s>"},
        "image_token": "<image>",
        "unk_token": "<unk>",
        "additional_special_tokens": ["<more>"],
        "added_tokens_decoder": {
            "3": {"content": "<end>", "special": True, "rstrip": True},
            "4": {"content": "<think>", "special": False},
        },
    }
    found = find_chat(model(tokenizer_config_dot_json=config))
    assert found.named == {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    assert {token.name for token in found.special} == {"<end>", "<more>", "<s>", "</s>", "<image>"}
    assert SpecialToken("<end>", takes_right=True) in found.special


def test_special_tokens_of_the_older_file(model) -> None:
    found = find_chat(
        model(chat_template_dot_jinja="x", special_tokens_map_dot_json={"eos_token": {"content": "<e>"}})
    )
    assert found.named == {"eos_token": "<e>"}

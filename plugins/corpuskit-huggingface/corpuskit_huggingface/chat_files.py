"""Where a model folder says how conversations are written: its chat template and its special tokens."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpuskit.errors import ConfigError, TokenizerError, reason_of
from corpuskit_huggingface.chat_controls import SpecialToken
from corpuskit_huggingface.definition import FILE, Definition, find_in
from corpuskit_huggingface.model_files import ModelFiles, model_files, read_model_file

#: The template of its own, which wins over those of the configuration.
_OWN = "chat_template.jinja"
#: Further templates by name, beside it or without it.
_FURTHER = "additional_chat_templates"
_CONFIG = "tokenizer_config.json"
_MAP = "special_tokens_map.json"
#: What processors of images and sound had before they had the file of its own.
_PROCESSOR = "chat_template.json"
#: The special tokens that templates know by these names.
_NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


@dataclasses.dataclass(frozen=True)
class ChatFiles:
    """What a folder or a repository says.

    Args:
        templates: The templates' texts by name; the usual one is "default".
        named: The special tokens by the names that templates know them by, such as "bos_token".
        special: All special tokens.
    """

    templates: Mapping[str, str]
    named: Mapping[str, str]
    special: Sequence[SpecialToken]

    def chosen(self, name: str | None, *, has_tools: bool, where: str) -> str:
        """The template's text for one conversation, by transformers' rule.

        Args:
            name: The one that a user asks for, if any.
            has_tools: Whether the conversation defines tools.
            where: What to call the folder in errors.

        Raises:
            ConfigError: If there is none.
        """
        if name is None:
            only_one = [*self.templates] == ["default"]
            name = "tool_use" if has_tools and not only_one and "tool_use" in self.templates else "default"
        if name not in self.templates:
            there = ", ".join(sorted(self.templates))
            raise ConfigError(
                f"{where}: there is no chat template {name!r}; there are {there}: choose one behind the "
                f"folder's name: hf:FOLDER,template={next(iter(sorted(self.templates)))}",
                expected=name,
                found=there,
            )
        return self.templates[name]


def find_chat(argument: str) -> ChatFiles:
    """What the folder or repository that a user names says.

    Raises:
        ConfigError: If it has no chat template.
        TokenizerError: If there is no such folder, or a file of it is not what it should be.
        FetchError: If the Hub does not give it.
    """
    place = model_files(argument, file=FILE)
    config = _json(place.get(_CONFIG))
    templates = _templates(place, config, argument)
    if not templates:
        raise ConfigError(
            f"{argument}: there is no chat template: no {_OWN}, and no chat_template in {_CONFIG}; take the "
            "folder of the model's instruct version, or a built-in template such as chatml",
            path=argument,
        )
    named = {key: token.name for key in _NAMED if (token := _token(config.get(key)))}
    if "added_tokens_decoder" not in config:
        legacy = _json(place.get(_MAP))
        named |= {key: token.name for key in _NAMED if (token := _token(legacy.get(key)))}
        config = {**config, **legacy}
    definition = None if place.get(FILE) is None else find_in(place, argument)
    return ChatFiles(templates, named, _special(definition, config, named))


def _templates(files: ModelFiles, config: Mapping[str, Any], where: str) -> dict[str, str]:
    """The templates by name, from the first place that has any, as transformers looks for them."""
    own = files.get(_OWN)
    found = {} if own is None else {"default": _text(own)}
    for name in files.names(_FURTHER, ".jinja"):
        file = files.get(f"{_FURTHER}/{name}")
        if file is not None:
            found[name.removesuffix(".jinja")] = _text(file)
    if found:
        return found
    value = config.get("chat_template")
    if value is None:
        value = _json(files.get(_PROCESSOR)).get("chat_template")
    if isinstance(value, list):
        try:
            value = {entry["name"]: entry["template"] for entry in value}
        except (KeyError, TypeError) as error:
            raise _no_template(where, value) from error
    templates = {"default": value} if isinstance(value, str) else value
    if templates is None:
        return {}
    if not isinstance(templates, dict) or not all(isinstance(text, str) for text in templates.values()):
        raise _no_template(where, value)
    return templates


def _no_template(where: str, value: Any) -> TokenizerError:
    return TokenizerError(
        f"{where}: chat_template in {_CONFIG}: expected a template's text, or a list of named ones, found "
        f"{value!r:.60}; mend it in a copy of the folder, and name the copy",
        path=where,
    )


def _special(
    definition: Definition | None, config: Mapping[str, Any], named: Mapping[str, str]
) -> list[SpecialToken]:
    """The special tokens: those of the tokenizer.json, then those that it does not have."""
    found: dict[str, SpecialToken] = {}
    ordinary = {named.get("unk_token", "")}
    if definition is not None:
        controls = {*definition.control_tokens}
        for token in map(_token, definition.data["added_tokens"]):
            if token is not None and token.name in controls:
                found[token.name] = token
            elif token is not None:
                ordinary.add(token.name)
    decoder = config.get("added_tokens_decoder")
    more: list[Any] = [*decoder.values()] if isinstance(decoder, dict) else []
    more = [entry for entry in more if isinstance(entry, dict) and entry.get("special")]
    for key in ("additional_special_tokens", "extra_special_tokens"):
        entries = config.get(key)
        more += entries.values() if isinstance(entries, dict) else entries or ()
    more += [value for key, value in config.items() if key.endswith("_token")]
    for token in map(_token, [*more, *named.values()]):
        if token is not None and token.name not in ordinary:
            found.setdefault(token.name, token)
    return [*found.values()]


def _token(entry: Any) -> SpecialToken | None:
    """A special token as files write it: its name, or an object with its name and its ways."""
    if isinstance(entry, str) and entry:
        return SpecialToken(entry)
    if isinstance(entry, dict) and isinstance(entry.get("content"), str) and entry["content"]:
        ways = (entry.get(way) is True for way in ("lstrip", "rstrip", "single_word"))
        return SpecialToken(entry["content"], *ways)
    return None


def _json(file: Path | None) -> dict[str, Any]:
    """A file's JSON object; an empty one where there is no file."""
    if file is None:
        return {}
    try:
        value = json.loads(read_model_file(file))
        if not isinstance(value, dict):
            raise ValueError(f"a JSON object was expected, found {type(value).__name__}")
    except (ValueError, RecursionError) as error:
        raise TokenizerError(f"{file}: not JSON: {error}; mend it or take it away", path=file) from error
    return value


def _text(file: Path) -> str:
    # As Python reads a text file: every line end is a line feed.
    try:
        return read_model_file(file).decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise TokenizerError(f"{file}: not UTF-8: {reason_of(error)}; mend it", path=file) from error


__all__ = ["ChatFiles", "find_chat"]

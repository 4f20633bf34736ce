"""What a `tokenizer.json` says, as far as it decides ids, and where it is found."""

from __future__ import annotations

import base64
import binascii
import bz2
import copy
import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpuskit.errors import TokenizerError
from corpuskit_huggingface.model_files import MAX_BYTES, ModelFiles, model_files, read_model_file

FILE = "tokenizer.json"
#: Where a model's end-of-text token stands, in the order in which it is looked for.
_CONFIGS = ("tokenizer_config.json", "special_tokens_map.json")
#: What it is called in models of which no file says it.
_USUAL_NAMES = (
    "<|endoftext|>",
    "<|end_of_text|>",
    "</s>",
    "<eos>",
    "<|eos|>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "[EOS]",
    "[SEP]",
)
#: Each may take sixty bytes in memory and two in a file. Gemma 3's definition has 2.5 million.
_MAX_VALUES = 8_000_000
#: Put in front of a special token's name in a vocabulary, so that no text has it: it is no character.
HIDDEN = "\U0010fffe"
#: Models that look whole words up, or all pieces of a word, and would find a special token's name in text.
_LOOKS_UP = ("Unigram", "WordLevel", "WordPiece")


@dataclasses.dataclass(frozen=True)
class Definition:
    """A tokenizer.json without what does not decide ids.

    Args:
        data: The parsed file: no truncation, padding, dropout or post-processor.
        eot: The end-of-text token, if there is one; it is special in `data`, whatever the file says.
        guessed: Whether the token is one of the usual names, because no file says which it is.
    """

    data: dict[str, Any]
    eot: str | None
    guessed: bool = False

    @classmethod
    def of(cls, content: bytes, eot: str | None, *, where: str, named_by: str = "") -> Definition:
        """The definition that a file's bytes are.

        Args:
            content: The file.
            eot: The end-of-text token, or None if there is none.
            where: What to call the file in errors.
            named_by: What says which token ends a text; if nothing does, one of the usual names is guessed.

        Raises:
            TokenizerError: If it is no tokenizer.json, or has no such token.
        """
        try:
            data = json.loads(content)
            tokens = [str(token["content"]) for token in data.get("added_tokens") or []]
            model = dict(data["model"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise TokenizerError(f"{where}: not a tokenizer.json: {error!r:.100}", path=where) from error
        guessed = not named_by
        if guessed:
            eot = next((name for name in _USUAL_NAMES if name in tokens), None)
        elif eot is not None and eot not in tokens:
            raise _not_added(eot, tokens, model, where=where, named_by=named_by)
        if "dropout" in model:
            model["dropout"] = None  # chance has no place in a corpus
        added = [
            {**token, "special": True} if token["content"] == eot else token
            for token in data.get("added_tokens") or []
        ]
        without = {"truncation": None, "padding": None, "post_processor": None}
        return cls({**data, **without, "model": model, "added_tokens": added}, eot, guessed)

    @property
    def canonical(self) -> str:
        """JSON with sorted keys and nothing that could be written otherwise."""
        return json.dumps(self.data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @property
    def fingerprint(self) -> str:
        """A sha256 over the canonical JSON and the end-of-text token."""
        text = f"corpuskit huggingface 1\n{json.dumps(self.eot)}\n{self.canonical}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def control_tokens(self) -> list[str]:
        """The special tokens, but for what stands for unknown text: that is found in text."""
        model = self.data["model"]
        unknown, vocab, number = model.get("unk_token"), model.get("vocab"), model.get("unk_id")
        if isinstance(vocab, list) and isinstance(number, int) and 0 <= number < len(vocab):
            unknown = vocab[number][0]  # Unigram says which by number
        special = [token["content"] for token in self.data["added_tokens"] if token.get("special")]
        return [name for name in dict.fromkeys(special) if name and name != unknown]

    @property
    def has_beginning(self) -> bool:
        """Whether a document gets a space in front, and text behind a special token does not."""
        return any(step.get("prepend_scheme") == "first" for step in self._steps())

    def without_beginning(self) -> Definition:
        """The definition for texts behind special tokens."""
        data = copy.deepcopy(self.data)
        changed = dataclasses.replace(self, data=data)
        for step in changed._steps():
            if step.get("prepend_scheme") == "first":
                step["prepend_scheme"] = "never"
        return changed

    def _steps(self) -> list[dict[str, Any]]:
        """The steps in which text is cut into words."""
        found, waiting = [], [self.data.get("pre_tokenizer")]
        while waiting:
            step = waiting.pop()
            if isinstance(step, dict):
                found.append(step)
                waiting += step.get("pretokenizers") or []
        return found

    def to_state(self) -> dict[str, Any]:
        """A JSON value for a manifest: the canonical JSON, as bzip2 in base64."""
        packed = bz2.compress(self.canonical.encode("utf-8", "surrogatepass"))
        return {"tokenizer": base64.b64encode(packed).decode("ascii"), "eot": self.eot}

    @classmethod
    def from_state(cls, state: Any, *, where: str) -> Definition:
        """The definition that `to_state` packed.

        Raises:
            TokenizerError: If it is none.
        """
        try:
            unpack = bz2.BZ2Decompressor()
            content = unpack.decompress(base64.b64decode(state["tokenizer"], validate=True), MAX_BYTES)
            if not unpack.eof:
                raise ValueError("cut off, or far too large")
            if content.count(b",") + content.count(b"[") + content.count(b"{") > _MAX_VALUES:
                raise ValueError("far too many values")
            eot = state["eot"]
            if not isinstance(eot, str | None):
                raise TypeError(f"eot {eot!r:.20}")
        except (TypeError, KeyError, ValueError, OSError, EOFError, binascii.Error) as error:
            raise TokenizerError(
                f"tokenizer {where!r}: its saved state must hold a tokenizer.json: {error!r:.80}"
            ) from error
        return cls.of(content, eot, where=f"saved state of {where!r}", named_by="it")

    def runnable(self) -> str:
        """JSON for `tokenizers` that finds no special token in text.

        `encode_special_tokens` keeps special tokens from being cut out of text, but some models then look
        their names up in the vocabulary all the same; there they get names that no text has.
        """
        model = self.data["model"]
        vocab = model.get("vocab")
        if model.get("type") not in _LOOKS_UP or not vocab:
            return self.canonical
        special = {token["content"] for token in self.data["added_tokens"] if token.get("special")}

        def hidden(name: str) -> str:
            return HIDDEN + name if name in special else name

        model = dict(model)
        if isinstance(vocab, dict):
            names = set(vocab)
            model["vocab"] = {hidden(name): number for name, number in vocab.items()}
        else:
            names = {name for name, _ in vocab}
            model["vocab"] = [[hidden(name), score] for name, score in vocab]
        if isinstance(model.get("unk_token"), str):
            model["unk_token"] = hidden(model["unk_token"])
        special &= names
        added = [{**token, "content": hidden(token["content"])} for token in self.data["added_tokens"]]
        return json.dumps({**self.data, "model": model, "added_tokens": added}, ensure_ascii=False)


def find(argument: str) -> Definition:
    """The definition that a user names: a file, a folder that has one, or a repository of the Hub.

    Raises:
        TokenizerError: If there is none.
        FetchError: If the Hub does not give it.
    """
    return find_in(model_files(argument, file=FILE), argument)


def find_in(files: ModelFiles, argument: str) -> Definition:
    """The definition among a model's files.

    Args:
        files: The files.
        argument: What the user calls them.

    Raises:
        TokenizerError: If there is none.
        FetchError: If the Hub does not give it.
    """
    file = files.get(FILE)
    if file is None:
        raise TokenizerError(
            f"{argument}: there is no {FILE}; save one with tokenizer.save() or with "
            "AutoTokenizer.from_pretrained(..., use_fast=True).save_pretrained()",
            path=argument,
        )
    eot, named_by = _named_eot(files.get)
    return Definition.of(read_model_file(file), eot, where=argument, named_by=named_by)


def _named_eot(get: Callable[[str], Path | None]) -> tuple[str | None, str]:
    """The end-of-text token that a tokenizer's other files name.

    Returns:
        The token, None if there is none; and the name of the file that says so, empty if none does.

    Raises:
        TokenizerError: If a file is not JSON, or names something that is no token.
    """
    says_none = ""
    for name in _CONFIGS:
        file = get(name)
        if file is None:
            continue
        try:
            config = json.loads(read_model_file(file))
            token = config.get("eos_token")
        except (ValueError, AttributeError, RecursionError) as error:
            raise TokenizerError(f"{file}: not JSON: {error}", path=file) from error
        content = token.get("content") if isinstance(token, dict) else token
        if isinstance(content, str):
            return content, name
        if token is not None:
            raise TokenizerError(
                f"{file}: eos_token: expected a token's name or null, found {token!r:.60}; set it to the "
                "token that ends a text",
                path=file,
            )
        if "eos_token" in config:
            says_none = says_none or name
    return None, says_none


def _not_added(
    eot: str, tokens: list[str], model: dict[str, Any], *, where: str, named_by: str
) -> TokenizerError:
    """The error about an end-of-text token that is no token of its own: another one is never taken for it."""
    vocab = model.get("vocab")
    words = vocab if isinstance(vocab, dict) else {piece[0] for piece in vocab or ()}
    how = "has only as an ordinary word, which text may hold" if eot in words else "does not have"
    there = ", ".join(map(repr, tokens[:5])) + (", ..." if len(tokens) > 5 else "") or "none"
    return TokenizerError(
        f"{where}: {named_by} names eos_token {eot!r}, which {FILE} {how}; its added tokens are "
        f"{there}; in a copy of the folder, set eos_token to one of them or to null, and use hf:FOLDER",
        path=where,
        expected=eot,
        found=tokens,
    )


__all__ = ["HIDDEN", "Definition", "find", "find_in"]

"""What `fim=` says: how many documents are filled in the middle, in which order, and by which tokens."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, AnyStr

import numpy as np

from corpuskit.arrays import Ints
from corpuskit.batches.stream import TokenStream
from corpuskit.errors import ConfigError
from corpuskit.numbers import as_whole, plain

#: The three tokens, by what they stand before.
_PARTS = ("prefix", "suffix", "middle")
#: How tokenizers spell them: StarCoder, Qwen and tiktoken, SantaCoder, Code Llama, DeepSeek.
SPELLINGS = (
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    ("<PRE>", "<SUF>", "<MID>"),
    ("▁<PRE>", "▁<SUF>", "▁<MID>"),
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),  # noqa: RUF001 - DeepSeek's own spelling
)


@dataclasses.dataclass(frozen=True, slots=True)
class FimOptions:
    """What was said of filling in the middle.

    Args:
        rate: The share of documents that are changed, 0 to 1.
        spm_rate: The share of those that are in the order suffix, prefix, middle.
        tokens: The three tokens, ids or names; none are found by their names.
    """

    rate: float
    spm_rate: float = 0.5
    tokens: tuple[int | str, ...] = ()

    @classmethod
    def of(cls, value: Any) -> FimOptions | None:
        """The options that a value of `fim=` means; of an empty mapping, as states have it, there are none.

        Raises:
            ConfigError: If it is not right.
        """
        if isinstance(value, cls):
            return value
        if value is None or value == {}:
            return None
        said = dict(value) if isinstance(value, Mapping) else {"rate": value}
        for name in said:
            if name not in ("rate", "spm_rate", *_PARTS):
                raise ConfigError(
                    f"fim has no {name!r:.80}; it has rate, spm_rate, {', '.join(_PARTS)}", found=name
                )
        if "rate" not in said:
            raise ConfigError("fim says no rate; say fim={'rate': 0.5, ...}", found=value)
        tokens = tuple(said[name] for name in _PARTS if name in said)
        if len(tokens) not in (0, len(_PARTS)):
            missing = next(name for name in _PARTS if name not in said)
            raise ConfigError(f"fim has no {missing!r}; say all three tokens, or none of them", found=value)
        return cls(_share("rate", said["rate"]), _share("spm_rate", said.get("spm_rate", 0.5)), tokens)


def _share(name: str, value: Any) -> float:
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigError(f"fim: {name} = {value!r:.80}: must be a number from 0 to 1", found=value)
    return float(value)


@dataclasses.dataclass(frozen=True, slots=True)
class Fim:
    """How documents of a stream are filled in the middle.

    Args:
        rate: The share of documents that are changed.
        spm_rate: The share of those in the order suffix, prefix, middle.
        ids: The ids before the prefix, the suffix and the middle.
        control: int64[k], ascending: control tokens, which stay at a document's beginning and end.
    """

    rate: float
    spm_rate: float
    ids: tuple[int, int, int]
    control: Ints

    @property
    def names(self) -> dict[int, str]:
        """What people see of those of the three ids that no control token of the tokenizer has."""
        parts = zip(self.ids, _PARTS, strict=True)
        return {number: f"<fim_{part}>" for number, part in parts if number not in self.control}

    def to_json(self) -> dict[str, Any]:
        """What a run's state says of it."""
        return {"rate": self.rate, "spm_rate": self.spm_rate, **dict(zip(_PARTS, self.ids, strict=True))}


def decode_named(ids: Any, decode: Callable[[Any], AnyStr], names: Mapping[int, AnyStr]) -> AnyStr:
    """What ids stand for, some of them by names that their tokenizer does not know.

    Args:
        ids: int64[n], the ids.
        decode: Gives what other ids stand for.
        names: The names, by id.
    """
    if not names:
        return decode(ids)
    values = np.asarray(ids, np.int64)
    found = decode(values[:0])
    start = 0
    for place in np.flatnonzero(np.isin(values, [*names])).tolist():
        found += decode(values[start:place]) + names[int(values[place])]
        start = place + 1
    return found + decode(values[start:])


def open_fim(stream: TokenStream, options: FimOptions) -> Fim:
    """What the options mean for a stream.

    Raises:
        ConfigError: If its tokenizer lacks a token, naming it, or an id does not fit.
    """
    known = stream.control_ids
    tokens = options.tokens or next((names for names in SPELLINGS if all(one in known for one in names)), ())
    if not tokens:
        raise _not_found(stream)
    ids = [_id_of(stream, name, token) for name, token in zip(_PARTS, tokens, strict=True)]
    if len({*ids}) < len(ids):
        raise ConfigError(f"fim: its three tokens have the ids {ids}; they must be different", found=ids)
    control = np.array(sorted(known.values()), np.int64)
    return Fim(options.rate, options.spm_rate, (ids[0], ids[1], ids[2]), control)


def _not_found(stream: TokenStream) -> ConfigError:
    """That the tokenizer has not all three tokens: of the spelling that it has most of, which it lacks."""
    known = stream.control_ids
    best = max(SPELLINGS, key=lambda names: sum(one in known for one in names))
    missing = ", ".join(one for one in best if one not in known)
    return ConfigError(
        f"fim: the tokenizer of split {stream.name!r} has no control token {missing}; say its own, or free "
        "ids of your model's vocabulary, as 'prefix', 'suffix' and 'middle' beside 'rate' in fim",
        expected=best,
        found=sorted(known),
    )


def _id_of(stream: TokenStream, name: str, token: Any) -> int:
    """The id of a token, a name or an id.

    Raises:
        ConfigError: If there is none.
    """
    if isinstance(token, str):
        if token not in stream.control_ids:
            there = ", ".join(sorted(stream.control_ids)) or "it has none; say an id"
            raise ConfigError(
                f"fim: {name} = {token!r:.80}: the tokenizer of split {stream.name!r} has no such control "
                f"token; known: {there:.200}",
                expected=sorted(stream.control_ids),
                found=token,
            )
        return stream.control_ids[token]
    most = int(np.iinfo(stream.dtype).max)
    number = None if isinstance(token, bool) else as_whole(token)
    if number is None or not 0 <= number <= most:
        raise ConfigError(
            f"fim: {name} = {token!r:.80}: must be an id up to {most:,}, or a control token's name",
            expected=most,
            found=token,
        )
    return number


__all__ = ["SPELLINGS", "Fim", "FimOptions", "decode_named", "open_fim"]

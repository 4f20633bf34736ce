"""The text that ids stand for, whatever holds them: one id, a row, a batch, an array, a tensor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from corpuskit.errors import TokenizerError
from corpuskit.numbers import as_whole

if TYPE_CHECKING:
    from corpuskit.tokenizers.base import Tokenizer

_EXPECTED = "whole numbers, or rows of them"


def decode(tokenizer: Tokenizer, ids: Any) -> Any:
    """The text of some ids; of rows of ids, a list of texts.

    Args:
        tokenizer: What made the ids.
        ids: An id, ids [N], or rows of them [B, N], as a sequence, an iterator, an array or a tensor.

    Raises:
        TokenizerError: If they are no whole numbers, or one is not in the vocabulary.
    """
    values = ids.tolist() if hasattr(ids, "tolist") else ids
    if isinstance(values, (str, bytes)):
        raise TokenizerError(f"ids must be {_EXPECTED}, found {values!r:.80}", expected=_EXPECTED, found=ids)
    values = [*values] if isinstance(values, Iterable) else [values]
    first = values[0] if values else None
    if getattr(ids, "ndim", 0) > 1 or _is_row(first):
        return [decode(tokenizer, row) for row in values]
    _check(tokenizer, values)
    return tokenizer.decode(values)


def _is_row(value: Any) -> bool:
    """Whether a value holds ids; a tensor without dimensions is one."""
    return isinstance(value, Iterable) and getattr(value, "ndim", 1) > 0


def _check(tokenizer: Tokenizer, values: list[Any]) -> None:
    for value in values:
        number = value if type(value) is int else as_whole(value)
        if number is None:
            raise TokenizerError(
                f"ids must be {_EXPECTED}, found {value!r:.80}", expected=_EXPECTED, found=value
            )
        if not 0 <= number < tokenizer.vocab_size:
            masked = "; -100 marks targets that are left out" if number == -100 else ""
            raise TokenizerError(
                f"tokenizer {tokenizer.name!r}: id {number} is not in the vocabulary, whose ids go from 0 to "
                f"{tokenizer.vocab_size - 1:,}{masked}",
                found=number,
            )


__all__ = ["decode"]

"""What each id of a vocabulary stands for, as arrays by id: bytes, script, and what cut characters need."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.errors import CorpuskitError
from corpuskit.inspect.scripts import SCRIPTS, UNKNOWN, script_of_token
from corpuskit.tokenizers.base import Tokenizer

#: U+FFFD, which stands for bytes that were no text.
_REPLACEMENT = "\ufffd".encode()
#: A token's code: the number of its script, with 64 where its context matters. The script of one that is
#: nothing but the rest of a character is that of the token before it.
IN_CONTEXT, REST = 64, 63
_UNKNOWN = SCRIPTS.index(UNKNOWN)
#: How a token may be a part of U+FFFD, which is the bytes EF BF BD.
ENDS_1, ENDS_2, IS_2ND, BEGINS_3RD, BEGINS_2ND = 1, 2, 4, 8, 16


@dataclasses.dataclass(frozen=True, slots=True)
class TokenTable:
    """Arrays by id, [V] each.

    Args:
        num_bytes: The bytes of each token; 0 for control tokens, and for ids that nothing has.
        codes: The code of each token's script, see `IN_CONTEXT`.
        first_byte: The first byte of each token.
        beginning: Which of `beginnings` a token of unknown script ends with.
        beginnings: First bytes of characters that do not say their script.
        replacement_parts: Bits that say which part of U+FFFD a token may be.
        replacements: How often U+FFFD is in a token as a whole.
        characters: int64[3, m]: ids, numbers of scripts, and how many characters of these begin in them.
    """

    num_bytes: Ints
    codes: NDArray[np.uint8]
    first_byte: NDArray[np.uint8]
    beginning: NDArray[np.uint16]
    beginnings: tuple[bytes, ...]
    replacement_parts: NDArray[np.uint8]
    replacements: Ints
    characters: Ints


def token_table(tokenizer: Tokenizer) -> TokenTable:
    """The table of a tokenizer's vocabulary."""
    size = tokenizer.vocab_size
    num_bytes, replacements = np.zeros(size, np.int64), np.zeros(size, np.int64)
    codes = np.full(size, _UNKNOWN, np.uint8)
    first_byte, parts = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    beginning = np.zeros(size, np.uint16)
    rows: dict[bytes, int] = {}
    characters: list[int] = []
    for number, token in _tokens(tokenizer):
        found = script_of_token(token)
        code = REST if found.script is None else found.script
        if found.begun:
            beginning[number] = rows.setdefault(found.begun, len(rows))
        codes[number] = code + IN_CONTEXT if found.is_rest or found.begun else code
        num_bytes[number] = len(token)
        first_byte[number] = token[0]
        for script, count in found.characters:
            characters += (number, script, count)
        if not token.isascii():
            replacements[number] = token.count(_REPLACEMENT)
            parts[number] = _parts(token)
    return TokenTable(
        num_bytes,
        codes,
        first_byte,
        beginning,
        tuple(rows),
        parts,
        replacements,
        np.array(characters, np.int64).reshape(-1, 3).T,
    )


def _tokens(tokenizer: Tokenizer) -> Iterator[tuple[int, bytes]]:
    """Each id with its bytes inside a text: at its start, some tokenizers take a space away.

    Control tokens, the end-of-text id among them, and ids that nothing has are left out.
    """
    before, controls = _some_id(tokenizer), {tokenizer.eot_id, *tokenizer.control_ids.values()}
    skipped = len(tokenizer.decode_bytes(before))
    for number in range(tokenizer.vocab_size):
        if number in controls:
            continue
        try:
            token = tokenizer.decode_bytes([*before, number])[skipped:]
        except CorpuskitError:  # an id that nothing has
            continue
        if token:
            yield number, token


def _some_id(tokenizer: Tokenizer) -> list[int]:
    """The id of a letter, which ordinary ids may stand after; none where there is no such letter."""
    for letter in ("a", "\u0435", "\u7684"):
        try:
            ids = tokenizer.encode(letter).tolist()
        except CorpuskitError:  # a vocabulary of other characters
            continue
        if tokenizer.decode(ids) == letter:
            return [int(one) for one in ids]
    return []


def _parts(token: bytes) -> int:
    one, two, three = (_REPLACEMENT[at : at + 1] for at in range(3))
    return (
        ENDS_1 * token.endswith(one)
        | ENDS_2 * token.endswith(one + two)
        | IS_2ND * (token == two)
        | BEGINS_3RD * token.startswith(three)
        | BEGINS_2ND * token.startswith(two + three)
    )


__all__ = ["IN_CONTEXT", "REST", "TokenTable", "token_table"]

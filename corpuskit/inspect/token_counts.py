"""How often each id occurs, and of which script the tokens are that say it only in their context."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.inspect import token_table
from corpuskit.inspect.scripts import SCRIPTS, UNKNOWN, script_of_beginning
from corpuskit.inspect.stats_records import ScriptShare
from corpuskit.inspect.token_table import IN_CONTEXT, REST, TokenTable

_UNKNOWN, _NOT_ASKED = SCRIPTS.index(UNKNOWN), 255


class TokenCounts:
    """Counts the ids of streams, block by block.

    Args:
        vocab_size: V; every id is smaller.

    Attributes:
        counts: int64[V], how often each id occurs.
    """

    def __init__(self, vocab_size: int) -> None:
        self.counts = np.zeros(vocab_size, np.int64)

    def add(self, ids: Ints) -> None:
        """The next block of a stream, int64[n], n > 0; each id is below V."""
        self._counted(ids)

    def _counted(self, ids: Ints) -> Ints:
        counts = np.bincount(ids)
        self.counts[: len(counts)] += counts
        return counts

    def end(self) -> None:
        """The stream has ended; what follows is another one."""


class TextCounts(TokenCounts):
    """The same where it is known what ids stand for.

    Most tokens say their script by themselves, so it is enough to count them. The others are found in each
    block: those that begin with the rest of a character, and those that end with too little of one.

    Args:
        table: What the ids stand for.
    """

    def __init__(self, table: TokenTable) -> None:
        super().__init__(len(table.codes))
        self._table = table
        self._tokens, self._bytes, self._begun = (np.zeros(len(SCRIPTS), np.int64) for _ in range(3))
        self._cut_replacements = 0
        #: From a beginning's number and the byte after it to a script's number, where it was asked for.
        self._continued = np.full((len(table.beginnings), 256), _NOT_ASKED, np.uint8)
        self._in_context = np.flatnonzero(table.codes >= IN_CONTEXT)
        self._codes = np.empty(0, np.uint8)
        self._open: Ints = np.empty(0, np.int64)
        self._before = np.zeros(2, np.int64)
        self._last_script = _UNKNOWN

    def add(self, ids: Ints) -> None:
        """The next block of a stream, int64[n], n > 0; each id is below V."""
        counts = self._counted(ids)
        if len(self._open):
            self._last_script = int(self._told(self._open, self._table.first_byte[ids[:1]])[0])
            self._open = self._open[:0]
        if counts[self._in_context[: np.searchsorted(self._in_context, len(counts))]].any():
            self._last_script = self._add_in_context(ids)
        else:
            self._last_script = int(self._table.codes[ids[-1]])
        self._before = np.concatenate((self._before, ids[-2:]))[-2:]

    def end(self) -> None:
        """The stream has ended; what follows is another one."""
        if len(self._open):
            self._told(self._open, np.zeros(1, np.uint8))
            self._open = self._open[:0]
        self._last_script = _UNKNOWN
        self._before = np.zeros(2, np.int64)

    def _told(self, ids: Ints, next_bytes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Count tokens that end with too little of a character; the next bytes say their scripts."""
        rows = self._table.beginning[ids]
        scripts = self._continued[rows, next_bytes]
        if (scripts == _NOT_ASKED).any():
            for row, byte in {*zip(rows.tolist(), next_bytes.tolist(), strict=True)}:
                self._continued[row, byte] = self._script_of(row, byte)
            scripts = self._continued[rows, next_bytes]
        self._count(ids, scripts)
        self._begun += np.bincount(scripts, minlength=len(SCRIPTS))
        return scripts

    def _script_of(self, row: int, byte: int) -> int:
        is_rest = 0x80 <= byte < 0xC0
        return script_of_beginning(self._table.beginnings[row] + bytes([byte])) if is_rest else _UNKNOWN

    def _count(self, ids: Ints, scripts: NDArray[np.uint8]) -> None:
        self._tokens += np.bincount(scripts, minlength=len(SCRIPTS))
        sizes = self._table.num_bytes[ids]
        self._bytes += np.bincount(scripts, sizes, minlength=len(SCRIPTS)).astype(np.int64)

    def _add_in_context(self, ids: Ints) -> int:
        """Count tokens whose script depends on their neighbours; the script of the last token of all."""
        if len(self._codes) < len(ids):
            self._codes = np.empty(len(ids), np.uint8)
        codes = np.take(self._table.codes, ids, out=self._codes[: len(ids)], mode="clip")
        places = np.flatnonzero(codes >= IN_CONTEXT)
        self._find_replacements(ids, places)
        codes[places] -= IN_CONTEXT
        is_begun = codes[places] == _UNKNOWN
        others = places[~is_begun]
        begun = places[is_begun]
        if len(begun) and begun[-1] == len(ids) - 1:  # the next block says it
            self._open, begun = ids[-1:].copy(), begun[:-1]
        if len(begun):
            codes[begun] = self._told(ids[begun], self._table.first_byte[ids[begun + 1]])
        rest = others[codes[others] == REST]
        if len(rest):
            is_first = np.ones(len(rest), np.bool_)
            is_first[1:] = np.diff(rest) > 1
            owners = rest[is_first] - 1
            scripts = codes[owners]
            if owners[0] < 0:
                scripts[0] = self._last_script
            codes[rest] = scripts[np.cumsum(is_first) - 1]
        self._count(ids[others], codes[others])
        return int(codes[-1])

    def _find_replacements(self, ids: Ints, places: Ints) -> None:
        """Count U+FFFD where its bytes are in two or three tokens."""
        parts = self._table.replacement_parts
        ending = token_table.BEGINS_3RD | token_table.BEGINS_2ND
        places = places[parts[ids[places]] & ending > 0]
        if not len(places):
            return
        first, second, here = (parts[self._near(ids, places - back)] for back in (2, 1, 0))
        found = (here & token_table.BEGINS_2ND > 0) & (second & token_table.ENDS_1 > 0)
        third = here & token_table.BEGINS_3RD > 0
        found |= third & (second & token_table.ENDS_2 > 0)
        found |= third & (second & token_table.IS_2ND > 0) & (first & token_table.ENDS_1 > 0)
        self._cut_replacements += int(np.count_nonzero(found))

    def _near(self, ids: Ints, places: Ints) -> Ints:
        """The ids at some places of a block, of which -1 and -2 are the last ones before it."""
        is_before = places < 0
        found: Ints = ids[np.where(is_before, 0, places)]
        if is_before.any():
            found[is_before] = self._before[places[is_before]]
        return found

    @property
    def replacements(self) -> int:
        """How often U+FFFD occurs, inside a token or in several."""
        return int(self._table.replacements @ self.counts) + self._cut_replacements

    @property
    def num_bytes(self) -> int:
        """The bytes of all tokens, those of end-of-text ids left out."""
        return int(self._table.num_bytes @ self.counts)

    def scripts(self, eot_id: int | None) -> tuple[ScriptShare, ...]:
        """What is of each script, the largest first.

        Args:
            eot_id: The id that is of no script.
        """
        counts = self.counts.copy()
        if eot_id is not None:
            counts[eot_id] = 0
        ids, numbers, each = self._table.characters
        characters = np.zeros(len(SCRIPTS), np.int64)
        np.add.at(characters, numbers, each * counts[ids])
        characters += self._begun
        characters[_UNKNOWN] -= self._begun.sum()
        counts[self._table.codes >= IN_CONTEXT] = 0
        tokens, sizes = self._tokens.copy(), self._bytes.copy()
        scripts = np.minimum(self._table.codes, _UNKNOWN)
        np.add.at(tokens, scripts, counts)
        np.add.at(sizes, scripts, counts * self._table.num_bytes)
        shares = [
            ScriptShare(name, int(tokens[at]), int(sizes[at]), int(characters[at]))
            for at, name in enumerate(SCRIPTS)
            if tokens[at] or characters[at]
        ]
        return tuple(sorted(shares, key=lambda share: (-share.num_tokens, share.script)))


__all__ = ["TextCounts", "TokenCounts"]

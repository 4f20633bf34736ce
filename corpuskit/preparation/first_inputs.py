"""Fetching no more inputs than a corpus needs that ends after so many tokens."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Sequence

from corpuskit.errors import FetchError
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.resolved_config import ResolvedConfig
from corpuskit.sources.base import Input, Source
from corpuskit.tokenizers.opening import open_tokenizer

log = logging.getLogger(__name__)

#: So much more than what was seen says is fetched, so that it is seldom done again.
_MARGIN = 1.05


class FirstInputs:
    """The first inputs of a source, as many as are needed.

    The corpus is the one that all inputs make: where its parts begin follows from the sizes of all, and its
    manifest names all. So the part that it ends in must be whole, which may take one file more.

    Args:
        source: The source.
        max_tokens: The tokens that are asked for.
        found: What `Source.first_inputs` gave.

    Attributes:
        inputs: All inputs, in order.
        num_available: How many at the front are on this machine.
    """

    def __init__(self, source: Source, max_tokens: int, found: tuple[Sequence[Input], int]) -> None:
        self._source = source
        self._max_tokens = max_tokens
        self.inputs, self.num_available = found

    @classmethod
    def of(cls, resolved: ResolvedConfig) -> FirstInputs | None:
        """Those of a configuration; None where all are needed, or the source cannot say what they are."""
        config, source = resolved.config, resolved.source
        split = source.default_split if config.split is None else config.split
        if config.max_tokens is None or split.startswith("characters"):
            return None
        if open_tokenizer(config.encoding).needs_fitting:
            return None
        found = source.first_inputs(1)
        return None if found is None else cls(source, config.max_tokens, found)

    @property
    def available(self) -> Sequence[Input]:
        """The inputs that are on this machine."""
        return self.inputs[: self.num_available]

    def grow(self, records: Iterable[PartRecord], *, part_bytes: int) -> bool:
        """Have more inputs; returns whether there are any.

        Args:
            records: All parts of those that are there.
            part_bytes: About how large a part is.
        """
        if self.num_available == len(self.inputs):
            return False
        num_tokens = sum(record.num_tokens for record in records)
        sizes = [item.size_bytes for item in self.inputs]
        done_bytes = sum(sizes[: self.num_available])
        wanted_bytes = _MARGIN * done_bytes * max(self._max_tokens / max(num_tokens, 1), 1)
        least = self.num_available + 1
        count = max(least, count_through(sizes, round(wanted_bytes) + part_bytes))
        try:
            found = self._source.first_inputs(count)
        except FetchError:
            if count == least:
                raise
            found = self._source.first_inputs(least)  # which may be all that a mirror has, and enough
        assert found is not None
        self.inputs, self.num_available = found
        log.info(
            "%s: %d of %d files are needed so far", self._source.name, self.num_available, len(self.inputs)
        )
        return True


def count_through(sizes: Sequence[int], size_bytes: int) -> int:
    """How many of the first inputs have so many bytes together, at most all.

    Args:
        sizes: The inputs' sizes, in order.
        size_bytes: How many bytes.
    """
    ends = itertools.accumulate(sizes)
    return min(1 + sum(1 for end in ends if end < size_bytes), len(sizes))


__all__ = ["FirstInputs", "count_through"]

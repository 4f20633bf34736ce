"""Adding up what workers say into one `Progress`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from corpuskit.on_progress import OnProgress, Progress
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.plan import Plan


class ProgressSum:
    """Adds up what the workers say into one `Progress`.

    Args:
        plan: The plan.
        kept: The records of parts that earlier runs have finished.
        on_progress: Called with every change.
    """

    def __init__(self, plan: Plan, kept: Collection[PartRecord], on_progress: OnProgress) -> None:
        self._plan = plan
        self._on_progress = on_progress
        self._max_tokens = plan.recipe.options.max_tokens
        self._going: dict[int, int] = {}  # bytes of text done, by unfinished part
        self._finished_bytes = sum(plan.parts[record.number].size_bytes for record in kept)
        self._progress = Progress(
            "encode",
            plan.recipe.dataset,
            num_tokens=sum(record.num_tokens for record in kept),
            num_documents=sum(record.num_documents for record in kept),
            num_parts=len(plan.parts),
            parts_done=len(kept),
            parts_kept=len(kept),
            kept_bytes=min(self._finished_bytes, plan.size_bytes),
            left_out=sum(sum(record.left_out.values()) for record in kept),
        )
        self._tell()

    def enough(self) -> None:
        """There are as many tokens as were asked for: what is not done need not be."""
        self._tell(total_bytes=self._progress.done_bytes)

    def work(self, number: int, size_bytes: int, tokens: int, documents: int) -> None:
        """A part has gone on by so much."""
        self._going[number] = self._going.get(number, 0) + size_bytes
        self._tell(
            num_tokens=self._progress.num_tokens + tokens,
            num_documents=self._progress.num_documents + documents,
        )

    def part(self, record: PartRecord) -> None:
        """A part is finished."""
        self._going.pop(record.number, None)
        self._finished_bytes += self._plan.parts[record.number].size_bytes
        self._tell(
            parts_done=self._progress.parts_done + 1,
            left_out=self._progress.left_out + sum(record.left_out.values()),
        )

    def _tell(self, *, total_bytes: int | None = None, **changes: Any) -> None:
        # What is read and what is text differ (JSON, compression): a finished part counts as it was planned.
        done = min(self._finished_bytes + sum(self._going.values()), self._plan.size_bytes)
        self._progress = dataclasses.replace(self._progress, done_bytes=done, **changes)
        total = self._total() if total_bytes is None else total_bytes
        self._progress = dataclasses.replace(self._progress, total_bytes=total)
        self._on_progress(self._progress)

    def _total(self) -> int:
        """How much there is to do: all, or about as much as the tokens that are asked for take."""
        done, tokens = self._progress.done_bytes, self._progress.num_tokens
        if self._max_tokens is None or not tokens:
            return self._plan.size_bytes
        return min(max(done * self._max_tokens // tokens, done), self._plan.size_bytes)

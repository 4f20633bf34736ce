"""Adding up what workers say into one `Progress`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from corpuskit.prepare.job import PartRecord
from corpuskit.prepare.plan import Plan
from corpuskit.prepare.progress import OnProgress, Progress


class Watch:
    """Adds up what the workers say into one `Progress`.

    Args:
        label: What the run is busy with.
        plan: The plan.
        kept: The records of parts that earlier runs have finished.
        on_progress: Called with every change.
    """

    def __init__(self, label: str, plan: Plan, kept: Iterable[PartRecord], on_progress: OnProgress) -> None:
        self._plan = plan
        self._on_progress = on_progress
        self._going: dict[int, int] = {}  # bytes of text done, by unfinished part
        self._finished_bytes = 0
        self._progress = Progress("encode", label, total_bytes=plan.size_bytes, num_parts=len(plan.parts))
        for record in kept:
            self.work(record.number, 0, record.num_tokens, record.num_documents)
            self.part(record)
        self._tell(parts_kept=self._progress.parts_done)

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

    def _tell(self, **changes: Any) -> None:
        # What is read and what is text differ (JSON, compression): a finished part counts as it was planned.
        done = self._finished_bytes + sum(self._going.values())
        changes["done_bytes"] = min(done, self._plan.size_bytes)
        self._progress = dataclasses.replace(self._progress, **changes)
        self._on_progress(self._progress)

"""Adding up what workers say."""

from __future__ import annotations

from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.plan import Part, Piece, Plan
from corpuskit.preparation.progress_sum import Watch
from corpuskit.sources.base import Slice

SIZE = 1000


def plan_of(num_parts):
    parts = tuple(Part(number, (Piece(0, Slice(size_bytes=SIZE), "train"),)) for number in range(num_parts))
    return Plan((), parts, {})


def record(number, tokens=100):
    return PartRecord(
        number=number, fingerprint="", shards={}, left_out={}, places=(), state="", text_bytes=SIZE,
        num_documents=1, num_open_tokens=0, separated=False,
    )  # fmt: skip


def test_what_was_there_already_is_told_at_once_and_apart():
    told = []
    watch = Watch("x", plan_of(8), [record(0), record(3)], told.append)
    assert len(told) == 1
    assert (told[0].parts_done, told[0].parts_kept, told[0].num_parts) == (2, 2, 8)
    assert told[0].done_bytes == told[0].kept_bytes == 2 * SIZE
    watch.work(1, 500, 50, 1)
    assert (told[-1].done_bytes, told[-1].kept_bytes, told[-1].parts_kept) == (2500, 2 * SIZE, 2)
    watch.part(record(1))
    assert (told[-1].done_bytes, told[-1].kept_bytes, told[-1].parts_done) == (3 * SIZE, 2 * SIZE, 3)


def test_of_some_tokens_the_total_is_about_what_they_take():
    told = []
    watch = Watch("x", plan_of(8), [], told.append, max_tokens=200)
    assert told[-1].total_bytes == 8 * SIZE
    watch.work(0, 500, 50, 1)
    assert told[-1].total_bytes == 2000
    watch.work(1, 900, 300, 1)
    assert told[-1].total_bytes == told[-1].done_bytes == 1400
    watch.enough()
    assert told[-1].total_bytes == told[-1].done_bytes

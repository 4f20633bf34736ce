"""Adding up what workers say."""

from __future__ import annotations

from corpuskit.corpus.manifest import TokenizerRecord
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.plan import Part, Piece, Plan
from corpuskit.preparation.progress_sum import ProgressSum
from corpuskit.preparation.recipe import Recipe, RecipeOptions
from corpuskit.sources.base import Slice

SIZE = 1000


def a_recipe(max_tokens):
    tokenizer = TokenizerRecord(name="bytes", vocab_size=257, eot_id=256, fingerprint="f" * 64)
    options = RecipeOptions("none", True, None, {}, max_tokens, part_bytes=SIZE, shard_bytes=2**30)
    return Recipe("x", tokenizer, "<u2", options)


def plan_of(num_parts, *, max_tokens=None):
    parts = tuple(Part(number, (Piece(0, Slice(size_bytes=SIZE), "train"),)) for number in range(num_parts))
    return Plan((), parts, a_recipe(max_tokens))


def record(number, tokens=100):
    return PartRecord(
        number=number, fingerprint="", shards={}, left_out={}, places=(), state="", text_bytes=SIZE,
        num_documents=1, num_open_tokens=0, open_text_bytes={}, separated=False,
    )  # fmt: skip


def test_what_was_there_already_is_told_at_once_and_apart():
    told = []
    progress = ProgressSum(plan_of(8), [record(0), record(3)], told.append)
    assert len(told) == 1
    assert (told[0].parts_done, told[0].parts_kept, told[0].num_parts) == (2, 2, 8)
    assert told[0].done_bytes == told[0].kept_bytes == 2 * SIZE
    progress.work(1, 500, 50, 1)
    assert (told[-1].done_bytes, told[-1].kept_bytes, told[-1].parts_kept) == (2500, 2 * SIZE, 2)
    progress.part(record(1))
    assert (told[-1].done_bytes, told[-1].kept_bytes, told[-1].parts_done) == (3 * SIZE, 2 * SIZE, 3)


def test_of_some_tokens_the_total_is_about_what_they_take():
    told = []
    progress = ProgressSum(plan_of(8, max_tokens=200), [], told.append)
    assert told[-1].total_bytes == 8 * SIZE
    progress.work(0, 500, 50, 1)
    assert told[-1].total_bytes == 2000
    progress.work(1, 900, 300, 1)
    assert told[-1].total_bytes == told[-1].done_bytes == 1400
    progress.enough()
    assert told[-1].total_bytes == told[-1].done_bytes

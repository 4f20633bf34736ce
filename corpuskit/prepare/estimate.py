"""What a preparation will make and take, judged from a sample of its documents."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence

import numpy as np

from corpuskit.corpus.manifest import INDEX_COLUMNS
from corpuskit.prepare.plan import Piece, Plan
from corpuskit.sources.base import Source
from corpuskit.tokenizers.base import Tokenizer

#: How many places of a corpus are looked at, and how much text there.
_PLACES, _PLACE_BYTES = 16, 256 * 2**10
#: A worker holds a batch of documents, its ids, the vocabulary and the interpreter; measured with o200k_base.
_WORKER_BYTES = 300 * 2**20
INDEX_ROW_BYTES = 8 * INDEX_COLUMNS


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A judgement from a sample; every figure but the first four is about so much.

    Args:
        num_inputs: Input files.
        input_bytes: Their size.
        num_parts: Parts of the plan.
        sample_bytes: Bytes of text that were looked at; all there is if `exact`.
        exact: Whether the sample is the whole corpus.
        text_bytes: Bytes of text in all.
        num_documents: Documents in all.
        num_tokens: Tokens in all, end-of-text ids included.
        output_bytes: Size of the corpus on disk.
        memory_bytes: Peak memory of all workers together.
        elapsed_s: Seconds with as many workers as were asked for.
        workers: How many that is.
    """

    num_inputs: int
    input_bytes: int
    num_parts: int
    sample_bytes: int
    exact: bool
    text_bytes: int
    num_documents: int
    num_tokens: int
    output_bytes: int
    memory_bytes: int
    elapsed_s: float
    workers: int


def estimate(
    source: Source,
    plan: Plan,
    tokenizer: Tokenizer,
    *,
    item_bytes: int,
    eot: bool = True,
    workers: int = 1,
    max_tokens: int | None = None,
) -> Estimate:
    """Read and encode a few places of a corpus, evenly spread, and scale up.

    Args:
        source: The source.
        plan: The plan.
        tokenizer: The tokenizer.
        item_bytes: Bytes of an id on disk.
        eot: Whether each document ends with an id of its own.
        workers: How many processes will work.
        max_tokens: Where the work stops, if it stops early.
    """
    pieces = [piece for part in plan.parts for piece in part.pieces]
    chosen = sorted({int(place) for place in np.linspace(0, len(pieces) - 1, _PLACES)}) if pieces else []
    tokenizer.load()  # which is no part of the work
    samples = [_sample(source, plan, pieces[number], tokenizer) for number in chosen]
    seen_bytes = sum(sample.input_bytes for sample in samples)
    exact = len(chosen) == len(pieces) and all(sample.whole for sample in samples)
    scale = 1.0 if exact else plan.size_bytes / max(seen_bytes, 1)
    sample_tokens = sum(sample.num_tokens + eot * sample.num_documents for sample in samples)
    if max_tokens is not None and scale * sample_tokens > max_tokens:
        scale, exact = max_tokens / sample_tokens, False
    sample_bytes = sum(sample.text_bytes for sample in samples)
    num_documents = round(scale * sum(sample.num_documents for sample in samples))
    num_tokens = round(scale * sample_tokens)
    # Engines remember words: what they do after a while is what they do for most of a corpus.
    warm = samples[len(samples) // 2 :]
    seconds_per_byte = sum(s.elapsed_s for s in warm) / max(sum(s.text_bytes for s in warm), 1)
    work_s = scale * sample_bytes * seconds_per_byte
    return Estimate(
        num_inputs=len(plan.inputs),
        input_bytes=sum(item.size_bytes for item in plan.inputs),
        num_parts=len(plan.parts),
        sample_bytes=sample_bytes,
        exact=exact,
        text_bytes=round(scale * sample_bytes),
        num_documents=num_documents,
        num_tokens=num_tokens,
        output_bytes=num_tokens * item_bytes + num_documents * INDEX_ROW_BYTES,
        memory_bytes=_WORKER_BYTES * min(workers, max(len(plan.parts), 1)),
        elapsed_s=work_s / min(workers, max(len(plan.parts), 1)),
        workers=workers,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Sample:
    """What was found at one place; `input_bytes` is how much of the input it stands for."""

    input_bytes: float
    text_bytes: int
    num_documents: int
    num_tokens: int
    elapsed_s: float
    whole: bool


def _sample(source: Source, plan: Plan, piece: Piece, tokenizer: Tokenizer) -> _Sample:
    item = plan.inputs[piece.input]
    started = time.perf_counter()
    text_bytes = num_documents = num_tokens = 0
    last_start, last_bytes, whole = piece.slice.start, 0, True
    batches = source.read(item, piece.slice, lambda kind, start, reason: None)
    for batch in batches:
        texts = _first(batch.texts, _PLACE_BYTES - text_bytes)
        num_tokens += len(tokenizer.encode_batch(texts).ids)
        text_bytes += sum(map(len, texts))
        num_documents += len(texts)
        last_start, last_bytes = batch.starts[len(texts) - 1], len(texts[-1])
        if text_bytes >= _PLACE_BYTES:
            whole = len(texts) == len(batch.texts) and next(batches, None) is None
            break
    elapsed_s = time.perf_counter() - started
    if whole:
        return _Sample(piece.slice.size_bytes, text_bytes, num_documents, num_tokens, elapsed_s, whole)
    covered = _covered(source, plan, piece, last_start, text_bytes, text_bytes - last_bytes, num_documents)
    return _Sample(covered * piece.slice.size_bytes, text_bytes, num_documents, num_tokens, elapsed_s, whole)


def _covered(
    source: Source,
    plan: Plan,
    piece: Piece,
    last_start: int,
    text_bytes: int,
    bytes_before_last: int,
    num_documents: int,
) -> float:
    """Which fraction of a slice a sample from its beginning is."""
    item, part = plan.inputs[piece.input], piece.slice
    length = part.stop - part.start if part.stop is not None else part.size_bytes * source.expansion(item)
    distance = last_start - part.start  # to where the last document starts, in bytes or rows
    if num_documents == 1 or not distance:
        read: float = text_bytes
    elif distance < bytes_before_last // 2:  # rows: the last document is one more
        read = distance * num_documents / (num_documents - 1)
    else:  # bytes: it is as long in the file as those before it were, for the text they had
        read = distance * text_bytes / max(bytes_before_last, 1)
    return min(max(read / max(length, 1), 1e-9), 1.0)


def _first(texts: Sequence[bytes], limit: int) -> list[bytes]:
    """As many texts as have about so many bytes; at least one, of which no more than so many bytes."""
    chosen: list[bytes] = []
    for text in texts:
        if chosen and limit <= 0:
            break
        chosen.append(text if len(text) <= 4 * _PLACE_BYTES else _shortened(text))
        limit -= len(text)
    return chosen


def _shortened(text: bytes) -> bytes:
    return text[: 4 * _PLACE_BYTES].decode("utf-8", "ignore").encode()


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""Making one part: read documents, encode them, write their ids and where they end.

A part is a pure function of its inputs' bytes and the job's options. It runs alone, in bounded memory, in
any process; done twice it leaves the same files.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import SourceError, TokenizerError
from corpuskit.machine import give_back
from corpuskit.preparation.input_digests import changed_while_used, states_now
from corpuskit.preparation.parts.job import MAX_PLACES, Job, OnWork
from corpuskit.preparation.parts.record import PartRecord, PartShard, shard_name, state_of_inputs
from corpuskit.preparation.plan import Part, Piece
from corpuskit.preparation.split_rule import parse_rule
from corpuskit.registry.blame import blame
from corpuskit.sources.base import DocumentBatch, Source, SourceOptions
from corpuskit.sources.lookup import open_source
from corpuskit.storage import FileWriter
from corpuskit.tokenizers.base import Tokenizer, check_encoded
from corpuskit.tokenizers.opening import open_tokenizer

#: A document that goes on for longer and cannot be cut is refused: it would have to fit in memory.
_MAX_DOCUMENT_BYTES = 256 * 2**20

#: Workers whose source and tokenizer are open already, by their job's folder.
_ready: dict[str, Worker] = {}


class Worker:
    """Makes the parts of one job, one after the other; the source and the tokenizer are opened once.

    Args:
        job: What to do.
        source: The open source, where the process has it already.
        tokenizer: The open tokenizer, where the process has it already.

    Raises:
        TokenizerError: If the tokenizer of this machine is not the one that the job was planned with.
    """

    def __init__(self, job: Job, source: Source | None = None, tokenizer: Tokenizer | None = None) -> None:
        self._job = job
        self._source = source or open_source(job.dataset, SourceOptions(**job.reader_options))
        self._tokenizer = tokenizer or _open(job)
        self._rule = parse_rule(job.split_rule, given=True)

    @classmethod
    def shared(cls, job: Job) -> Worker:
        """The worker that `ready` keeps for a job, in this process or one forked from it, else a new one."""
        return _ready.get(job.folder) or cls(job)

    def load(self) -> None:
        """Load all of the tokenizer, which processes that are forked from this one then have too."""
        self._tokenizer.load()
        give_back()  # a vocabulary's parts on the way were larger than it

    @contextlib.contextmanager
    def ready(self) -> Iterator[None]:
        """Keep this worker for whoever asks for the job's `shared` one."""
        _ready[self._job.folder] = self
        try:
            yield
        finally:
            del _ready[self._job.folder]

    def run(self, number: int, on_work: OnWork | None = None) -> PartRecord:
        """Make one part and save its record.

        Args:
            number: The part's.
            on_work: Called after each batch with (part, bytes of text, tokens, documents) since the last.
        """
        job, folder = self._job, Path(self._job.folder)
        part = job.parts[number]
        left_out: Counter[str] = Counter()
        places: list[tuple[str, int, int, str]] = []
        text_bytes = num_documents = 0
        separated = False
        states = self._states(part)
        with _PartWriter(folder, job, number) as writer:
            for piece in part.pieces:

                def note(kind: str, start: int, reason: str, item: int = piece.input) -> None:
                    left_out[kind] += 1
                    if left_out[kind] <= MAX_PLACES:
                        places.append((kind, item, start, reason))

                item = job.inputs[piece.input]
                batches = self._source.read(item, piece.slice, note)
                cut = self._rule.kind != "documents"
                for batch in joined(batches, self._tokenizer, cut=cut, name=item.name):
                    separated = separated or batch.separated
                    tokens, documents = self._write(writer, piece, batch)
                    size = sum(map(len, batch.texts))
                    text_bytes += size
                    num_documents += documents
                    if on_work is not None:
                        on_work(number, size, tokens, documents)
            shards = writer.finish()
        for changed, state in self._states(part).items():
            if state != states[changed]:
                raise changed_while_used(job.inputs[changed])
        record = PartRecord(
            number=number,
            fingerprint=job.fingerprint,
            shards=shards,
            left_out=dict(left_out),
            places=tuple(places),
            state=state_of_inputs(states),
            text_bytes=text_bytes,
            num_documents=num_documents,
            num_open_tokens=sum(writer.open_tokens.values()),
            separated=separated,
        )
        record.save(folder)
        return record

    def _states(self, part: Part) -> dict[int, str]:
        """What the inputs of a part are now, by their numbers."""
        return states_now(self._source, self._job.inputs, part)

    def _write(self, writer: _PartWriter, piece: Piece, batch: DocumentBatch) -> tuple[int, int]:
        """Encode a batch and hand it to the splits; returns its (tokens, documents that ended)."""
        by_split = {piece.split: batch} if piece.split is not None else self._by_split(batch)
        tokens = documents = 0
        for split, mine in by_split.items():
            try:
                with blame(
                    f"tokenizer {self._tokenizer.name!r}",
                    self._tokenizer.owner,
                    partial(self._failing, piece, mine),
                ):
                    ids, ends = _encode(self._tokenizer, mine, eot_id=self._job.eot_id, dtype=self._job.dtype)
            except TokenizerError as error:
                raise self._placed(error, piece, mine) from error
            index = np.empty((len(ends), 3), "<u8")
            index[:, 0] = ends
            index[:, 1] = piece.input
            index[:, 2] = mine.starts[: len(ends)]
            writer.add(split, ids, index)
            tokens += len(ids)
            documents += len(ends)
        return tokens, documents

    def _by_split(self, batch: DocumentBatch) -> dict[str, DocumentBatch]:
        by_split: dict[str, DocumentBatch] = {}
        for text, start in zip(batch.texts, batch.starts, strict=True):
            mine = by_split.setdefault(self._rule.split_of(text), DocumentBatch([], []))
            mine.texts.append(text)
            mine.starts.append(start)
        return by_split

    def _failing(self, piece: Piece, batch: DocumentBatch) -> str:
        """The document of a batch that a tokenizer cannot encode: the first that it cannot encode alone."""
        name = self._job.inputs[piece.input].name
        for text, start in zip(batch.texts, batch.starts, strict=True):
            try:
                self._tokenizer.encode_batch([text])
            except Exception:
                return f"{name}, document at {start:,}"
        return f"{name}, documents from {batch.starts[0]:,} on"

    def _placed(self, error: TokenizerError, piece: Piece, batch: DocumentBatch) -> TokenizerError:
        """The same error, saying which document it was."""
        number = getattr(error, "index", None)
        name = self._job.inputs[piece.input].name
        if isinstance(number, int):
            where = f"{name}, document at {batch.starts[number]:,}"
        else:
            where = self._failing(piece, batch)
        return TokenizerError(f"{where}: {error}", path=name)


class _PartWriter:
    """The files of one part: each split's ids and index, in shards of bounded size.

    Every document has its row in an index, those that a tokenizer gives no ids too: their end repeats the
    end before it. The row is in the file where that end is, which is 0 before a part's first id.
    """

    def __init__(self, folder: Path, job: Job, number: int) -> None:
        self._folder = folder
        self._number = number
        self._shard_tokens = max(job.shard_bytes // np.dtype(job.dtype).itemsize, 1)
        self._open: dict[str, _ShardWriter] = {}
        self._finished: dict[str, list[PartShard]] = {}
        self.open_tokens: dict[str, int] = {}  # of each split, after its last document's end

    def add(self, split: str, ids: NDArray[Any], index: NDArray[np.uint64]) -> None:
        """Append documents to a split.

        Args:
            split: The split's name.
            ids: N ids in the corpus's dtype.
            index: uint64[D, 3]: each document's end within `ids`, its input, its start there; changed.
        """
        last_end = int(index[-1, 0]) if len(index) else -self.open_tokens.get(split, 0)
        self.open_tokens[split] = len(ids) - last_end
        if not len(ids) and not len(index):
            return
        done = row = 0
        while True:
            shard = self._shard(split)
            take = min(len(ids) - done, self._shard_tokens - shard.num_tokens)
            stop = row + int(np.searchsorted(index[row:, 0], np.uint64(done + take), side="right"))
            ending = index[row:stop]  # a view: what is written is changed on the way, what is left is not
            ending[:, 0] -= np.uint64(done)
            shard.add(ids[done : done + take], ending)
            done, row = done + take, stop
            if done == len(ids):
                return
            self._finished[split].append(self._open.pop(split).finish())

    def _shard(self, split: str) -> _ShardWriter:
        """The file that a split goes on in. A full one stays open: documents without ids may follow."""
        shard = self._open.get(split)
        if shard is None:
            finished = self._finished.setdefault(split, [])
            name = shard_name(self._number, split, len(finished))
            shard = self._open[split] = _ShardWriter(self._folder, name)
        return shard

    def finish(self) -> dict[str, tuple[PartShard, ...]]:
        """Commit every file that is still open and return all of them."""
        for split in list(self._open):
            self._finished[split].append(self._open.pop(split).finish())
        return {split: tuple(shards) for split, shards in sorted(self._finished.items())}

    def __enter__(self) -> _PartWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for shard in self._open.values():
            shard.abort()


class _ShardWriter:
    """One file of ids and the index beside it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.num_tokens = 0
        self._num_documents = 0
        with contextlib.ExitStack() as stack:
            self._ids = FileWriter(folder / f"{name}.bin", streaming=True)
            stack.callback(self._ids.abort)
            self._index = FileWriter(folder / f"{name}.idx")
            stack.pop_all()

    def add(self, ids: NDArray[Any], index: NDArray[np.uint64]) -> None:
        """Append ids, and the documents that end among them; `index` is changed in place."""
        index[:, 0] += np.uint64(self.num_tokens)
        self._ids.write(ids.view(np.uint8).data)
        self._index.write(index.view(np.uint8).data)
        self.num_tokens += len(ids)
        self._num_documents += len(index)

    def finish(self) -> PartShard:
        """Commit both files; that they have their names is safe only once the part's record is."""
        try:
            self._ids.commit(flush_name=False)
            self._index.commit(flush_name=False)
        finally:
            self.abort()
        return PartShard(
            self._ids.path.name,
            self.num_tokens,
            self._num_documents,
            self._ids.size_bytes,
            self._ids.sha256,
            self._index.sha256,
        )

    def abort(self) -> None:
        """Leave nothing of what is not committed."""
        self._ids.abort()
        self._index.abort()


def joined(
    batches: Iterator[DocumentBatch], tokenizer: Tokenizer, *, cut: bool, name: str
) -> Iterator[DocumentBatch]:
    """Batches in which a long document goes on in the next batch only where its ids allow a cut.

    Readers hand a very long document on in pieces that end anywhere. What follows the last safe place is
    kept back for the next piece. With `cut` False, documents stay whole: something asks for all their text.
    A document that is too long is refused, also where broken ones are skipped: its beginning may be encoded.
    """
    held: list[bytes] = []  # the beginning of a document that goes on
    held_start = 0
    for batch in batches:
        texts, starts = batch.texts, batch.starts
        if held and texts:
            held.append(texts.pop(0))
            starts.pop(0)
            if texts or not batch.continues:
                texts.insert(0, b"".join(held))
                starts.insert(0, held_start)
                held = []
        if batch.continues:
            if texts:
                held, held_start = [texts.pop()], starts.pop()
            at = tokenizer.boundary(held[-1], len(held[-1])) if cut else 0
            if at:
                last = held.pop()
                text = b"".join([*held, last[:at]])
                yield DocumentBatch([*texts, text], [*starts, held_start], continues=True)
                held = [last[at:]]
                continue
            if sum(map(len, held)) > _MAX_DOCUMENT_BYTES:
                raise _too_long(name, held_start, tokenizer, cut=cut)
        if texts:
            yield DocumentBatch(texts, starts, separated=batch.separated)
    if held:
        yield DocumentBatch([b"".join(held)], [held_start], continues=True)


def _too_long(name: str, start: int, tokenizer: Tokenizer, *, cut: bool) -> SourceError:
    """The error about a document that would have to fit in memory."""
    why, remedy = f"tokenizer {tokenizer.name!r} cannot encode it in pieces", "choose another --encoding"
    if not cut:
        why, remedy = "its split follows from all of its text", "use --split none"
    return SourceError(
        f"{name}, document at {start:,}: longer than {_MAX_DOCUMENT_BYTES:,} bytes, and {why}; cut it into "
        f"documents (a text file with --separator or --lines), or {remedy}",
        path=name,
    )


def _encode(
    tokenizer: Tokenizer, batch: DocumentBatch, *, eot_id: int | None, dtype: str
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """A batch's ids in the corpus's dtype, and where its documents end among them.

    Raises:
        TokenizerError: If an id is outside the vocabulary; nothing ever wraps around.
    """
    if eot_id is None:
        encoded = tokenizer.encode_batch(batch.texts)
    else:
        encoded = tokenizer.encode_documents(batch.texts, eot_id=eot_id, continues=batch.continues)
    check_encoded(encoded, tokenizer=tokenizer, num_texts=len(batch.texts))
    ends = np.cumsum(encoded.lengths)
    return encoded.ids.astype(dtype, copy=False), ends[:-1] if batch.continues else ends


def _open(job: Job) -> Tokenizer:
    wanted = job.tokenizer
    tokenizer = open_tokenizer(wanted["name"], state=wanted["state"], engine=job.engine)
    if tokenizer.fingerprint != wanted["fingerprint"]:
        raise TokenizerError(
            f"tokenizer {tokenizer.name!r} of this machine is not the one of the plan: expected "
            f"fingerprint {wanted['fingerprint']:.16}, found {tokenizer.fingerprint:.16}; "
            "install the same versions everywhere"
        )
    return tokenizer

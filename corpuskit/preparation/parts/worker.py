"""Making one part: read documents, encode them, write their ids and where they end.

A part is a pure function of its inputs' bytes and the job's options. It runs alone, in bounded memory, in
any process; done twice it leaves the same files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from corpuskit.chat.opening import open_template
from corpuskit.corpus.index import new_rows
from corpuskit.errors import ConfigError, TokenizerError
from corpuskit.machine import give_back
from corpuskit.preparation.input_digests import changed_while_used, states_now
from corpuskit.preparation.parts.encoding import encode, joined
from corpuskit.preparation.parts.field_types import FieldTypes
from corpuskit.preparation.parts.job import Job, OnWork
from corpuskit.preparation.parts.record import MAX_PLACES, PartRecord, state_of_inputs, streams_of
from corpuskit.preparation.parts.writer import PartWriter
from corpuskit.preparation.plan import Part, Piece
from corpuskit.preparation.split_rule import parse_rule
from corpuskit.registry.blame import blame, not_theirs
from corpuskit.sources.base import Input, Source, SourceOptions
from corpuskit.sources.document_batch import DocumentBatch
from corpuskit.sources.kept_fields import parse_keep
from corpuskit.sources.lookup import open_source
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.value_streams import LOSS


class Worker:
    """Makes the parts of one job, one after the other; the source and the tokenizer are opened once.

    Args:
        job: What to do.
        source: The open source, where the process has it already.
        tokenizer: The open tokenizer, where the process has it already.

    Raises:
        TokenizerError: If the tokenizer of this machine is not the one that the job was planned with.
        ConfigError: If the template is not.
    """

    def __init__(self, job: Job, source: Source | None = None, tokenizer: Tokenizer | None = None) -> None:
        self._job = job
        self._source = source or _open_source(job)
        self._tokenizer = tokenizer or _open(job)
        self._rule = parse_rule(job.split_rule, given=True)
        self._keep = parse_keep(job.keep)

    @not_theirs
    def load(self) -> None:
        """Load all of the tokenizer, which processes that are forked from this one then have too."""
        self._tokenizer.load()
        give_back()  # a vocabulary's parts on the way were larger than it

    @not_theirs
    def run(self, number: int, on_work: OnWork | None = None) -> PartRecord:
        """Make one part and save its record.

        Args:
            number: The number of the part.
            on_work: Called after each batch with (part, bytes of text, tokens, documents) since the last.
        """
        job, folder = self._job, Path(self._job.folder)
        part = job.parts[number]
        left_out: Counter[str] = Counter()
        places: list[tuple[str, int, int, str]] = []
        text_bytes = num_documents = 0
        separated = False
        states = self._states(part)
        types = FieldTypes(self._keep, partial(place_of, self._source, job.inputs))
        with PartWriter(folder, job, number, types) as writer:
            for piece in part.pieces:

                def note(kind: str, start: int, reason: str, item: int = piece.input) -> None:
                    left_out[kind] += 1
                    if left_out[kind] <= MAX_PLACES:
                        places.append((kind, item, start, reason))

                item = job.inputs[piece.input]
                batches = self._source.read(item, piece.slice, note)
                cut = self._rule.kind != "documents"
                goes_on = piece.slice.start != piece.slice.document_start
                for batch in joined(batches, self._tokenizer, cut=cut, name=item.name):
                    separated = separated or batch.separated
                    size, tokens, documents = self._write(writer, piece, batch, goes_on=goes_on)
                    goes_on = batch.continues
                    text_bytes += size
                    num_documents += documents
                    if on_work is not None:
                        on_work(number, size, tokens, documents)
            shards = writer.finish()
        for changed, state in self._states(part).items():
            if state != states[changed]:
                raise changed_while_used(job.inputs[changed])
        streams = streams_of(shards, job.streams)
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
            open_text_bytes={split: size for split, size in sorted(writer.open_text_bytes.items()) if size},
            separated=separated,
            streams=streams,
            fields=dict(types.found),
            num_targets=writer.num_targets if LOSS in streams else None,
        )
        record.save(folder)
        return record

    def _states(self, part: Part) -> dict[int, str]:
        """What the inputs of a part are now, by their numbers."""
        return states_now(self._source, self._job.inputs, part)

    def _write(
        self, writer: PartWriter, piece: Piece, batch: DocumentBatch, *, goes_on: bool
    ) -> tuple[int, int, int]:
        """Encode a batch and hand it to the splits; returns its (text bytes, tokens, documents that ended).

        Its first text `goes_on` where it is not the beginning of its document.
        """
        if batch.fields:
            writer.field_types.note(batch.fields, batch.starts, piece.input)
        by_split = {piece.split: batch} if piece.split is not None else self._by_split(batch)
        size = tokens = documents = 0
        for split, mine in by_split.items():
            try:
                with blame(
                    f"tokenizer {self._tokenizer.name!r}",
                    self._tokenizer.owner,
                    partial(self._failing, piece, mine),
                ):
                    encoded = encode(
                        self._tokenizer,
                        mine,
                        eot_id=self._job.eot_id,
                        dtype=self._job.dtype,
                        bos_id=self._job.bos_id,
                        goes_on=goes_on,
                    )
            except TokenizerError as error:
                raise self._placed(error, piece, mine) from error
            ended = len(encoded.ends)
            sizes = np.fromiter(map(len, mine.texts), np.int64, len(mine.texts))
            index = new_rows(encoded.ends, piece.input, mine.starts[:ended], sizes[:ended])
            writer.add(split, encoded, index, mine.fields or {})
            size += int(sizes.sum())
            tokens += len(encoded.ids)
            documents += ended
        return size, tokens, documents

    def _by_split(self, batch: DocumentBatch) -> dict[str, DocumentBatch]:
        chosen: dict[str, list[int]] = {}
        for number, text in enumerate(batch.texts):
            chosen.setdefault(self._rule.split_of(text), []).append(number)
        return {split: batch.chosen(numbers) for split, numbers in chosen.items()}

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
        name = self._job.inputs[piece.input].name
        if error.index is not None:
            where = f"{name}, document at {batch.starts[error.index]:,}"
        else:
            where = self._failing(piece, batch)
        return TokenizerError(f"{where}: {error}", path=name)


def place_of(source: Source, inputs: Sequence[Input], item: int, start: int) -> str:
    """Where a document begins, in words.

    Args:
        source: The source of the inputs.
        inputs: All inputs.
        item: The number of the document's.
        start: Where it starts there.
    """
    return source.place_of(inputs[item], start)


def _open_source(job: Job) -> Source:
    source = open_source(job.dataset, SourceOptions(**job.reader_options))
    if wanted := job.template_fingerprint:
        name = {**source.spec.reader_options, **job.reader_options["reader"]}["template"]
        found = open_template(name).fingerprint
        if found != wanted:
            raise ConfigError(
                f"template {name!r} of this machine is not the one of the plan: expected fingerprint "
                f"{wanted:.16}, found {found:.16}; have the same files everywhere",
                expected=wanted,
                found=found,
            )
    return source


def _open(job: Job) -> Tokenizer:
    wanted = job.tokenizer
    tokenizer = open_tokenizer(
        wanted.name, state=wanted.state, engine=job.engine, added_tokens=wanted.added_tokens
    )
    if tokenizer.fingerprint != wanted.fingerprint:
        raise TokenizerError(
            f"tokenizer {tokenizer.name!r} of this machine is not the one of the plan: expected "
            f"fingerprint {wanted.fingerprint:.16}, found {tokenizer.fingerprint:.16}; "
            "install the same versions everywhere"
        )
    return tokenizer

"""What every executor must do: `ExecutorSuite`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from corpuskit.corpus.manifest import TokenizerRecord
from corpuskit.errors import SourceError
from corpuskit.preparation.executors.base import Executor, OnPart
from corpuskit.preparation.parts.job import Job, OnWork, save_job
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.parts.worker import Worker
from corpuskit.preparation.plan import Part, Piece
from corpuskit.sources.base import Slice
from corpuskit.sources.lookup import open_source
from corpuskit.tokenizers.opening import open_tokenizer
from corpuskit.value_streams import LOSS, LOSS_INFO

_NUM_PARTS = 6


class ExecutorSuite:
    """Subclass it and give the fixture `executor`; best one that runs two parts at a time."""

    @pytest.fixture
    def executor(self) -> Executor:
        """The executor to test."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture named 'executor'")

    @pytest.fixture
    def work_folder(self, tmp_path: Path) -> Path:
        """Where jobs are made; override it where workers do not see the machine's temporary folder."""
        return tmp_path

    @pytest.fixture
    def job(self, work_folder: Path) -> Job:
        """A job of a few small parts, one file each."""
        return make_job(work_folder)

    @pytest.fixture
    def expected(self, work_folder: Path) -> dict[str, str]:
        """The files that one worker alone leaves of the same job, with their sha256."""
        reference = make_job(work_folder, "reference")
        worker = Worker(reference)
        for part in reference.parts:
            worker.run(part.number)
        return digests(reference)

    def test_it_is_an_executor(self, executor: Executor) -> None:
        assert isinstance(executor, Executor)

    def test_it_makes_every_part_once_with_the_same_files(
        self, executor: Executor, job: Job, expected: dict[str, str]
    ) -> None:
        finished: list[PartRecord] = []

        def on_part(record: PartRecord) -> bool:
            saved = PartRecord.load(Path(job.folder), record.number, fingerprint=job.fingerprint)
            assert saved == record, "a part is reported after it is saved, with what was saved"
            finished.append(record)
            return True

        run(executor, job, range(_NUM_PARTS), on_part=on_part)
        assert sorted(record.number for record in finished) == list(range(_NUM_PARTS))
        assert digests(job) == expected, "the files differ from those that one worker makes alone"

    def test_it_makes_only_the_parts_that_are_asked_for(self, executor: Executor, job: Job) -> None:
        finished: list[int] = []

        def on_part(record: PartRecord) -> bool:
            finished.append(record.number)
            return True

        run(executor, job, [1, 4], on_part=on_part)
        assert sorted(finished) == [1, 4]
        made = [part.number for part in job.parts if self._is_done(job, part.number)]
        assert made == [1, 4]

    def test_no_parts_are_no_work(self, executor: Executor, job: Job) -> None:
        run(executor, job, [], on_part=lambda record: pytest.fail("a part was made"))

    def test_a_job_can_be_gone_on_with_and_done_again(
        self, executor: Executor, job: Job, expected: dict[str, str]
    ) -> None:
        run(executor, job, [0, 2])
        run(executor, job, [1, 3, 4, 5])
        assert digests(job) == expected
        run(executor, job, range(_NUM_PARTS))
        assert digests(job) == expected

    def test_work_that_is_reported_adds_up_to_at_most_the_parts(self, executor: Executor, job: Job) -> None:
        heard = dict.fromkeys(range(_NUM_PARTS), (0, 0, 0))
        records: dict[int, PartRecord] = {}

        def on_part(record: PartRecord) -> bool:
            records[record.number] = record
            return True

        def on_work(number: int, size_bytes: int, tokens: int, documents: int) -> None:
            before = heard[number]
            heard[number] = (before[0] + size_bytes, before[1] + tokens, before[2] + documents)

        run(executor, job, range(_NUM_PARTS), on_part=on_part, on_work=on_work)
        for number, (size_bytes, tokens, documents) in heard.items():
            record = records[number]
            assert size_bytes <= record.text_bytes
            assert tokens <= record.num_tokens
            assert documents <= record.num_documents

    def test_what_a_part_raises_is_raised(self, executor: Executor, job: Job) -> None:
        broken = Path(job.inputs[3].location)
        broken.write_bytes(broken.read_bytes() + b"\xff")
        with pytest.raises(SourceError) as caught:
            run(executor, job, range(_NUM_PARTS))
        assert broken.name in str(caught.value), "the error names the input, as the part said it"
        assert not self._is_done(job, 3)

    def test_what_on_part_raises_ends_the_run(self, executor: Executor, job: Job) -> None:
        class Broken(Exception):
            pass

        def on_part(record: PartRecord) -> bool:
            raise Broken

        with pytest.raises(Broken):
            run(executor, job, range(_NUM_PARTS), on_part=on_part)
        run(executor, job, range(_NUM_PARTS))

    def test_it_stops_when_no_more_parts_are_needed(
        self, executor: Executor, job: Job, expected: dict[str, str]
    ) -> None:
        finished: list[int] = []

        def on_part(record: PartRecord) -> bool:
            finished.append(record.number)
            return len(finished) < 2

        run(executor, job, range(_NUM_PARTS), on_part=on_part)
        assert len(finished) == 2, "no part is reported after on_part has answered False"
        assert all(self._is_done(job, number) for number in finished)
        run(executor, job, [number for number in range(_NUM_PARTS) if number not in finished])
        assert digests(job) == expected, "what was stopped is in the way of what is made later"

    def _is_done(self, job: Job, number: int) -> bool:
        return PartRecord.load(Path(job.folder), number, fingerprint=job.fingerprint) is not None


def make_job(folder: Path, name: str = "job") -> Job:
    """A job over small text files, one part each, encoded as bytes.

    Args:
        folder: Where the files and the job's own folder go; two jobs in one folder read the same files.
        name: The name of the job's folder.
    """
    texts = folder / "texts"
    if not texts.exists():  # a file that is written again counts as changed, even with the same text
        texts.mkdir()
        for number in range(_NUM_PARTS):
            lines = [f"part {number}, line {line}: naïve 🙂\n" for line in range(10 * number + 1)]
            (texts / f"text-{number}.txt").write_text("".join(lines), encoding="utf-8")
    (folder / name).mkdir()
    dataset = [str(texts / f"text-{number}.txt") for number in range(_NUM_PARTS)]
    inputs = tuple(open_source(dataset).inputs())
    tokenizer = open_tokenizer("bytes")
    job = Job(
        folder=str(folder / name),
        fingerprint="0" * 64,
        dataset=dataset,
        reader_options={},
        tokenizer=TokenizerRecord(
            name="bytes",
            vocab_size=tokenizer.vocab_size,
            eot_id=tokenizer.eot_id,
            fingerprint=tokenizer.fingerprint,
            state=None,
            distribution=None,
            distribution_version=None,
        ),
        engine="auto",
        split_rule="valid=0.5",
        eot_id=tokenizer.eot_id,
        dtype="<u2",
        shard_bytes=512,
        inputs=inputs,
        parts=tuple(
            Part(number, (Piece(number, Slice(size_bytes=item.size_bytes), "train"),))
            for number, item in enumerate(inputs)
        ),
        streams={LOSS: LOSS_INFO},
    )
    save_job(job)
    return job


def digests(job: Job) -> dict[str, str]:
    """Every file that the parts of a job left, but not the job itself."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(job.folder).iterdir())
        if path.name != "job.json"
    }


def go_on(record: PartRecord) -> bool:
    """An `on_part` that needs every part."""
    return True


def ignore(*_: Any) -> None:
    """An `on_work` that does nothing."""


def run(
    executor: Executor,
    job: Job,
    numbers: Sequence[int],
    *,
    on_part: OnPart = go_on,
    on_work: OnWork = ignore,
) -> None:
    """Have an executor make parts of a job, as `prepare` does: with a worker that this process has open."""
    executor.run(job, numbers, worker=Worker(job), on_part=on_part, on_work=on_work)


__all__ = ["ExecutorSuite", "digests", "make_job", "run"]

"""What every format must do: `FormatSuite`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from corpuskit.corpus import Corpus
from corpuskit.errors import ConfigError, CorpusFormatError
from corpuskit.formats.base import FILE_NAME, Format
from corpuskit.formats.options import ExportOptions
from corpuskit.on_progress import Progress
from corpuskit.testing.comparison import assert_equal_numbers

MakeCorpus = Callable[..., Corpus]

_DOCUMENTS = [f"document {number}: naïve 🙂 text {'again ' * (number % 7)}\n" for number in range(60)]


class FormatSuite:
    """Subclass it, give the fixture `format`, and say in `read` how the trainer reads a split.

    Class attributes, for a format that holds less, or needs options:
        wide: False where ids must fit uint16; a corpus of uint32 must then be refused.
        options: What is asked of every export, such as a `block_size`.
        whole_rows: True where what fills no row of `options.block_size` tokens is left out.
    """

    wide: bool = True
    options: ExportOptions = ExportOptions()
    whole_rows: bool = False

    @pytest.fixture
    def format(self) -> Format:
        """The format to test."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture named 'format'")

    @pytest.fixture
    def make_corpus(self, tmp_path: Path) -> MakeCorpus:
        """Makes small corpora of a train and a valid split; see `make_corpus` in this module."""
        return lambda name="corpus", **options: make_corpus(tmp_path / name, **options)

    def read(self, folder: Path, split: str) -> NDArray[np.integer[Any]]:
        """The ids of a split as the trainer would read them, one-dimensional.

        Args:
            folder: The export.
            split: The split's name in the corpus, "train" or "valid".
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method 'read'")

    def assert_same(self, found: NDArray[np.integer[Any]], expected: NDArray[np.integer[Any]]) -> None:
        """Compare what `read` gave with the ids of a split."""
        if self.whole_rows and self.options.block_size is not None:
            expected = expected[: len(expected) // self.options.block_size * self.options.block_size]
        assert_equal_numbers(found, expected)

    def write(self, format: Format, *arguments: Any, **keywords: Any) -> list[Path]:
        """The files of an export to a folder."""
        return [Path(str(file)) for file in format.write(*arguments, **keywords)]

    def test_it_is_a_format(self, format: Format) -> None:
        assert isinstance(format, Format)
        assert isinstance(format.name, str)
        assert format.name.split() == [format.name], "a name is one word"

    def test_the_trainer_reads_the_ids_of_the_corpus(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        corpus = make_corpus()
        format.write(corpus, tmp_path / "out", options=self.options)
        for name, split in corpus.items():
            self.assert_same(self.read(tmp_path / "out", name), split[:])

    def test_ids_of_four_bytes_are_held_or_refused(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        corpus = make_corpus(wide=True)
        if self.wide:
            format.write(corpus, tmp_path / "out", options=self.options)
            for name, split in corpus.items():
                self.assert_same(self.read(tmp_path / "out", name), split[:])
        else:
            with pytest.raises(ConfigError, match=r"uint16"):
                format.write(corpus, tmp_path / "out", options=self.options)
            assert _names(tmp_path) == {"corpus", "corpus.txt"}

    def test_one_split_is_written_alone(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        corpus = make_corpus()
        both = {
            path.relative_to(tmp_path / "both").as_posix(): path.read_bytes()
            for path in self.write(format, corpus, tmp_path / "both", options=self.options)
        }
        alone = {
            path.relative_to(tmp_path / "a").as_posix(): path.read_bytes()
            for path in self.write(format, corpus, tmp_path / "a", splits=["valid"], options=self.options)
        }
        assert len(alone) < len(both)
        self.assert_same(self.read(tmp_path / "a", "valid"), corpus["valid"][:])
        alone.pop(FILE_NAME)
        assert alone.items() <= both.items(), "a split's files depend on the other splits"

    def test_the_files_are_those_that_it_names(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        corpus = make_corpus()
        files = self.write(format, corpus, tmp_path / "out", options=self.options)
        assert {*files} == {path for path in (tmp_path / "out").rglob("*") if path.is_file()}
        described = json.loads((tmp_path / "out" / FILE_NAME).read_bytes())
        assert described["format"] == format.name
        assert described["corpus"] == corpus.fingerprint
        assert [tmp_path / "out" / record["file"] for record in described["files"]] == files[:-1]
        for record in described["files"]:
            data = (tmp_path / "out" / record["file"]).read_bytes()
            assert len(data) == record["size_bytes"]
            assert hashlib.sha256(data).hexdigest() == record["sha256"]

    def test_the_bytes_do_not_depend_on_the_corpus_s_shards(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        one, many = make_corpus("one"), make_corpus("many", shard_bytes=512)
        assert len(many.manifest.splits["train"].shards) > 3 * len(one.manifest.splits["train"].shards)
        for corpus in (one, many):
            format.write(corpus, tmp_path / f"out-{corpus.path.name}", options=self.options)
        assert _contents(tmp_path / "out-one") == _contents(tmp_path / "out-many")

    def test_nothing_is_replaced_unasked(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        old, new = make_corpus("old"), make_corpus("new", extra="and one more document")
        format.write(old, tmp_path / "out", options=self.options)
        before = _contents(tmp_path / "out")
        with pytest.raises(ConfigError, match="--overwrite"):
            format.write(new, tmp_path / "out", options=self.options)
        assert _contents(tmp_path / "out") == before
        format.write(new, tmp_path / "out", overwrite=True, options=self.options)
        self.assert_same(self.read(tmp_path / "out", "train"), new["train"][:])

    def test_a_run_that_is_interrupted_leaves_nothing(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        corpus = make_corpus()
        before = _names(tmp_path)

        def interrupt(progress: Progress) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            format.write(corpus, tmp_path / "out", on_progress=interrupt, options=self.options)
        assert _names(tmp_path) == before

    def test_progress_ends_with_every_byte(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        corpus = make_corpus()
        heard: list[tuple[int, int | None]] = []
        format.write(
            corpus,
            tmp_path / "out",
            options=self.options,
            on_progress=lambda at: heard.append((at.done_bytes, at.total_bytes)),
        )
        total = sum(split.num_tokens * split.dtype.itemsize for split in corpus.values())
        assert heard == sorted(heard)
        assert heard[-1] == (total, total), "the ids were read more than once, or not to the end"

    def test_a_damaged_corpus_gives_nothing(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        corpus = make_corpus()
        shard = Path(str(corpus.path), "valid-00000.bin")
        data = bytearray(shard.read_bytes())
        data[-2] ^= 1
        shard.write_bytes(data)
        before = _names(tmp_path)
        with pytest.raises(CorpusFormatError, match=r"valid-00000\.bin: sha256 .* the manifest says"):
            format.write(Corpus(corpus.path), tmp_path / "out", options=self.options)
        assert _names(tmp_path) == before

    def test_the_corpus_is_left_as_it_is(
        self, format: Format, make_corpus: MakeCorpus, tmp_path: Path
    ) -> None:
        corpus = make_corpus()
        folder = Path(str(corpus.path))
        before = _contents(folder)
        format.write(corpus, tmp_path / "out", options=self.options)
        assert _contents(folder) == before


def make_corpus(path: Path, *, wide: bool = False, extra: str = "", shard_bytes: int = 2**20) -> Corpus:
    """Prepare a small corpus of a train and a valid split.

    Args:
        path: Where; its text goes beside it.
        wide: Whether ids are uint32 (characters, more than 65,536 of them) rather than uint16 (bytes).
        extra: One more document, for the train split.
        shard_bytes: The largest shard.
    """
    from corpuskit.preparation.api import prepare

    documents = [*_DOCUMENTS, *([extra] if extra else [])]
    if wide:
        documents.append("".join(map(chr, range(0x10000, 0x21000))))
    text = path.with_name(f"{path.name}.txt")
    text.write_text("\x00".join(documents), encoding="utf-8")
    return prepare(
        str(text),
        encoding="chars" if wide else "bytes",
        name="made-up",
        output=path,
        separator="\x00",
        split="valid=0.3",
        shard_bytes=shard_bytes,
        workers=1,
    )


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _contents(folder: Path) -> dict[str, bytes]:
    """A folder's files; of what an export says of itself, all but the corpus's own identity."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    if FILE_NAME in contents:
        described = json.loads(contents[FILE_NAME])
        for name in ("corpus", "fields"):  # cover the shards
            described.pop(name)
        contents[FILE_NAME] = json.dumps(described).encode()
    return contents


__all__ = ["FormatSuite", "make_corpus"]

"""The built-in formats under the shipped suite, and the suite under formats that are wrong."""

import numpy as np
import pytest

from corpuskit.errors import ConfigError
from corpuskit.formats.base import Format
from corpuskit.formats.opening import open_format
from corpuskit.registry import Registry
from corpuskit.registry.specs import FormatSpec
from corpuskit.testing.formats import FormatSuite, make_corpus


class TestNanoGPT(FormatSuite):
    wide = False

    @pytest.fixture
    def format(self):
        return open_format("nanogpt")

    def read(self, folder, split):
        return np.memmap(
            folder / {"train": "train.bin", "valid": "val.bin"}[split], dtype=np.uint16, mode="r"
        )


class TestLlmC(FormatSuite):
    @pytest.fixture
    def format(self):
        return open_format("llmc")

    def read(self, folder, split):
        pieces = []
        for path in sorted(folder.glob({"train": "train_*.bin", "valid": "val_*.bin"}[split])):
            header = np.fromfile(path, np.int32, 256)
            dtype = {20240520: np.uint16, 20240801: np.uint32}[header[0]]
            pieces.append(np.fromfile(path, dtype, offset=1024))
            assert len(pieces[-1]) == header[2]
        return np.concatenate(pieces)


class TestMegatron(FormatSuite):
    @pytest.fixture
    def format(self):
        return open_format("megatron")

    def read(self, folder, split):
        code = (folder / f"{split}.idx").read_bytes()[17]
        return np.fromfile(folder / f"{split}.bin", {8: np.uint16, 4: np.int32}[code])


def test_every_builtin_format_has_its_suite():
    with_modules = {"datatrove", "olmo", "litdata", "mds", "parquet", "arrow", "safetensors", "levanter"}
    tested = {"nanogpt", "llmc", "megatron"} | with_modules  # whose suites are in modules of theirs
    components = Registry(environ={"CORPUSKIT_PLUGINS": ""}).components(FormatSpec)
    assert {component.spec.name for component in components} == tested
    for component in components:
        assert component.load()().name == component.spec.name


class Raw(Format):
    """The simplest format there can be."""

    name = "raw"

    def write_split(self, export, split):
        with export.file(f"{split}.raw") as file:
            for ids in export.tokens(split):
                file.write(ids.astype("<u4").data)


class RawSuite(FormatSuite):
    def read(self, folder, split):
        return np.fromfile(folder / f"{split}.raw", "<u4")


class TestRaw(RawSuite):
    @pytest.fixture
    def format(self):
        return Raw()


class Wraps(Raw):
    def write_split(self, export, split):
        with export.file(f"{split}.raw") as file:
            for ids in export.tokens(split):
                file.write(ids.astype("<u2").astype("<u4").data)


class PerShard(Raw):
    def write_split(self, export, split):
        for number in range(len(export.corpus.manifest.splits[split].shards)):
            with export.file(f"{split}.raw" if not number else f"{split}{number}.raw") as file:
                file.write(export.corpus[split].shard(number).astype("<u4").data)


class Unchecked(Raw):
    def write_split(self, export, split):
        with export.file(f"{split}.raw") as file:
            file.write(export.corpus[split][:].astype("<u4").data)


class Litters(Raw):
    def write(self, corpus, output, **options):
        (output.parent / "log.txt").write_text("writing")
        return super().write(corpus, output, **options)


class Clobbers(Raw):
    def write(self, corpus, output, *, overwrite=False, **options):
        return super().write(corpus, output, overwrite=True, **options)


class Coupled(Raw):
    def write_split(self, export, split):
        with export.file(f"{split}.raw") as file:
            file.write(str(export.splits).encode())


class Twice(Raw):
    def write_split(self, export, split):
        super().write_split(export, split)
        for _ in export.tokens(split):
            pass


class Nameless(Raw):
    name = "two words"


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        (Coupled, "test_the_trainer_reads_the_ids_of_the_corpus"),
        (Wraps, "test_ids_of_four_bytes_are_held_or_refused"),
        (Coupled, "test_one_split_is_written_alone"),
        (PerShard, "test_the_bytes_do_not_depend_on_the_corpus_s_shards"),
        (Litters, "test_a_run_that_is_interrupted_leaves_nothing"),
        (Twice, "test_progress_ends_with_every_byte"),
    ],
)
def test_the_suite_finds(wrong, test, tmp_path):
    with pytest.raises((AssertionError, ValueError)):
        getattr(RawSuite(), test)(wrong(), maker(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        (Clobbers, "test_nothing_is_replaced_unasked"),
        (Unchecked, "test_a_damaged_corpus_gives_nothing"),
        (Unchecked, "test_a_run_that_is_interrupted_leaves_nothing"),
    ],
)
def test_the_suite_finds_errors_that_are_not_raised(wrong, test, tmp_path):
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        getattr(RawSuite(), test)(wrong(), maker(tmp_path), tmp_path)


def test_the_suite_finds_a_wrong_name():
    with pytest.raises(AssertionError):
        RawSuite().test_it_is_a_format(Nameless())


def test_the_suite_wants_wide_ids_refused_where_they_do_not_fit(tmp_path):
    suite = RawSuite()
    suite.wide = False
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        suite.test_ids_of_four_bytes_are_held_or_refused(Raw(), maker(tmp_path), tmp_path)

    class Refuses(Raw):
        def check(self, corpus, splits, options):
            raise ConfigError("only uint16")

    suite.test_ids_of_four_bytes_are_held_or_refused(Refuses(), maker(tmp_path / "again"), tmp_path / "again")


def maker(folder):
    folder.mkdir(exist_ok=True)
    return lambda name="corpus", **options: make_corpus(folder / name, **options)

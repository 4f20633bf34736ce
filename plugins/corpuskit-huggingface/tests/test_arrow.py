"""The Arrow reader on streams and files, beside pyarrow, and on what is damaged."""

from __future__ import annotations

import pyarrow as pa
import pytest

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.base import SourceOptions
from corpuskit.sources.lookup import open_source
from corpuskit.testing import SourceSuite
from corpuskit.testing.sources import read

TEXTS = [f"row {number} \u65e5\u672c" * (number % 3 + 1) for number in range(20)]


def write(path, texts=TEXTS, *, kind="stream", type_=None, rows=6, name="text"):
    """An Arrow file of record batches of so many rows."""
    column = pa.array(texts, type_ or pa.string())
    batch = pa.record_batch([pa.array(range(len(texts))), column], names=["n", name])
    make = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
    with make(path, batch.schema) as writer:
        for at in range(0, len(texts), rows):
            writer.write_batch(batch.slice(at, rows))
    return path


def documents(path, target_bytes=2**40, **options) -> list[tuple[str, int]]:
    source = open_source(str(path), SourceOptions(reader=options))
    (item,) = source.inputs()
    return [(text.decode(), start) for text, start in read(source, item, target_bytes=target_bytes)]


@pytest.mark.parametrize("kind", ["stream", "file"])
class TestArrow(SourceSuite):
    @pytest.fixture
    def source(self, tmp_path, kind):
        return open_source(str(write(tmp_path / "x.arrow", kind=kind)))

    @pytest.fixture
    def empty_source(self, tmp_path, kind):
        path = tmp_path / "empty.arrow"
        path.write_bytes(b"")
        return open_source(str(path))

    def reopen(self, source):
        return open_source(source.patterns, source.options)


@pytest.mark.parametrize(
    "type_",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.binary_view(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
)
@pytest.mark.parametrize("target_bytes", [1, 2**40])
def test_texts_of_every_type_come_with_their_rows(tmp_path, type_, target_bytes) -> None:
    if pa.types.is_dictionary(type_):
        path = tmp_path / "x.arrow"
        batch = pa.record_batch([pa.array(TEXTS).dictionary_encode()], names=["text"])
        with pa.ipc.new_stream(path, batch.schema) as writer:
            writer.write_batch(batch)
    else:
        path = write(tmp_path / "x.arrow", type_=type_)
    assert documents(path, target_bytes) == list(zip(TEXTS, range(20), strict=True))


def test_a_column_is_chosen_inside_a_struct(tmp_path) -> None:
    inner = pa.StructArray.from_arrays([pa.array(["one", "two"])], names=["body"])
    batch = pa.record_batch([inner], names=["page"])
    with pa.ipc.new_stream(tmp_path / "x.arrow", batch.schema) as writer:
        writer.write_batch(batch)
    assert documents(tmp_path / "x.arrow", text_field="page.body") == [("one", 0), ("two", 1)]
    for wrong in ("page.title", "body", "page.body.x"):
        with pytest.raises(
            SourceError, match=f"no column '{wrong}'; it has: page; choose one with --text-field"
        ):
            documents(tmp_path / "x.arrow", text_field=wrong)


def test_two_columns_of_one_name_matter_where_one_is_the_texts(tmp_path) -> None:
    batch = pa.record_batch([pa.array([1]), pa.array(["a"]), pa.array([2])], names=["x", "text", "x"])
    with pa.ipc.new_stream(tmp_path / "x.arrow", batch.schema) as writer:
        writer.write_batch(batch)
    assert documents(tmp_path / "x.arrow") == [("a", 0)]
    with pytest.raises(SourceError, match=r"x\.arrow: 2 columns are named 'x'; rename all but one"):
        documents(tmp_path / "x.arrow", text_field="x")


def test_rows_without_text_are_left_out_and_counted(tmp_path) -> None:
    source = open_source(str(write(tmp_path / "x.arrow", ["a", None, "", "b"])))
    (item,) = source.inputs()
    heard = []
    (part,) = source.slices(item, target_bytes=2**40)
    (batch,) = source.read(item, part, lambda kind, start, reason: heard.append((kind, start)))
    assert (batch.texts, batch.starts) == ([b"a", b"b"], [0, 3])
    assert heard == [("null-text", 1), ("empty", 2)]


def test_a_column_of_numbers_is_an_error(tmp_path) -> None:
    with pytest.raises(
        SourceError, match="column 'n' holds int64, not text; choose another with --text-field"
    ):
        documents(write(tmp_path / "x.arrow"), text_field="n")


def test_invalid_utf8_names_the_row(tmp_path) -> None:
    path = write(tmp_path / "x.arrow", [b"fine", b"caf\xe9"], type_=pa.binary())
    with pytest.raises(
        SourceError, match=r"x\.arrow: invalid UTF-8 \(0xe9, .*\) in row 1 \(byte 3 of its text\)"
    ):
        documents(path)


def test_a_long_document_is_an_error(tmp_path) -> None:
    path = write(tmp_path / "x.arrow", ["short", "x" * 100])
    with pytest.raises(SourceError, match="a document of more than 99 bytes begins in row 1"):
        documents(path, max_document_bytes=99)


@pytest.mark.parametrize("kind", ["stream", "file"])
@pytest.mark.parametrize("keep", [3, 20, 0.5])
def test_a_file_that_is_cut_off_is_an_error(tmp_path, kind, keep) -> None:
    path = write(tmp_path / "x.arrow", kind=kind)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if keep < 1 else keep])
    with pytest.raises(SourceError, match=r"x\.arrow: not an Arrow file, damaged, or cut off: "):
        documents(path)


def test_a_compressed_file_is_an_error(tmp_path) -> None:
    write(tmp_path / "x.arrow").rename(tmp_path / "x.arrow.gz")
    with pytest.raises(SourceError, match="Arrow inside another compression; unpack it first"):
        documents(tmp_path / "x.arrow.gz")


def test_an_unknown_option_is_an_error(tmp_path) -> None:
    with pytest.raises(ConfigError, match="separator"):
        documents(write(tmp_path / "x.arrow"), separator="|")


def test_fields_are_kept_row_by_row(tmp_path) -> None:
    meta = [{"s": "x"}, {"s": "y"}, {"s": None}]
    table = pa.table({"text": ["a", "", "c"], "id": [1, 2, None], "meta": meta})
    with pa.ipc.new_stream(tmp_path / "x.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    for keep, expected in ((None, {"id": [1]}), ("meta.s", {"meta.s": ["x"]}), ("", {})):
        source = open_source([str(tmp_path / "x.arrow")], SourceOptions(reader={"keep": keep}))
        (item,) = source.inputs()
        found: dict[str, list[object]] = {}
        for part in source.slices(item, target_bytes=2**40):
            for batch in source.read(item, part, lambda *bad: None):
                for name, values in (batch.fields or {}).items():
                    assert len(values) == len(batch.texts)
                    found[name] = found.get(name, []) + values
        assert found == expected

"""Plain text: one document a file, separated, or by lines."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.base import Slice
from corpuskit.sources.readers.base import BATCH_DOCUMENTS
from corpuskit.sources.readers.text import TextReader


@pytest.fixture
def text_file(tmp_path, input_of):
    def make(data: bytes, name: str = "text.txt"):
        path = tmp_path / name
        path.write_bytes(data)
        return input_of(path)

    return make


def test_a_file_is_one_document_with_everything_in_it(text_file, read_all):
    data = "one\r\ntwo\n\n\x00\x85\u2028\ufffe <|endoftext|> \U0001f600".encode()
    result = read_all(TextReader({}), text_file(data))
    assert (result.texts, result.starts, result.bad) == ([data], [0], [])


@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 4, 5, 7, 1000])
def test_a_long_document_comes_in_pieces_that_end_on_characters(text_file, read_all, piece_bytes):
    text = "aé日\U0001f600" * 10
    reader = TextReader({})
    reader.piece_bytes = piece_bytes
    item = text_file(text.encode())
    batches = list(reader.read(item, Slice(), lambda *bad: None))
    assert "".join(batch.texts[0].decode() for batch in batches) == text
    assert [batch.continues for batch in batches] == [True] * (len(batches) - 1) + [False]
    assert max(len(batch.texts[0]) for batch in batches) <= piece_bytes + 3


def test_a_range_of_a_document_says_that_it_goes_on(text_file):
    reader = TextReader({})
    item = text_file(b"0123456789")
    (head,) = reader.read(item, Slice(0, 4, ends_document=False), lambda *bad: None)
    (tail,) = reader.read(item, Slice(4, None), lambda *bad: None)
    assert (head.texts, head.starts, head.continues) == ([b"0123"], [0], True)
    assert (tail.texts, tail.starts, tail.continues) == ([b"456789"], [0], False)


@pytest.mark.fault("T4")
def test_lines_end_with_their_line_ends_only(text_file, read_all):
    result = read_all(TextReader({"lines": True}), text_file("a\r\nb\x0bc\x85d\u2028e\n\nf\rg".encode()))
    assert result.texts == [b"a", "b\x0bc\x85d\u2028e".encode(), b"f\rg"]
    assert result.starts == [0, 3, 15]
    assert result.kinds == [("empty", 14)]


LATE = 2**20


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("data", "separator", "texts"),
    [
        (b"x" * (LATE - 1) + b"\r\n\r\nb\r\nc\r\n", "\n", [b"x" * (LATE - 1), b"b", b"c"]),
        (b"x" * (LATE - 1) + b"\r\n\r\nb\r\nc", "\n\n", [b"x" * (LATE - 1), b"b\r\nc"]),
        (
            b"a\rb" + b"x" * 2 * LATE + b"\nsecond\nthird\n",
            "\n",
            [b"a\rb" + b"x" * 2 * LATE, b"second", b"third"],
        ),
        (b"x" * 2 * LATE + b"\rsecond\rthird\r", "\n", [b"x" * 2 * LATE, b"second", b"third"]),
        (b"a\rb" + b"x" * 2 * LATE + b"\r", "\n", [b"a", b"b" + b"x" * 2 * LATE]),
        (b"\xef\xbb\xbf" + b"x" * 2**16 + b"\r\ny\rz", "\n", [b"x" * 2**16, b"y\rz"]),
    ],
    ids=["lines", "blank-lines", "late-newline", "late-return", "returns", "mark"],
)
@pytest.mark.fault("T4")
def test_the_whole_file_decides_what_ends_its_lines(text_file, read_all, pack, data, separator, texts):
    item = text_file(pack(data), "text.txt" if pack is bytes else "text.txt.gz")
    reader = TextReader({"separator": separator})
    for slices in ([Slice()], reader.slices(item, target_bytes=1000)):
        assert read_all(TextReader({"separator": separator}), item, *slices).texts == texts
    for start, stop in ((0, 0.5), (0.5, 1)):
        for part in reader.places(item, Slice(), [(start, stop)]) or []:
            assert set(read_all(TextReader({"separator": separator}), item, part).texts) <= set(texts)


@pytest.mark.parametrize("options", [{}, {"lines": True}, {"separator": "--"}])
@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf"])
@pytest.mark.fault("T7")
def test_an_empty_file_has_no_documents(text_file, read_all, options, data):
    result = read_all(TextReader(options), text_file(data))
    assert result.texts == []
    assert [kind for kind, _ in result.kinds] in ([], ["empty"])


@pytest.mark.fault("T3")
def test_a_byte_order_mark_is_left_out_once(text_file, read_all):
    bom = b"\xef\xbb\xbf"
    item = text_file(bom + b"one\n" + bom + b"two")
    assert read_all(TextReader({}), item).starts == [3]
    result = read_all(TextReader({"lines": True}), item)
    assert (result.texts, result.starts) == ([b"one", bom + b"two"], [3, 7])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.fault("T3")
def test_other_encodings_are_named(text_file, read_all, encoding):
    item = text_file("\ufeffhello".encode(encoding))
    with pytest.raises(SourceError, match=f"byte order mark of {encoding[:6].upper()}; convert it to UTF-8"):
        read_all(TextReader({}), item)


@given(
    before=st.text(alphabet="aé日\n", max_size=12),
    broken=st.sampled_from(
        [b"\xff", b"\x80", b"\xc3", b"\xe6\x97", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf"]
    ),
    after=st.text(alphabet="aé日\n", max_size=12),
    block_bytes=st.integers(1, 20),
    lines=st.booleans(),
)
@pytest.mark.fault("T1")
def test_broken_bytes_are_named_and_replaced_as_python_does(
    tmp_path_factory, input_of, read_all, before, broken, after, block_bytes, lines
):
    path = tmp_path_factory.getbasetemp() / "broken.txt"
    data = before.encode() + broken + after.encode()
    path.write_bytes(data)
    item = input_of(path)
    with pytest.raises(UnicodeDecodeError) as expected:
        data.decode()
    at = expected.value.start
    line = data.count(b"\n", 0, at) + 1
    reader = TextReader({"lines": lines})
    reader.block_bytes = reader.piece_bytes = block_bytes
    with pytest.raises(
        SourceError, match=rf"^broken.txt:{line}: invalid UTF-8 \(.*\) at byte {at:,}; repair it"
    ):
        read_all(reader, item)
    reader = TextReader({"lines": lines, "invalid_utf8": "replace"})
    reader.block_bytes = reader.piece_bytes = block_bytes
    result = read_all(reader, item)
    assert "invalid-utf8" in dict(result.kinds)
    if lines:
        expected_lines = [text for text in data.decode(errors="replace").split("\n") if text]
        assert [text.decode() for text in result.texts] == expected_lines
    else:
        # Pieces end on characters, so that what is broken is replaced within its piece.
        assert b"".join(result.texts).decode().replace("\ufffd", "") == data.decode(errors="ignore")


def test_broken_documents_are_left_out_and_counted_where_asked_for(text_file, read_all):
    options = {"on_bad_document": "skip"}
    result = read_all(TextReader({**options, "lines": True}), text_file(b"a\nb\xff\nc\n"))
    assert (result.texts, result.starts) == ([b"a", b"c"], [0, 5])
    assert result.kinds == [("invalid-utf8", 2)]
    reader = TextReader(options)
    reader.piece_bytes = 4
    result = read_all(reader, text_file("é".encode() * 20 + b"\xc3"))
    assert result.texts == []
    assert result.bad == [("invalid-utf8", 0, "invalid UTF-8 (0xc3, unexpected end of data) at byte 40")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text_field": "x"}, r"the text reader has no option 'text_field'; it has: invalid_utf8, "),
        ({"separator": ""}, "--separator '': expected text of one or more characters"),
        ({"separator": "a", "lines": True}, "by a separator or by lines, not by both"),
        ({"separator": "\ud800"}, "expected valid Unicode"),
        ({"lines": "yes"}, "--lines 'yes': expected true or false"),
        (
            {"invalid_utf8": "ignore"},
            "--invalid-utf8 'ignore': expected 'error' or 'replace'",
        ),
        ({"max_document_bytes": 0}, "reader option max_document_bytes: expected 1 or more, found 0"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        TextReader(options)


def test_options_without_a_value_are_defaults():
    assert TextReader({"separator": None, "text_field": None}).options == TextReader({}).options


def test_batches_are_bounded(text_file, read_all):
    item = text_file(b"x\n" * 100_000)
    batches = list(TextReader({"lines": True}).read(item, Slice(), lambda *bad: None))
    assert max(len(batch.texts) for batch in batches) == BATCH_DOCUMENTS
    assert sum(len(batch.texts) for batch in batches) == 100_000
    assert batches[-1].starts[-1] == 199_998

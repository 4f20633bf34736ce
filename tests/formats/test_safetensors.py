from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.errors import CorpusFormatError
from corpuskit.formats.foreign import ForeignPlace
from corpuskit.formats.safetensors import SafeTensors
from corpuskit.testing import FormatSuite

DTYPES = {"U8": "u1", "U16": "<u2", "U32": "<u4", "I64": "<i8"}


def read(path):
    """The tensors of a file and what it says besides, read from the format's description."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    about = header.pop("__metadata__")
    assert all(isinstance(value, str) for value in about.values())
    found, last = {}, 0
    for name, tensor in header.items():
        first, stop = tensor["data_offsets"]
        assert first == last, "there is a hole"
        assert (start + first) % np.dtype(DTYPES[tensor["dtype"]]).itemsize == 0, "it cannot be mapped"
        found[name] = np.frombuffer(data[start + first : start + stop], DTYPES[tensor["dtype"]])
        assert list(found[name].shape) == tensor["shape"]
        last = stop
    assert start + last == len(data)
    return found, about


class TestSafeTensors(FormatSuite):
    @pytest.fixture
    def format(self):
        return SafeTensors()

    def read(self, folder, split):
        return read(folder / f"{split}.safetensors")[0]["input_ids"]


def test_the_tensors_are_the_ids_the_documents_and_the_mask(kept_conversations, tmp_path):
    SafeTensors().write(kept_conversations, tmp_path / "out")
    for name, split in kept_conversations.items():
        found, about = read(tmp_path / "out" / f"{name}.safetensors")
        assert [*found] == ["document_ends", "input_ids", "loss"]
        assert found["document_ends"].tolist() == split.document_ends().tolist()
        assert found["input_ids"].tolist() == split[:].tolist()
        assert found["loss"].tolist() == split.stream("loss")[:].tolist()
        tokenizer = kept_conversations.manifest.tokenizer
        assert about == {
            "encoding": tokenizer.name,
            "vocab_size": str(tokenizer.vocab_size),
            "eot_id": str(tokenizer.eot_id),
            "tokenizer_fingerprint": tokenizer.fingerprint,
        }


def test_a_corpus_without_an_end_of_text_and_a_mask_says_nothing_of_them(make_corpus, tmp_path):
    SafeTensors().write(make_corpus(encoding="chars", eot=False), tmp_path / "out")
    found, about = read(tmp_path / "out" / "train.safetensors")
    assert [*found] == ["document_ends", "input_ids"]
    assert [*about] == ["encoding", "vocab_size", "tokenizer_fingerprint"]


def test_a_damaged_index_gives_no_export(make_corpus, tmp_path):
    corpus = make_corpus()
    path = corpus.path / "train-00000.idx"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(corpuskit.CorpuskitError, match=r"train-00000\.idx: sha256 .*nothing was exported"):
        SafeTensors().write(corpuskit.open(corpus.path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("framework", ["numpy", "pt"])
def test_safetensors_reads_it(kept_conversations, tmp_path, framework):
    safe_open = pytest.importorskip("safetensors").safe_open
    SafeTensors().write(kept_conversations, tmp_path / "out")
    split = kept_conversations["train"]
    with safe_open(str(tmp_path / "out" / "train.safetensors"), framework) as file:
        assert set(file.keys()) == {"document_ends", "input_ids", "loss"}
        assert file.get_tensor("input_ids").tolist() == split[:].tolist()
        assert file.get_slice("document_ends")[1:4].tolist() == split.document_ends()[1:4].tolist()
        assert file.metadata()["encoding"] == kept_conversations.manifest.tokenizer.name


def rows_without_fields(rows):
    own = ("input_ids", "assistant_masks")
    return [{name: value for name, value in row.items() if name in own} for row in rows]


def test_an_export_has_the_same_documents_and_mask(
    kept_conversations, rows_of, rows_read, tmp_path, monkeypatch
):
    monkeypatch.setattr("corpuskit.formats.foreign.BLOCK_TOKENS", 50)
    SafeTensors().write(kept_conversations, tmp_path / "out")
    expected = {name: rows_without_fields(rows_of(split)) for name, split in kept_conversations.items()}
    assert rows_read(SafeTensors(), tmp_path / "out") == expected


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), block=st.integers(1, 9))
def test_every_document_comes_back(draw_corpus, rows_read, data, block):
    corpus, output, documents = draw_corpus(data)
    SafeTensors().write(corpus, output)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("corpuskit.formats.foreign.BLOCK_TOKENS", block)
        assert rows_read(SafeTensors(), output) == {"train": [{"input_ids": ids} for ids in documents]}


def write(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def tensor(dtype, shape, first, stop):
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, stop]}


@pytest.mark.parametrize("dtype", ["I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64"])
@pytest.mark.parametrize("shape", [[4], [2, 2]])
def test_ids_of_any_whole_numbers_are_read_in_one_stream(tmp_path, dtype, shape):
    kind = np.dtype({"I": "i", "U": "u"}[dtype[0]] + str(int(dtype[1:]) // 8))
    header = {"input_ids": tensor(dtype, shape, 3, 3 + 4 * kind.itemsize), "other": tensor("X", [3], 0, 3)}
    path = write(tmp_path / "val.safetensors", header, b"abc" + np.array([1, 2, 3, 4], kind).tobytes())
    (file,) = SafeTensors().read(ForeignPlace(path, 10))
    assert (file.split, file.has_documents, file.num_tokens) == ("valid", False, 4)
    assert [block.ids.tolist() for block in file.blocks()] == [[1, 2, 3, 4]]


IDS = tensor("U16", [2], 0, 4)


@pytest.mark.parametrize(
    ("header", "data", "message"),
    [
        (b"{", b"", "a header that describes no tensors"),
        (b"[" * 100_000, b"", "a header that describes no tensors"),
        (b"[1]", b"", "a header that describes no tensors"),
        ({"input_ids": 1}, b"", "a header that describes no tensors"),
        ({"input_ids": tensor("U16", [2], 0.0, 4)}, b"abcd", "a header that describes no tensors"),
        ({"input_ids": tensor("U16", [2], False, 4)}, b"abcd", "a header that describes no tensors"),
        (b'{"input_ids": {"data_offsets": [1e999, 2]}}', b"", "a header that describes no tensors"),
        ({"input_ids": IDS}, b"abc", r"cut short|bytes, and .* are expected"),
        ({"input_ids": IDS}, b"abcde", r"bytes, and .* are expected"),
        (
            {"input_ids": tensor("U16", [2], 2, 6)},
            b"abcdef",
            "'input_ids' at 2 to 6, and 0 is where",
        ),
        ({"input_ids": IDS, "loss": tensor("U8", [2], 2, 4)}, b"abcd", "'loss' at 2 to 4, and 4 is where"),
        ({"input_ids": tensor("U16", [2], 0, -4)}, b"", "'input_ids' at 0 to -4"),
        ({"input_ids": tensor("U16", [3], 0, 4)}, b"abcd", r"'input_ids' of \[3\] in 4 bytes"),
        ({"input_ids": tensor("U16", [2**62, 4], 0, 4)}, b"abcd", "in 4 bytes"),
        ({"input_ids": tensor("F32", [1], 0, 4)}, b"abcd", r"'input_ids' is 'F32' of shape \[1\]; expected"),
        ({"input_ids": tensor([], [1], 0, 4)}, b"abcd", r"'input_ids' is \[\] of shape"),
        ({"input_ids": tensor("U16", [-1, -2], 0, 4)}, b"abcd", "'input_ids' is 'U16' of shape"),
        ({"input_ids": tensor("U16", [], 0, 4)}, b"abcd", "'input_ids' is 'U16' of shape"),
        ({"a": IDS}, b"abcd", "no tensor 'input_ids'; it has 'a': rename the one of ids"),
        ({"input_ids": IDS, "loss": tensor("U8", [1], 4, 5)}, b"abcde", r"'loss' has the shape \[1\]"),
        (
            {"input_ids": IDS, "document_ends": tensor("I32", [1], 4, 8)},
            b"abcd\3\0\0\0",
            "lie behind the 2 ids",
        ),
        (
            {"input_ids": IDS, "document_ends": tensor("U64", [1], 4, 12)},
            b"abcd" + b"\xff" * 8,
            "lie behind the 2 ids",
        ),
    ],
)
def test_a_header_that_cannot_be_is_one_line(rows_read, tmp_path, header, data, message):
    path = write(tmp_path / "train.safetensors", header, data)
    with pytest.raises(CorpusFormatError, match=message) as raised:
        rows_read(SafeTensors(), path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "data", [b"", b"1234567", b"\xff" * 8, b"\x09" + b"\0" * 7, struct.pack("<Q", 10**8)]
)
def test_a_file_that_is_no_file_of_tensors_is_one_line(tmp_path, data):
    path = tmp_path / "train.safetensors"
    path.write_bytes(data)
    with pytest.raises(CorpusFormatError, match=r"expected|a header of"):
        SafeTensors().read(ForeignPlace(path, 10))


def test_what_safetensors_writes_is_read(tmp_path, rows_read):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    tensors = {
        "loss": np.array([1, 0, 1], bool),
        "input_ids": np.array([5, 6, 7], np.int64),
        "document_ends": np.array([1, 1, 3], np.int64),
    }
    save_file(tensors, tmp_path / "train.safetensors", metadata={"tokenizer_fingerprint": "a"})
    expected = [([5], [1]), ([], []), ([6, 7], [0, 1])]
    rows = [{"input_ids": ids, "assistant_masks": mask} for ids, mask in expected]
    assert rows_read(SafeTensors(), tmp_path) == {"train": rows}

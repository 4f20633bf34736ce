"""Lists of ids and the documents that they name."""

import hashlib
import json

import pytest

import corpuskit
from corpuskit.corpus import id_lists
from corpuskit.corpus.id_lists import id_list, listed
from corpuskit.errors import ConfigError, StorageError


@pytest.fixture
def corpus(tmp_path):
    rows = [
        {"text": "a", "id": "x", "n": 1},
        {"text": "b", "id": None, "n": 2},
        {"text": "c", "id": "y ", "n": 3},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return corpuskit.prepare(
        str(tmp_path / "rows.jsonl"),
        encoding="bytes",
        output=tmp_path / "rows",
        keep="id,n,f:float",
        split="none",
    )


def found(corpus, tmp_path, data, field="id"):
    (tmp_path / "ids").write_bytes(data)
    named = listed(id_list(tmp_path / "ids", field), [corpus["train"]], corpus.manifest.field_types)
    return named.masks[0].tolist(), named.num_ids, named.num_unknown


def test_ids_are_whole_lines(corpus, tmp_path):
    assert found(corpus, tmp_path, b"x\r\ny\n\nx\n") == ([True, False, False], 2, 1)
    assert found(corpus, tmp_path, b"y ") == ([False, False, True], 1, 0)
    assert found(corpus, tmp_path, b"") == ([False, False, False], 0, 0)


def test_ids_may_be_whole_numbers(corpus, tmp_path):
    assert found(corpus, tmp_path, b"3\n7\n", "n") == ([False, False, True], 2, 1)
    with pytest.raises(ConfigError, match="whole numbers, which its field has"):
        found(corpus, tmp_path, b"3\nseven\n", "n")


def test_what_cannot_be_a_list_of_ids_is_one_line(corpus, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="'f' is of type float"):
        found(corpus, tmp_path, b"3\n", "f")
    with pytest.raises(ConfigError, match="text in UTF-8"):
        found(corpus, tmp_path, b"\xff\n")
    monkeypatch.setattr(id_lists, "_LIST_BYTES", 8)
    with pytest.raises(ConfigError, match="found a line of 8 bytes or more"):
        found(corpus, tmp_path, b"0123456789")
    with pytest.raises(StorageError, match="cannot be read"):
        id_list(tmp_path).sha256()


def test_a_list_is_known_by_its_bytes(tmp_path):
    (tmp_path / "ids").write_bytes(b"x\n")
    assert id_list(tmp_path / "ids").sha256() == hashlib.sha256(b"x\n").hexdigest()

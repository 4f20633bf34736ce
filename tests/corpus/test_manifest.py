import copy
import hashlib
import json

import pytest

from corpuskit import sealed
from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.manifest import Manifest
from corpuskit.corpus.manifest_parsing import parse_manifest
from corpuskit.errors import ConfigError, CorpusFormatError

SHARD = {
    "file": "train-00000.bin",
    "num_tokens": 3,
    "num_documents": 1,
    "size_bytes": 6,
    "sha256": "0" * 64,
    "index_sha256": "1" * 64,
}
MANIFEST = {
    "format_version": 3,
    "corpuskit_version": "0.1.0",
    "dataset": "x",
    "inputs": [{"name": "x", "size_bytes": 3, "sha256": "0" * 64, "split": None}],
    "tokenizer": {"name": "bytes", "vocab_size": 257, "eot_id": 256, "fingerprint": "f", "state": None},
    "dtype": "<u2",
    "options": {},
    "left_out": {},
    "left_out_files": {},
    "splits": {"train": {"num_tokens": 3, "num_documents": 1, "shards": [SHARD]}},
}
DATA = sealed.to_bytes(MANIFEST)
LOSS = {"dtype": "|u1", "fill": 1, "of": "target"}
BOTH = {**LOSS, "of": "both"}
WIDE = {**LOSS, "dtype": "<u8"}


def parse(data):
    return parse_manifest(data, where="manifest.json")


def with_streams(**digests):
    """The manifest with streams, of which the shard has some."""
    value = copy.deepcopy(MANIFEST)
    value["streams"] = {"loss": LOSS, "weight": {"dtype": "<f4", "fill": 0.5, "of": "input"}}
    value["splits"]["train"]["shards"][0]["streams"] = digests
    return value


def test_a_manifest_is_written_as_it_was_read():
    assert parse(DATA).to_bytes() == DATA


def test_the_last_field_is_the_digest_of_what_is_before_it():
    digest = json.loads(DATA)["sha256"]
    assert list(json.loads(DATA))[-1] == "sha256"
    assert hashlib.sha256(DATA[: DATA.rindex(digest.encode())]).hexdigest() == digest
    assert parse(DATA).sha256 == digest


def test_a_manifest_that_no_reader_would_take_is_not_written(monkeypatch):
    manifest = parse(DATA)
    monkeypatch.setattr(manifest_format, "MAX_BYTES", 500)
    with pytest.raises(
        ConfigError, match="x: the manifest would be larger than 500 bytes: it names 1 inputs"
    ):
        manifest.to_bytes()


def test_streams_are_written_as_they_were_read_and_only_where_there_are_some():
    data = sealed.to_bytes(with_streams(loss="2" * 64))
    manifest = parse(data)
    assert list(manifest.streams) == ["loss", "weight"]
    assert parse(manifest.to_bytes()).to_bytes() == manifest.to_bytes()
    assert json.loads(manifest.to_bytes())["splits"]["train"]["shards"][0]["streams"] == {"loss": "2" * 64}
    assert b"streams" not in DATA
    assert b"streams" not in parse(DATA).to_bytes()


def test_the_files_of_a_shard_have_their_sizes_and_digests():
    manifest = Manifest.model_validate(with_streams(loss="2" * 64, weight="3" * 64))
    assert manifest.all_files() == [
        ("train-00000.bin", 6, "0" * 64),
        ("train-00000.idx", 32, "1" * 64),
        ("train-00000.loss.bin", 3, "2" * 64),
        ("train-00000.weight.bin", 12, "3" * 64),
    ]


def test_a_corpus_is_another_one_where_its_streams_are():
    found = [
        Manifest.model_validate(value).fingerprint
        for value in (MANIFEST, with_streams(loss="2" * 64), with_streams(loss="3" * 64))
    ]
    assert len(set(found)) == 3


def test_a_stream_that_no_shard_has_changes_nothing():
    assert Manifest.model_validate(with_streams()).fingerprint == parse(DATA).fingerprint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["streams"].pop("loss"), "no stream is called 'loss'"),
        (lambda m: m["streams"].update(loss=WIDE), "streams.loss.dtype"),
        (lambda m: m["streams"].update(loss=BOTH), "streams.loss.of"),
        (lambda m: m["streams"].update({"../x": LOSS}), "streams"),
    ],
)
def test_streams_that_cannot_be_are_refused(change, message):
    value = with_streams(loss="2" * 64)
    change(value)
    with pytest.raises(CorpusFormatError, match=message):
        parse(sealed.to_bytes(value))

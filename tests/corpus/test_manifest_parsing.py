import contextlib
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpuskit import sealed
from corpuskit.corpus import manifest as manifest_format
from corpuskit.corpus.manifest_parsing import parse_manifest
from corpuskit.errors import CorpusFormatError

SHARD = {
    "file": "train-00000.bin",
    "num_tokens": 3,
    "num_documents": 1,
    "size_bytes": 6,
    "sha256": "0" * 64,
    "index_sha256": "0" * 64,
}
MANIFEST = {
    "format_version": 3,
    "corpuskit_version": "0.1.0",
    "dataset": "x",
    "inputs": [{"name": "x", "size_bytes": 3, "sha256": "0" * 64, "split": None}],
    "tokenizer": {"name": "bytes", "vocab_size": 257, "eot_id": 256, "fingerprint": "f", "state": None},
    "dtype": "<u2",
    "options": {"shard_bytes": 100, "ratio": 0.5},
    "left_out": {},
    "left_out_files": {},
    "splits": {"train": {"num_tokens": 3, "num_documents": 1, "shards": [SHARD]}},
}
DATA = sealed.to_bytes(MANIFEST)


def parse(data):
    return parse_manifest(data, where="manifest.json")


@pytest.mark.fault("D10")
def test_every_single_flipped_bit_is_found():
    for position in range(len(DATA)):
        for bit in range(8):
            bad = bytearray(DATA)
            bad[position] ^= 1 << bit
            with pytest.raises(CorpusFormatError, match="manifest"):
                parse(bytes(bad))


@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d + b"\n", lambda d: b" " + d, lambda d: d[1:]]
)
def test_bytes_that_come_or_go_are_found(change):
    with pytest.raises(CorpusFormatError, match="manifest"):
        parse(change(DATA))


@pytest.mark.fault("M4")
def test_a_manifest_of_an_older_format_says_to_prepare_it_again():
    with pytest.raises(
        CorpusFormatError, match=r"version 1 is older than 3; make the corpus again with --over"
    ):
        parse(json.dumps({**MANIFEST, "format_version": 1}).encode())


@settings(max_examples=300, deadline=None)
@given(data=st.data(), whole=st.booleans())
@pytest.mark.fault("M5")
def test_damaged_manifests_only_ever_raise_the_format_error(data, whole):
    head = DATA[: DATA.rindex(b",\n")]
    position = data.draw(st.integers(0, len(head) - 1))
    change = data.draw(st.binary(max_size=3))
    mutated = head[:position] + change + head[position + data.draw(st.integers(0, 5)) :]
    with contextlib.suppress(CorpusFormatError):
        parse(seal(mutated) if whole else mutated)


def seal(head):
    """A digest after any bytes, as somebody who means it would put it."""
    whole = sealed.to_bytes({"x": 0})
    before = head + whole[whole.index(b',\n  "sha256"') : -68]
    import hashlib

    return before + hashlib.sha256(before).hexdigest().encode() + b'"\n}\n'


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
PATHS = [
    *([name] for name in MANIFEST),
    *(["tokenizer", name] for name in MANIFEST["tokenizer"]),
    ["inputs", 0],
    *(["inputs", 0, name] for name in MANIFEST["inputs"][0]),
    ["splits", "train"],
    *(["splits", "train", "shards", 0, name] for name in (*SHARD, "streams")),
    ["streams"],
]


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(PATHS), value=VALUES)
def test_any_value_in_any_field_only_ever_raises_the_format_error(path, value):
    changed = json.loads(DATA)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    text = json.dumps(changed, indent=2).removesuffix("\n}")
    head = text[: text.rindex(",\n")]
    with contextlib.suppress(CorpusFormatError):
        parse(seal(head.encode()))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1e999}',
        '{"a": "\\ud800"}',
        '{"a": NaN}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": ' + "[" * 5000 + "}",
    ],
)
def test_values_that_are_no_json_of_ours_are_refused(text):
    head = DATA.replace(b'{\n    "shard_bytes": 100,\n    "ratio": 0.5\n  }', text.encode())
    with pytest.raises(CorpusFormatError, match="manifest.json: "):
        parse(seal(head[: head.rindex(b',\n  "sha256"')]))


def many(kind, count):
    """A manifest with a true digest and something without end in it."""
    value = json.loads(DATA)
    if kind == "split names":
        value["splits"] = {f"../{number}": 0 for number in range(count)}
    elif kind == "fields":
        value.update({f"field{number}": 0 for number in range(count)})
    elif kind == "fields of a shard":
        value["splits"]["train"]["shards"][0].update({f"field{number}": 0 for number in range(count)})
    elif kind == "streams":
        value["streams"] = {f"../{number}": 0 for number in range(count)}
    elif kind == "streams of a shard":
        value["splits"]["train"]["shards"][0]["streams"] = {f"../{number}": 0 for number in range(count)}
    elif kind == "inputs that are none":
        value["inputs"] = [{}] * count
    elif kind == "left out":
        value["left_out"] = {f"kind{number}": -1 for number in range(count)}
    else:
        value["options"] = {"list": [[]] * count}
    return sealed.to_bytes(value)


KINDS = [
    "split names",
    "fields",
    "fields of a shard",
    "streams",
    "streams of a shard",
    "inputs that are none",
    "left out",
    "lists in an option",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.fault("M5")
def test_names_and_values_without_end_become_one_error_at_once(kind, monkeypatch):
    monkeypatch.setattr(manifest_format, "MAX_VALUES", 20_000)
    for count in (5_000, 50_000):
        if kind == "lists in an option" and count == 5_000:
            continue  # which is an option like another
        with pytest.raises(CorpusFormatError, match="manifest.json: ") as caught:
            parse(many(kind, count))
        assert len(str(caught.value)) < 200


def test_16_megabytes_of_split_names_take_less_than_half_a_gigabyte(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_bytes(many("split names", 750_000))
    program = (
        "import resource, sys\n"
        "from corpuskit.corpus.manifest_parsing import parse_manifest\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    parse_manifest(data, where='m')\nexcept ValueError as error:\n    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    message, used_kilobytes = done.stdout.splitlines()
    assert message == "m: splits: 750,000 fields, expected at most 1,000"
    assert int(used_kilobytes) < 500_000


@pytest.mark.fault("S6")
def test_a_key_that_would_move_a_terminals_cursor_is_spelled_out():
    with pytest.raises(CorpusFormatError) as caught:
        parse(sealed.to_bytes({**MANIFEST, "\x1b]0;x\x07\u202e\n": 1}))
    assert str(caught.value).isprintable()
    assert "\\u001b]0;x\\u0007\\u202e\\u000a: Extra inputs" in str(caught.value)

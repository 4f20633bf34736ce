from __future__ import annotations

import gzip
import io
import logging
import os
import tarfile
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpuskit
from corpuskit.bundles import tar
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError


@pytest.fixture
def packed(made, tmp_path):
    return corpuskit.pack(made, tmp_path / "made.tar")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def members(file):
    with tarfile.open(file) as found:
        return {member.name: found.extractfile(member).read() for member in found}


def archive(files):
    return b"".join(tar.header(n, len(d)) + d + tar.padding(len(d)) for n, d in files.items()) + tar.END


def refused(data, tmp_path):
    """The one line that a file gets; nothing is left of it."""
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CorpusFormatError) as caught:
        corpuskit.unpack(io.BytesIO(data), tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_same_corpus_arrives(made, packed, tmp_path):
    corpus = corpuskit.unpack(packed, "out")
    assert contents(tmp_path / "out") == contents(made)
    assert corpus.fingerprint == corpuskit.open(made).fingerprint
    assert corpuskit.verify(corpus) == []


def test_its_name_is_the_file_s_where_none_is_said(packed, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert str(corpuskit.unpack(packed).path) == "made"
    packed.rename(tmp_path / "elsewhere/without")
    with pytest.raises(
        ConfigError, match="nothing says what the corpus's folder is called; name it with --output"
    ):
        corpuskit.unpack("without")


def test_a_corpus_without_a_record_of_its_run_arrives_too(made, tmp_path):
    (made / "run.json").unlink()
    corpuskit.pack(made, "made.tar")
    corpuskit.unpack("made.tar", "out")
    assert contents(tmp_path / "out") == contents(made)


def test_a_pipe_is_read_as_it_comes(made, packed, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(packed.read_bytes(),))
    writer.start()
    corpuskit.unpack(tmp_path / "pipe", "out")
    writer.join()
    assert contents(tmp_path / "out") == contents(made)


def test_what_is_there_already_is_left_alone(made, packed, tmp_path, caplog):
    caplog.set_level(logging.INFO, "corpuskit")
    corpuskit.unpack(packed, "out")
    state = (tmp_path / "out").stat()
    corpuskit.unpack(packed, "out")
    assert (tmp_path / "out").stat() == state
    assert caplog.messages[-1] == "out holds this corpus already; nothing was changed"


def test_of_two_unpacks_of_one_file_at_once_the_slower_finds_it_done(made, packed, tmp_path):
    corpus = corpuskit.unpack(packed, "out", on_progress=lambda progress: corpuskit.unpack(packed, "out"))
    assert contents(corpus.path) == contents(made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "made.tar", "mine.jsonl", "out"]


def test_of_two_unpacks_of_two_files_at_once_the_slower_is_refused(packed, tmp_path, prepared):
    corpuskit.pack(prepared("other", "bytes"), "other.tar")
    with pytest.raises(StorageError, match="cannot commit out: it exists already"):
        corpuskit.unpack(packed, "out", on_progress=lambda progress: corpuskit.unpack("other.tar", "out"))
    assert corpuskit.open("out").fingerprint == corpuskit.open("other").fingerprint


def test_another_corpus_needs_overwrite_and_anything_else_is_never_replaced(packed, tmp_path, prepared):
    other = prepared("other", "bytes")
    with pytest.raises(ConfigError, match="another corpus; choose another --output, or replace it with"):
        corpuskit.unpack(packed, other)
    assert corpuskit.unpack(packed, other, overwrite=True).fingerprint == corpuskit.open("made").fingerprint
    (tmp_path / "other/notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"notes.txt"):
        corpuskit.unpack(packed, other, overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="which no corpus has"):
        corpuskit.unpack(packed, "mine", overwrite=True)


def test_a_file_cut_anywhere_is_one_line_and_nothing_is_left(packed, tmp_path):
    data = packed.read_bytes()
    for stop in {0, 1, 511, 512, 600, *range(0, len(data), max(len(data) // 60, 1)), len(data) - 1}:
        assert f"it ends after {stop:,} bytes, and more must follow" in refused(data[:stop], tmp_path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_changed_bit_is_one_line_and_nothing_is_left(packed, tmp_path, share, bit):
    data = bytearray(packed.read_bytes())
    data[int(share * len(data))] ^= 1 << bit
    refused(bytes(data), tmp_path)


def test_a_changed_manifest_is_a_matter_of_the_file_that_came(packed, tmp_path):
    data = bytearray(packed.read_bytes())
    data[600] ^= 1
    assert "copy the file again" in refused(bytes(data), tmp_path)


@pytest.mark.parametrize("more", [b"\0", b"x", bytes(10_240)])
def test_nothing_may_follow_the_end(packed, tmp_path, more):
    assert "something follows its end" in refused(packed.read_bytes() + more, tmp_path)


def test_a_packed_corpus_that_somebody_compressed_is_to_be_decompressed(packed, tmp_path):
    found = refused(gzip.compress(packed.read_bytes(), 1).ljust(512, b" "), tmp_path)
    assert "nothing was unpacked; decompress it first, with gunzip" in found


def test_another_file_is_one_line(tmp_path):
    found = refused(b"<!doctype html>" + b" " * 600, tmp_path)
    assert "expected manifest.json" in found
    assert "name a file that 'corpuskit pack' wrote" in found
    assert "not a whole packed corpus" in refused(archive({"a.txt": b"text"}), tmp_path)


def hostile(kind, files):
    """An archive that tarfile would write to a place that is not the corpus's."""
    shard = next(name for name in files if name.endswith(".bin"))
    made, data = io.BytesIO(), files.pop(shard)
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for name, content in files.items():
            if name.startswith(("manifest", "run")):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
        info = tarfile.TarInfo({"absolute": f"/tmp/{shard}", "above": f"../{shard}"}.get(kind, shard))
        info.size = len(data)
        if kind in ("link", "hard-link", "device", "folder"):
            info.type = {
                "link": tarfile.SYMTYPE,
                "hard-link": tarfile.LNKTYPE,
                "device": tarfile.CHRTYPE,
                "folder": tarfile.DIRTYPE,
            }[kind]
            info.linkname, info.size = "/etc/passwd", 0
        if kind == "large":
            info.size, data = 2**30, data
        if kind == "stranger":
            info.name = "train-00099.bin"
        out.addfile(info, io.BytesIO(data + bytes(512)) if kind != "large" else None)
    return made.getvalue()


@pytest.mark.parametrize(
    "kind", ["absolute", "above", "link", "hard-link", "device", "folder", "large", "stranger"]
)
def test_a_member_that_the_manifest_does_not_have_is_refused_before_it_is_written(packed, tmp_path, kind):
    files = members(packed)
    # tarfile's own headers differ a little, so those in front are ours
    shard = next(name for name in files if name.endswith(".bin"))
    front = {name: files[name] for name in list(files)[: list(files).index(shard)]}
    theirs = hostile(kind, dict(files))
    start = len(archive(front)) - len(tar.END)
    at = theirs.index(b"ustar", start) - 257
    data = archive(front)[: -len(tar.END)] + theirs[at:]
    assert f"byte {start:,}: expected {shard} of" in refused(data, tmp_path)


def test_a_member_that_comes_twice_or_out_of_order_is_refused(packed, tmp_path):
    files = list(members(packed).items())
    doubled = [*files[:4], files[3], *files[4:]]
    data = b"".join(archive({name: content})[: -len(tar.END)] for name, content in doubled) + tar.END
    assert f"expected {files[4][0]} of" in refused(data, tmp_path)
    swapped = dict([*files[:3], files[4], files[3], *files[5:]])
    assert f"expected {files[3][0]} of" in refused(archive(swapped), tmp_path)


def test_a_file_too_many_and_one_too_few_are_refused(packed, tmp_path):
    files = members(packed)
    assert "expected the end" in refused(archive({**files, "train-00099.bin": b"x"}), tmp_path)
    last = list(files)[-1]
    del files[last]
    assert f"expected {last} of" in refused(archive(files), tmp_path)


def test_a_manifest_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    header = tar.header("manifest.json", 2**30)
    assert "expected manifest.json of at most 268,435,456 bytes" in refused(header, tmp_path)


def test_an_attempt_that_fails_leaves_the_corpus_that_was_there(made, packed, tmp_path, prepared):
    other = prepared("other", "bytes")
    before = contents(tmp_path / "other")
    with pytest.raises(CorpusFormatError):
        corpuskit.unpack(io.BytesIO(packed.read_bytes()[:-600]), other, overwrite=True)
    assert contents(tmp_path / "other") == before


def test_what_a_killed_attempt_left_is_deleted(packed, tmp_path):
    left = tmp_path / ".out.gone.1.0123456789abcdef.tmp"
    left.mkdir()
    os.utime(left, (0, 0))
    corpuskit.unpack(packed, "out")
    assert not left.exists()


def test_a_place_that_is_no_file_is_one_line(tmp_path):
    with pytest.raises(StorageError, match="cannot be read: No such file"):
        corpuskit.unpack(tmp_path / "gone.tar", "out")
    with pytest.raises(ConfigError, match="not a file"):
        corpuskit.unpack(tmp_path, "out")
    with pytest.raises(ConfigError, match="is written to a folder of this machine"):
        corpuskit.unpack("x.tar", "s3://bucket/out")


def test_progress_goes_to_the_last_byte(packed):
    told = []
    corpuskit.unpack(packed, "out", on_progress=told.append)
    assert {progress.stage for progress in told} == {"unpack"}
    assert told[-1].done_bytes == told[-1].total_bytes


def test_a_folder_is_said_to_be_no_file_before_its_name_is_judged(tmp_path):
    with pytest.raises(ConfigError, match="not a file; name one that 'corpuskit pack' wrote"):
        corpuskit.unpack(tmp_path)

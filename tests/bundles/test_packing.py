from __future__ import annotations

import hashlib
import io
import logging
import tarfile

import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError


def test_a_pack_is_a_tar_archive_of_the_folder_with_the_manifest_first(made):
    assert str(corpuskit.pack(made, "made.tar")) == "made.tar"
    with tarfile.open("made.tar") as found:
        files = {member.name: found.extractfile(member).read() for member in found}
    assert list(files)[:3] == ["manifest.json", "run.json", "run.json.sha256"]
    digest = hashlib.sha256(files["run.json"]).hexdigest()
    assert files.pop("run.json.sha256") == f"{digest}  run.json\n".encode()
    assert files == {path.name: path.read_bytes() for path in made.iterdir()}
    names = list(files)[2:]
    assert names == [file.name for file in corpuskit.open(made).manifest.all_files()]


def test_its_bytes_depend_on_the_folder_s_files_alone(made, tmp_path):
    corpuskit.pack(made, "one.tar")
    (made / "of-somebody-else.txt").write_text("is not packed")
    for path in made.iterdir():
        path.chmod(0o600)
    made.rename(tmp_path / "moved")
    corpuskit.pack(corpuskit.open("moved"), "other.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "other.tar").read_bytes()


def test_an_open_file_takes_the_same_bytes_however_few_at_a_time(made, tmp_path):
    class Slow(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data[:1000])
            return min(len(data), 1000)

    corpuskit.pack(made, "made.tar")
    whole, slow = io.BytesIO(), Slow()
    assert corpuskit.pack(made, whole) is None
    corpuskit.pack(made, slow)
    assert whole.getvalue() == slow.data == (tmp_path / "made.tar").read_bytes()


def test_a_pack_that_is_there_is_left_alone_and_another_file_needs_overwrite(made, tmp_path, caplog):
    caplog.set_level(logging.INFO, "corpuskit")
    corpuskit.pack(made, "made.tar")
    state = (tmp_path / "made.tar").stat()
    corpuskit.pack(made, "made.tar")
    assert (tmp_path / "made.tar").stat() == state
    assert caplog.messages[-1] == "made.tar holds this corpus already; nothing was changed"
    (tmp_path / "made.tar").write_text("another file")
    with pytest.raises(ConfigError, match="is there already"):
        corpuskit.pack(made, "made.tar")
    corpuskit.pack(made, "made.tar", overwrite=True)
    assert (tmp_path / "made.tar").stat().st_size == state.st_size


@pytest.mark.parametrize("place", ["made/manifest.json", "made/train-00000.bin", "made/new.tar", "link"])
def test_a_pack_never_takes_the_place_of_a_file_of_its_corpus(made, tmp_path, place):
    (tmp_path / "link").symlink_to("made/manifest.json")
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    with pytest.raises(ConfigError, match="is in the corpus's own folder; choose a place outside"):
        corpuskit.pack(made, place, overwrite=True)
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_damaged_corpus_gives_no_pack(made, tmp_path, damage):
    file = made / "valid-00000.bin"
    data = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(data[:-2] if damage == "cut" else bytes([data[0] ^ 1]) + data[1:])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(CorpusFormatError, match="valid-00000.bin") as caught:
        corpuskit.pack(made, "made.tar")
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_corpus_that_is_replaced_meanwhile_is_said_to_be(made, tmp_path):
    def replace(progress):
        if made.exists():
            made.rename(tmp_path / "aside")
            (tmp_path / "aside/train-00000.bin").unlink()

    with pytest.raises(StorageError, match="replaced while it was packed; pack it again"):
        corpuskit.pack(made, "made.tar", on_progress=replace)
    assert not (tmp_path / "made.tar").exists()


def test_progress_goes_from_the_first_byte_to_the_last(made, tmp_path):
    told = []
    corpuskit.pack(made, "made.tar", on_progress=told.append)
    assert {progress.stage for progress in told} == {"pack"}
    assert told[-1].done_bytes == told[-1].total_bytes == (tmp_path / "made.tar").stat().st_size


def test_object_stores_are_refused(made):
    with pytest.raises(ConfigError, match="s3://bucket/made: pack takes a corpus of this machine"):
        corpuskit.pack("s3://bucket/made", "made.tar")
    with pytest.raises(ConfigError, match="--output s3://bucket/made.tar: pack writes a file"):
        corpuskit.pack(made, "s3://bucket/made.tar")

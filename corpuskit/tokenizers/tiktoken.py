"""Every encoding that tiktoken knows, under tiktoken's own names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpuskit.errors import TokenizerError
from corpuskit.tokenizers.base import Encoded, Tokenizer, lone_surrogate
from corpuskit.tokenizers.vocabulary import tiktoken_reads_through_fetch

if TYPE_CHECKING:
    from tiktoken import Encoding

_EOT_TEXT = "<|endoftext|>"


class TiktokenTokenizer(Tokenizer):
    """One of tiktoken's encodings. Text that looks like a special token is ordinary text.

    Args:
        name: The encoding's name, as `tiktoken.list_encoding_names()` gives it.
        argument: What followed the name after a colon; these tokenizers take none.
        state: Ignored: the name and the fingerprint say which encoding it is.

    Raises:
        TokenizerError: If tiktoken has no such encoding, or its vocabulary cannot be had.
    """

    def __init__(self, *, name: str, argument: str | None = None, state: Any = None) -> None:
        if argument is not None:
            raise TokenizerError(f"encoding {name!r} takes no argument, found {argument!r}", found=argument)
        self.name = name
        self._encoding = _open_encoding(name)
        self.vocab_size = self._encoding.max_token_value + 1
        self.eot_id = self._encoding._special_tokens.get(_EOT_TEXT)

    @property
    def fingerprint(self) -> str:
        """A sha256 over ranks, pattern and special tokens; see `fingerprint_of`."""
        return fingerprint_of(self._encoding)

    def encode(self, text: str) -> NDArray[np.uint32]:
        """The text's ids, uint32[N]; read-only."""
        try:
            # With no special token allowed this is encode_ordinary without a Python list of the ids.
            buffer = self._encoding._core_bpe.encode_to_tiktoken_buffer(text, frozenset())
        except UnicodeEncodeError as error:
            raise lone_surrogate(error) from error
        return np.frombuffer(buffer, np.uint32)

    def encode_batch(self, texts: Sequence[bytes]) -> Encoded:
        """The ids of many texts at once."""
        return super().encode_batch(texts)

    def decode_bytes(self, ids: Sequence[int] | NDArray[np.integer[Any]]) -> bytes:
        """The bytes that ids stand for, special ids as their text."""
        values = np.asarray(ids)
        try:
            return self._encoding.decode_bytes(values.tolist())
        except (KeyError, OverflowError, TypeError) as error:
            raise TokenizerError(
                f"encoding {self.name!r}: {error.args[0] if error.args else 'an id'} is not in the vocabulary"
            ) from error


@cache
def fingerprint_of(encoding: Encoding) -> str:
    """A sha256 over everything that decides an encoding's ids.

    What is hashed, one after the other: the line `corpuskit tiktoken 1`; the number of tokens, and for all
    tokens in order of rank their ranks, their lengths (uint32 each, little-endian) and their bytes; then a
    JSON list of the pattern and the special tokens with their ids, sorted.
    """
    ranks = sorted(encoding._mergeable_ranks.items(), key=itemgetter(1))
    tokens = [token for token, _ in ranks]
    digest = hashlib.sha256(b"corpuskit tiktoken 1\n%d\n" % len(ranks))
    digest.update(np.fromiter(map(itemgetter(1), ranks), "<u4", len(ranks)).tobytes())
    digest.update(np.fromiter(map(len, tokens), "<u4", len(ranks)).tobytes())
    digest.update(b"".join(tokens))
    digest.update(json.dumps([encoding._pat_str, sorted(encoding._special_tokens.items())]).encode())
    return digest.hexdigest()


def _open_encoding(name: str) -> Encoding:
    import tiktoken

    known = tiktoken.list_encoding_names()
    if name not in known:
        raise TokenizerError(
            f"tiktoken {tiktoken.__version__} has no encoding {name!r}; it has {', '.join(known)}", found=name
        )
    with tiktoken_reads_through_fetch():
        return tiktoken.get_encoding(name)

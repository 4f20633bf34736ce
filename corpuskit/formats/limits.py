"""What several formats cannot hold, refused before anything is written."""

from __future__ import annotations

from collections.abc import Sequence

from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError
from corpuskit.formats.options import ExportOptions

_INT32_IDS = 2**31
_UINT16_IDS = 2**16


def check_int32(corpus: Corpus, reader: str) -> None:
    """Refuse vocabularies whose ids do not fit int32.

    Args:
        corpus: The corpus.
        reader: Whose int32 it is, for the error.
    """
    vocab_size = corpus.manifest.tokenizer.vocab_size
    if vocab_size > _INT32_IDS:
        raise ConfigError(
            f"{corpus.path} has a vocabulary of {vocab_size:,} ids, and {reader}'s int32 holds "
            f"{_INT32_IDS:,}; prepare it with a smaller one",
            expected=_INT32_IDS,
            found=vocab_size,
        )


def check_smallest_type(corpus: Corpus, reader: str) -> None:
    """Refuse ids of four bytes that two would hold, as files that are opened in place may have them.

    Args:
        corpus: The corpus.
        reader: What tells the type by the vocabulary, for the error.
    """
    vocab_size = corpus.manifest.tokenizer.vocab_size
    if corpus.manifest.dtype == "<u4" and vocab_size <= _UINT16_IDS:
        raise ConfigError(
            f"{corpus.path} has ids of four bytes, and {reader} reads ids of two for a vocabulary of "
            f"{vocab_size:,}; make them so with 'corpuskit import', and export that",
            expected="uint16",
            found="uint32",
        )


def checked_block_size(
    corpus: Corpus, splits: Sequence[str], options: ExportOptions, format_name: str, example: int
) -> int:
    """The tokens in a row, which were asked for and of which each split has a row.

    Args:
        corpus: The corpus.
        splits: The splits' names.
        options: What was asked for.
        format_name: The format's name, for the error.
        example: A common number, for the error.
    """
    if options.block_size is None:
        raise ConfigError(
            f"--format {format_name}: its files are made for rows of one length; say how many tokens, "
            f"such as --block-size {example}"
        )
    for name in splits:
        if len(corpus[name]) < options.block_size:
            raise ConfigError(
                f"{corpus.path}: split {name!r} has {len(corpus[name]):,} tokens, which fill no row of "
                f"{options.block_size:,}; choose a smaller --block-size, or other splits with --split",
                expected=options.block_size,
                found=len(corpus[name]),
            )
    return options.block_size


def check_file_bytes(size_bytes: int, most: int, format_name: str) -> None:
    """Refuse files that are too large for a trainer's offsets.

    Args:
        size_bytes: The largest file's size.
        most: The most bytes in a file.
        format_name: The format's name, for the error.
    """
    if size_bytes > most:
        raise ConfigError(
            f"--format {format_name}: a file would have {size_bytes:,} bytes, and its readers count to "
            f"{most:,}; choose a smaller --shard-tokens or --block-size",
            expected=most,
            found=size_bytes,
        )


__all__ = ["check_file_bytes", "check_int32", "check_smallest_type", "checked_block_size"]

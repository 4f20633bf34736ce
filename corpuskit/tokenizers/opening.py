"""Tokenizers by name: listed, opened, opened again from a file, and fitted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corpuskit.errors import CorpuskitError, TokenizerError
from corpuskit.numbers import as_whole
from corpuskit.registry.specs import TokenizerSpec

if TYPE_CHECKING:
    from corpuskit.registry import Component
    from corpuskit.tokenizers.base import Tokenizer


def encodings() -> dict[str, str]:
    """The tokenizers that are installed: the name that `encoding` takes, and a line about each.

    A name that takes an argument, such as `hf` for `hf:org/name`, is listed without one.

    Example:
        >>> corpuskit.encodings()["bytes"]
        'One id a byte, and an end-of-text id'
    """
    from corpuskit.registry import default

    return {component.spec.name: component.spec.summary for component in default().components(TokenizerSpec)}


def open_tokenizer(
    name: str, *, state: Any = None, engine: str | None = None, added_tokens: Sequence[str] = ()
) -> Tokenizer:
    """The tokenizer that answers to a name.

    Args:
        name: What follows `--encoding`: a registered name, and an argument after a colon where it takes one.
        state: For a tokenizer that is opened again, what its `state()` returned; else None.
        engine: What computes the ids: "auto" for the fastest that is exact, or an engine's name. None is
            "auto" that says nothing about a faster one that is not installed, for whoever only decodes.
        added_tokens: The names of control tokens that its vocabulary lacks, which get ids behind its last.

    Raises:
        UnknownName: If no plugin has the name.
        PluginLoadFailed: If what the plugin gives is not a tokenizer.
        TokenizerError: If the tokenizer cannot be opened, for instance for want of its vocabulary.
        ConfigError: If it has no such engine.
    """
    from corpuskit.registry import default
    from corpuskit.tokenizers.added_tokens import with_added
    from corpuskit.tokenizers.base import Tokenizer

    component = default().find(TokenizerSpec, name)
    arguments = {"name": component.spec.name, "argument": component.argument, "state": state}
    if state is None:
        tokenizer = component.make(Tokenizer, **arguments)
    else:  # which may be what is wrong, and not the plugin
        tokenizer = component.checked(Tokenizer, component.load()(**arguments))
    _check_tokenizer(tokenizer, component, fitted=state is not None or not tokenizer.needs_fitting)
    tokenizer.owner = component.owner
    if engine is not None:
        tokenizer.select_engine(engine)
    return with_added(tokenizer, added_tokens)


def reopen_tokenizer(name: str, *, state: Any, added_tokens: Sequence[str] = ()) -> Tokenizer:
    """The tokenizer that a file names, without opening a path or asking a network that the file chooses.

    It is opened from its state. Without one, its name must say everything: a name without an argument, or one
    whose spec is `pinned`.

    Args:
        name: What the file says.
        state: What the tokenizer's `state()` returned, as the file has it.
        added_tokens: The names of added control tokens.

    Raises:
        TokenizerError: If the name would open something, or the state is damaged; and as `open_tokenizer`.
    """
    from corpuskit.registry import default

    component = default().find(TokenizerSpec, name)
    if state is None and component.argument is not None and not component.spec.pinned:
        raise TokenizerError(
            f"tokenizer {name!r}: the corpus holds its name only, and a name from a file opens no other file "
            "and no repository; give it yourself, with encoding= of corpuskit.open or show's --encoding",
            found=name,
        )
    try:
        return open_tokenizer(name, state=state, added_tokens=added_tokens)
    except CorpuskitError:
        raise
    except _DAMAGED as error:
        raise TokenizerError(
            f"tokenizer {name!r}: its saved state is damaged: {type(error).__name__}: {error!s:.80}"
        ) from error


def fit_tokenizer(tokenizer: Tokenizer, texts: Iterable[bytes], *, name: str) -> None:
    """Make the vocabulary of a tokenizer that needs fitting, and check what it says of itself then.

    Args:
        tokenizer: What `open_tokenizer` gave.
        texts: All of the corpus, in UTF-8.
        name: What it was opened by.

    Raises:
        PluginLoadFailed: If a plugin's tokenizer then has no vocabulary, or its end-of-text id is outside.
        TokenizerError: If the texts give no vocabulary.
    """
    from corpuskit.registry import default

    tokenizer.fit(texts)
    _check_tokenizer(tokenizer, default().find(TokenizerSpec, name), fitted=True)


#: What code raises that meets data of another shape than it expects.
_DAMAGED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def _check_tokenizer(tokenizer: Tokenizer, component: Component[TokenizerSpec], *, fitted: bool) -> None:
    """What a plugin's tokenizer says of itself must be possible before anything is built on it.

    Before it is fitted, its vocabulary may be empty, and its ids of control tokens are not compared with it.
    """
    from corpuskit.value_streams import LOSS, STREAM_NAME, StreamInfo

    refuse = component.refused
    name: Any = tokenizer.name
    if not isinstance(name, str) or not name:
        raise refuse("a name", name)
    vocab_size: Any = tokenizer.vocab_size
    if as_whole(vocab_size) is None or not fitted <= vocab_size <= 2**32:
        raise refuse("a vocab_size of 1 to 2**32", vocab_size)
    eot_id, limit = tokenizer.eot_id, vocab_size if fitted else 2**32
    if eot_id is not None and not (as_whole(eot_id) is not None and 0 <= eot_id < limit):
        raise refuse(f"an eot_id in [0, {limit}) or None", eot_id)
    control_ids: Any = tokenizer.control_ids
    if not isinstance(control_ids, Mapping):
        raise refuse("control_ids as a mapping from names to ids", control_ids)
    for control, number in control_ids.items():
        if not isinstance(control, str) or not control:
            raise refuse("names in control_ids", control)
        if as_whole(number) is None or not 0 <= number < limit:
            raise refuse(f"control_ids in [0, {limit})", number)
    streams: Any = tokenizer.streams
    if not isinstance(streams, Mapping) or not all(isinstance(one, StreamInfo) for one in streams.values()):
        raise refuse("streams as a mapping from names to StreamInfo", streams)
    for stream in streams:
        if stream == LOSS or not (isinstance(stream, str) and re.fullmatch(STREAM_NAME, stream)):
            raise refuse(f"streams named by words of up to 32 of a-z, 0-9 and _, other than {LOSS!r}", stream)


__all__ = ["encodings", "fit_tokenizer", "open_tokenizer", "reopen_tokenizer"]

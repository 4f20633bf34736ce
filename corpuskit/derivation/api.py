"""`corpuskit.filter`, `concat`, `reshard` and `split`: corpora made of corpora."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from corpuskit.corpus.corpus import Corpus, open_corpus
from corpuskit.corpus.id_lists import ID_FIELD, id_list
from corpuskit.corpus.new_folder import shard_size
from corpuskit.derivation.filtering import Conditions, Filter
from corpuskit.derivation.joining import Concat
from corpuskit.derivation.making import derive
from corpuskit.derivation.resharding import Reshard
from corpuskit.derivation.splitting import Divide, shares_of
from corpuskit.errors import ConfigError
from corpuskit.on_progress import OnProgress
from corpuskit.selection import Selection

#: A corpus, or where it is.
AnyCorpus = Corpus | str | os.PathLike[str]


def filter(
    corpus: AnyCorpus,
    output: str | os.PathLike[str],
    *,
    where: str = "",
    exclude: str | os.PathLike[str] | None = None,
    only: str | os.PathLike[str] | None = None,
    field: str = ID_FIELD,
    min_tokens: int | None = None,
    max_tokens: int | None = None,
    selection: Selection | None = None,
    splits: Sequence[str] | None = None,
    shard_bytes: int | str | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Corpus:
    """Make a corpus of some documents of another: those that all conditions hold for, in their order.

    Nothing is tokenized again. Streams, kept fields and documents' places go along, every byte is checked on
    the way, and the manifest says what was made of what (`options["derived"]`). The folder appears whole or
    not at all; if just that corpus is there already, nothing is done.

    Args:
        corpus: An open corpus, its folder, or its URL.
        output: The folder to be.
        where: A condition on kept fields, as `corpuskit.select` takes it.
        exclude: A text file of ids, one a line, such as a ban list: their documents are left out.
        only: A text file of ids: only their documents are kept.
        field: The kept field that the ids are of.
        min_tokens: Keep documents of so many tokens or more, an end-of-text id included.
        max_tokens: Keep documents of so many tokens or fewer.
        selection: Keep the documents of a selection, and no other split than its own.
        splits: Which splits, by name; None is all of them.
        shard_bytes: The largest shard, a number or "512M"; None is as large as the corpus's.
        overwrite: Whether a corpus that is there may be replaced.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.

    Returns:
        The new corpus.

    Raises:
        ConfigError: If a condition is impossible, no token is left, or `output` is taken.
        CorpusFormatError: If the corpus is damaged.
        StorageError: If reading the ids or writing failed.

    Example:
        >>> long = corpuskit.filter("data/tinyshakespeare/gpt2", "data/long/gpt2", min_tokens=16)
    """
    conditions = Conditions(
        where=where,
        exclude=None if exclude is None else id_list(exclude, field),
        only=None if only is None else id_list(only, field),
        min_tokens=min_tokens,
        max_tokens=max_tokens,
        selection=selection,
    )
    derivation = Filter(_opened(corpus), conditions, splits=splits, shard_bytes=shard_size(shard_bytes))
    return derive(derivation, output, overwrite=overwrite, on_progress=on_progress).corpus


def concat(
    corpora: Sequence[AnyCorpus],
    output: str | os.PathLike[str],
    *,
    name: str | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Corpus:
    """Make one corpus of several, one after another, split by split; see `filter` for what holds for all.

    Shards stay as they are. Streams and kept fields are united: what a corpus lacks is the stream's fill, and
    null.

    Args:
        corpora: Open corpora, their folders, or their URLs, in order; one may come twice.
        output: The folder to be.
        name: What the corpus is called; None is the names of all with + between.
        overwrite: Whether a corpus that is there may be replaced.
        on_progress: Called often.

    Returns:
        The new corpus.

    Raises:
        ConfigError: If their tokenizers, streams or fields do not go together, or `output` is taken.
        CorpusFormatError: If a corpus is damaged.
        StorageError: If writing failed.
    """
    if isinstance(corpora, (str, os.PathLike, Corpus)):
        raise ConfigError(f"concat: expected a list of corpora, found {corpora!r:.80}; write [one, other]")
    derivation = Concat([_opened(corpus) for corpus in corpora], dataset=name)
    return derive(derivation, output, overwrite=overwrite, on_progress=on_progress).corpus


def reshard(
    corpus: AnyCorpus,
    output: str | os.PathLike[str],
    *,
    shard_bytes: int | str,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Corpus:
    """Make a corpus of the same tokens in shards of another size; see `filter` for what holds for all.

    Args:
        corpus: An open corpus, its folder, or its URL.
        output: The folder to be.
        shard_bytes: The largest shard, a number or "512M".
        overwrite: Whether a corpus that is there may be replaced.
        on_progress: Called often.

    Returns:
        The new corpus.

    Raises:
        ConfigError: If the size is impossible, or `output` is taken.
        CorpusFormatError: If the corpus is damaged.
        StorageError: If writing failed.
    """
    size = shard_size(shard_bytes)
    if size is None:
        raise ConfigError("reshard: expected a size of shards, found None; give shard_bytes, such as '512M'")
    derivation = Reshard(_opened(corpus), size)
    return derive(derivation, output, overwrite=overwrite, on_progress=on_progress).corpus


def split(
    corpus: AnyCorpus,
    shares: str | Mapping[str, float],
    output: str | os.PathLike[str],
    *,
    of: str = "train",
    shard_bytes: int | str | None = None,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Corpus:
    """Make a corpus whose documents are divided anew; see `filter` for what holds for all.

    The hash of a document's ids and the new split's name decides, so equal documents go to the same split,
    and documents that are added or left out later move none of the others.

    Args:
        corpus: An open corpus, its folder, or its URL.
        shares: Each new split with its share of the documents: "valid=0.01,test=0.01", or {"valid": 0.01}.
        output: The folder to be.
        of: The split that is divided; the others stay as they are.
        shard_bytes: The largest shard, a number or "512M"; None is as large as the corpus's.
        overwrite: Whether a corpus that is there may be replaced.
        on_progress: Called often.

    Returns:
        The new corpus.

    Raises:
        ConfigError: If a share is impossible, a split is there already, or `output` is taken.
        CorpusFormatError: If the corpus is damaged.
        StorageError: If writing failed.
    """
    derivation = Divide(_opened(corpus), shares_of(shares), of=of, shard_bytes=shard_size(shard_bytes))
    return derive(derivation, output, overwrite=overwrite, on_progress=on_progress).corpus


def _opened(corpus: AnyCorpus) -> Corpus:
    return corpus if isinstance(corpus, Corpus) else open_corpus(corpus)


__all__ = ["AnyCorpus", "concat", "filter", "reshard", "split"]

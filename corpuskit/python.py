"""`corpuskit.prepare`: what the command does, for scripts and notebooks, with a bar where it can be seen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from corpuskit.config import PrepareConfig, RunConfig
from corpuskit.corpus.corpus import Corpus
from corpuskit.keywords import PrepareOptions, checked, takes
from corpuskit.on_progress import OnProgress
from corpuskit.preparation.api import config_of, run

if TYPE_CHECKING:
    from typing_extensions import Unpack

Dataset = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


@checked
@takes(PrepareOptions)
def prepare(
    dataset: Dataset | None = None,
    *,
    config: PrepareConfig | RunConfig | None = None,
    progress: bool = True,
    on_progress: OnProgress | None = None,
    **options: Unpack[PrepareOptions],
) -> Corpus:
    """Prepare a corpus, or open the one that is there.

    The result's bytes depend on the corpus's text, the tokenizer and the options that the manifest
    records, and on nothing else. A run that was stopped goes on where it was.

    Args:
        dataset: A corpus by name, or files: a path, a folder, a glob, a URL, or several of them. A corpus's
            name wins; a folder of that name is `./word`, or a `pathlib.Path`.
        config: All options at once, such as `corpuskit.read_config` reads; `dataset` and `options` win over
            it.
        progress: Show a bar on a terminal's stderr or under a notebook's cell; False shows nothing.
        on_progress: Called often with a `corpuskit.on_progress.Progress`, in place of the bar.
        options: The fields of `corpuskit.PrepareConfig`: encoding, output, split, workers, ...

    Returns:
        The open corpus.

    Raises:
        ConfigError: If an option is impossible, or a corpus that was prepared differently is in the place.
        CorpuskitError: Its other children, for what can go wrong with text, vocabularies and disks.

    Example:
        >>> corpus = corpuskit.prepare("tinyshakespeare", encoding="gpt2")  # doctest: +SKIP
        >>> len(corpus["train"])  # doctest: +SKIP
        301966
    """
    chosen = config_of(dataset, config, options)
    if on_progress is not None or not progress:
        return run(chosen, on_progress=on_progress).corpus
    from corpuskit.bars import ProgressBars

    with ProgressBars() as bars:
        return run(chosen, on_progress=bars).corpus


__all__ = ["prepare"]

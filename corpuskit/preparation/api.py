"""From a configuration to a corpus on disk, or to the one that is there already."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corpuskit.config import PrepareConfig, RunConfig, part_of
from corpuskit.config.keywords import PrepareKeywords, checked, takes
from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError
from corpuskit.on_progress import OnProgress
from corpuskit.preparation.outcome import PartsMade, Prepared
from corpuskit.preparation.preview.preview import preview
from corpuskit.preparation.preview.result import PreparationPlan
from corpuskit.preparation.run import Run
from corpuskit.urls import remote_path

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from corpuskit.preparation.remote_run import PublishedRun


Dataset = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


@checked
@takes(PrepareKeywords)
def prepare(
    dataset: Dataset | None = None,
    *,
    config: PrepareConfig | RunConfig | None = None,
    progress: bool = True,
    on_progress: OnProgress | None = None,
    **options: Unpack[PrepareKeywords],
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
        on_progress: Called often with a `corpuskit.Progress`, in place of the bar.
        options: The fields of `corpuskit.PrepareConfig`: encoding, output, split, workers, ...

    Returns:
        The open corpus.

    Raises:
        ConfigError: If an option is impossible, or a corpus that was prepared differently is in the place.
        CorpuskitError: Its other children, for what can go wrong with text, vocabularies and disks.

    Example:
        >>> corpus = corpuskit.prepare("tinyshakespeare", encoding="gpt2")
        >>> len(corpus["train"])
        301966
    """
    chosen = config_of(dataset, config, options)
    if on_progress is not None or not progress:
        return run(chosen, on_progress=on_progress).corpus
    from corpuskit.terminal.progress_bars import ProgressBars

    with ProgressBars() as bars:
        return run(chosen, on_progress=bars).corpus


def make_parts(config: PrepareConfig, *, on_progress: OnProgress | None = None) -> PartsMade | Prepared:
    """Make the parts that `config.parts` says, and no corpus yet: for arrays of jobs on a shared folder.

    Any number of these may run at once, on any machines that see the output's folder.

    Returns:
        What was made; or the corpus, if it is there already.
    """
    return _open(config, on_progress).make_parts()


def commit_parts(config: PrepareConfig, *, on_progress: OnProgress | None = None) -> Prepared:
    """Make the corpus of parts that other runs have made.

    Raises:
        ConfigError: If parts are missing; the message says how many and which is the first.
    """
    return _open_whole(config, on_progress).go(only_commit=True)


@checked
@takes(PrepareKeywords)
def plan(
    dataset: Dataset | None = None,
    *,
    config: PrepareConfig | RunConfig | None = None,
    on_progress: OnProgress | None = None,
    **options: Unpack[PrepareKeywords],
) -> PreparationPlan:
    """Every file that `prepare` would read, all that is wrong with them, and what it would make and take.

    Text is read and encoded in places all over the corpus; one of up to 64 MB is read to its end. Nothing is
    written. Inputs that are not on this machine are fetched, and a tokenizer whose vocabulary comes from the
    corpus reads all of it.

    Args:
        dataset: A corpus by name, or files: a path, a folder, a glob, a URL, or several of them.
        config: All options at once; `dataset` and `options` win over it.
        on_progress: Called often with a `corpuskit.Progress`; `with corpuskit.progress() as bars` gives bars.
        options: What `prepare` takes; what says where the corpus goes is not needed.

    Returns:
        The plan, which prints as the command line does. What is wrong with files is in it and is not raised,
        so that all of it is known at once.

    Raises:
        CorpuskitError: As `prepare`, for what is not about files.

    Example:
        >>> corpuskit.plan("./my.txt", encoding="gpt2").num_parts
        1
    """
    asked = config_of(dataset, config, options)
    _check_whole(asked)
    anywhere = {"output": None, "work_dir": None}
    return preview(Run(asked.model_copy(update=anywhere), on_progress or (lambda progress: None)))


def run(config: PrepareConfig, *, on_progress: OnProgress | None = None) -> Prepared:
    """Prepare a corpus, or find the one that is there: `corpuskit.prepare`, told and answered in full."""
    return _open_whole(config, on_progress).go()


def _open_whole(config: PrepareConfig, on_progress: OnProgress | None) -> Run | PublishedRun:
    """The run of a configuration that is about the whole corpus."""
    _check_whole(config)
    return _open(config, on_progress)


def _check_whole(config: PrepareConfig) -> None:
    """Check that a configuration is about the whole corpus.

    Raises:
        ConfigError: If it asks for a share of the parts.
    """
    if config.parts is not None:
        raise ConfigError(
            f"parts = {config.parts!r}: only 'corpuskit prepare --parts' makes a share of the parts; leave "
            "it out to make, commit or plan the whole corpus"
        )


def _open(config: PrepareConfig, on_progress: OnProgress | None) -> Run | PublishedRun:
    """The run that a configuration means: in the place itself, or on this machine and published then."""
    on_progress = on_progress or (lambda progress: None)
    place = remote_path(config.output) if config.output is not None else None
    if place is None:
        if config.work_dir is not None:
            raise ConfigError(
                f"--work-dir {config.work_dir}: only a corpus for an object store is made in another folder "
                "first, and --output is a folder of this machine; leave --work-dir out"
            )
        return Run(config, on_progress)
    from corpuskit.preparation.remote_run import PublishedRun, work_folder

    folder = work_folder(place, config.work_dir)
    local = config.model_copy(update={"output": folder / "corpus", "overwrite": True})
    return PublishedRun(Run(local, on_progress), place, folder, overwrite=config.overwrite)


def config_of(
    dataset: Any, config: PrepareConfig | RunConfig | None, options: Mapping[str, Any]
) -> PrepareConfig:
    """The configuration that the arguments of `prepare` mean together."""
    given = {"dataset": [*dataset] if isinstance(dataset, (list, tuple)) else dataset, **options}
    base = {} if config is None else part_of(config, PrepareConfig).model_dump(exclude_unset=True)
    return PrepareConfig.make(base, given)

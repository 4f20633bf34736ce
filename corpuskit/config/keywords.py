"""The options of Python's functions, by name: for completion, for `help()`, and for whoever mistypes one.

`prepare`, `plan` and `Corpus.batches` take what their configurations have. Type checkers and editors read the
names here; `takes` puts them into a function's signature.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypedDict, TypeVar

from corpuskit.config.base import Config
from corpuskit.config.batches import BatchConfig
from corpuskit.config.prepare import PrepareConfig
from corpuskit.errors import ConfigError
from corpuskit.near import near
from corpuskit.selection import Selection

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


class PrepareKeywords(TypedDict, total=False):
    """The fields of `corpuskit.PrepareConfig`, without the dataset."""

    encoding: str
    add_tokens: bool
    name: str | None
    output: Path | str | None
    work_dir: Path | str | None
    location: Path | str | None
    split: str | None
    eot: bool | None
    bos: str | None
    format: str | None
    text_field: str | list[str] | None
    keep: str | None
    separator: str | None
    lines: bool | None
    template: str | None
    train_on: Literal["assistant", "last", "all"] | None
    invalid_utf8: Literal["error", "replace"]
    on_bad_document: Literal["error", "skip"]
    on_missing: Literal["skip", "error"]
    reader_options: Mapping[str, bool | int | float | str]
    max_tokens: int | str | None
    part_bytes: int | str | None
    shard_bytes: int | str
    engine: str
    executor: str
    workers: int | None
    parts: str | None
    overwrite: bool


class BatchKeywords(TypedDict, total=False):
    """What `corpuskit.Batches` takes beside the split."""

    batch_size: int | Sequence[tuple[int | str, int]]
    block_size: int | Sequence[tuple[int | str, int]]
    context_length: int | Sequence[tuple[int | str, int]] | None
    sampler: str
    seed: int
    device: str | None
    debug: bool
    output: Literal["torch", "numpy"]
    rank: int | Literal["auto"] | None
    world_size: int | Literal["auto"] | None
    documents: bool | Literal["mask"]
    layout: Literal["rows", "flat"]
    max_segment: int | None
    max_segments: int | None
    streams: Sequence[str]
    labels: bool | str
    loss: bool
    prefetch: int
    resident: bool
    sampler_options: Mapping[str, Any] | None
    selection: Selection | str | None
    num_targets: int
    fim: float | Mapping[str, Any] | None
    exclude: Path | str | Sequence[int] | Selection | None


class EvaluationKeywords(TypedDict, total=False):
    """What `corpuskit.Evaluation` takes beside what is evaluated."""

    batch_size: int
    block_size: int
    stride: int | None
    documents: bool | Literal["packed"]
    labels: bool | str
    loss: bool
    device: str | None
    output: Literal["torch", "numpy"]
    rank: int | Literal["auto"] | None
    world_size: int | Literal["auto"] | None
    prefetch: int


#: What has the options' defaults; an option that it lacks is None by default.
_MODELS: dict[type, type[Config]] = {
    PrepareKeywords: PrepareConfig,
    BatchKeywords: BatchConfig,
    EvaluationKeywords: BatchConfig,
}


def takes(options: type) -> Callable[[F], F]:
    """Show in a function's signature what its `**options` are.

    Args:
        options: `PrepareKeywords`, `BatchKeywords` or `EvaluationKeywords`.
    """

    def show(function: F) -> F:
        signature = inspect.signature(function)
        fixed = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
        fields = _MODELS[options].model_fields
        more = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=fields[name].default if name in fields else None,
                annotation=kind,
            )
            for name, kind in typing.get_type_hints(options).items()
        ]
        function.__signature__ = signature.replace(parameters=[*fixed, *more])  # type: ignore[attr-defined]
        return function

    return show


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Have a function refuse a keyword that it does not have with the name that is meant.

    Raises:
        ConfigError: From the function, in one line.
    """
    known = [name for name in inspect.signature(function).parameters if name != "self"]
    title = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in known:
                raise ConfigError(f"{title}() has no argument {name!r}; {meant(name, known)}", found=name)
        return function(*args, **kwargs)

    return call


def meant(name: str, known: list[str]) -> str:
    """Which keyword is meant by one that a function does not have, or which it has.

    Args:
        name: What was said.
        known: The keywords that there are.
    """
    aliases = {"from": "location"} if "location" in known else {}
    found = near(name, [*known, *aliases], most=1)
    return f"did you mean {aliases.get(found[0], found[0])!r}?" if found else f"known: {', '.join(known)}"


__all__ = ["BatchKeywords", "EvaluationKeywords", "PrepareKeywords", "checked", "meant", "takes"]

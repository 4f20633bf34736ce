"""What `corpus.batches` can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AliasChoices, Field, PlainSerializer, ValidatorFunctionWrapHandler, WrapValidator

from corpuskit.config.base import Config

#: The sizes of a batch where nobody says any, and what `debug=True` shrinks one to.
BATCH_SIZE, BLOCK_SIZE = 64, 128
DEBUG_BATCH_SIZE, DEBUG_BLOCK_SIZE = 2, 8


def _or_schedule(value: Any, one_size: ValidatorFunctionWrapHandler) -> Any:
    """A schedule as it is, if it has the form of one; anything else must be one size."""
    if not isinstance(value, list | tuple):
        return one_size(value)
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value):
        raise ValueError("a whole number, or a schedule of (place, size), such as [(0, 64), (10_000, 128)]")
    return tuple((place, size) for place, size in value)


#: One size, or (place, size) from steps or tokens of a run on; `corpuskit.Batches` says which are possible.
if TYPE_CHECKING:
    Size = int | Sequence[tuple[int | str, int]]
else:
    Size = Annotated[int, Field(ge=1), WrapValidator(_or_schedule), PlainSerializer(lambda size: size)]


class BatchConfig(Config):
    """Everything that `corpus.batches` can be told from a file or from flags."""

    split: str = Field("train", description="The split to draw from.")
    batch_size: Size = Field(
        BATCH_SIZE,
        description="B, windows in a batch over all ranks; or a schedule, such as [(0, 64), (10_000, 128)].",
    )
    block_size: Size = Field(
        BLOCK_SIZE,
        validation_alias=AliasChoices("block_size", "context_length"),
        description="T, tokens in a window; or a schedule, such as [(0, 256), (20_000, 1024)].",
    )
    sampler: str = Field("random", description="Which windows are drawn.")
    seed: int = Field(0, description="Different seeds give unrelated orders.")
    device: str | None = Field(
        None,
        description="Where torch tensors go: 'cpu', 'cuda', 'cuda:1', ...; 'auto' is a GPU if there is one.",
    )
    debug: bool = Field(
        False, description=f"Shrink to batch_size {DEBUG_BATCH_SIZE} and block_size {DEBUG_BLOCK_SIZE}."
    )
    output: Literal["torch", "numpy"] = Field("torch", description="What x and y are.")
    rank: int | Literal["auto"] | None = Field(
        None,
        description="This process's number among world_size; 'auto' asks torch.distributed, or torchrun.",
    )
    world_size: int | Literal["auto"] | None = Field(
        None, description="Processes that share each batch; 'auto' as for rank."
    )
    documents: bool | Literal["mask"] = Field(
        False,
        description="Also give the segments of documents; 'mask' also has the loss ignore targets in another "
        "document.",
    )
    layout: Literal["rows", "flat"] = Field(
        "rows", description="'flat' gives all rows of a batch as one, with the segments of documents."
    )
    max_segment: int | None = Field(None, ge=1, description="Cut segments of documents to so many tokens.")
    max_segments: int | None = Field(
        None, ge=1, description="Give so many segments with each batch; those after the last are empty."
    )
    streams: Sequence[str] = Field((), description="Also give these streams of values, by their names.")
    labels: bool | str = Field(
        False,
        description="Also say which corpus each target is of, or which value of a kept field, by its name.",
    )
    loss: bool = Field(True, description="Have the loss ignore targets that the stream 'loss' leaves out.")
    prefetch: int = Field(0, ge=0, description="Batches that a thread makes ahead.")
    resident: bool = Field(False, description="Keep the whole split on the device.")
    sampler_options: dict[str, Any] | None = Field(None, description="What the sampler can be told.")
    num_targets: int = Field(
        1, ge=1, description="n, how many tokens ahead each place of x has targets for; y is (B, n, T) then."
    )
    fim: float | Mapping[str, Any] | None = Field(
        None,
        description="Fill in the middle: the share of documents, or a table of rate, spm_rate, and the "
        "tokens prefix, suffix and middle.",
    )
    exclude: str | None = Field(
        None,
        description="Leave out the documents whose ids, values of the kept field 'id', are in this file, one "
        "a line.",
    )

    def options(self) -> dict[str, Any]:
        """What `corpuskit.Batches` takes, beside the split."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "split"}

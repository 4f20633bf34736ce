"""What `Batches` can be told, checked before anything is read."""

from __future__ import annotations

from corpuskit.batches.stream import TokenStream
from corpuskit.config import BLOCK_SIZE, DEBUG_BATCH_SIZE, DEBUG_BLOCK_SIZE
from corpuskit.errors import ConfigError
from corpuskit.numbers import whole
from corpuskit.registry.distribution import NAME as DISTRIBUTION
from corpuskit.samplers.base import Sampler, SamplerContext, SpanSampler


def open_sampler_for(split: TokenStream, name: str, context: SamplerContext) -> Sampler | SpanSampler:
    """The sampler of that name over a split; a mixture's stream opens one over all its corpora."""
    opened: Sampler | SpanSampler
    if hasattr(split, "open_sampler"):
        opened = split.open_sampler(name, context)
    else:
        from corpuskit import registry

        component = registry.default().find("sampler", name)
        opened = component.make(context)
        if component.owner.distribution != DISTRIBUTION:
            from corpuskit.samplers.guard import guarded

            opened = guarded(opened, component, context)
    return opened


def sizes(
    batch_size: int, block_size: int, *, context_length: int | None, debug: bool, world_size: int = 1
) -> tuple[int, int]:
    """The batch size and block size that the options mean together; arguments as those of `Batches`.

    Raises:
        ConfigError: If a size is none, or is said twice.
    """
    if context_length is not None:
        if block_size not in (BLOCK_SIZE, context_length):
            raise ConfigError(
                f"block_size = {block_size!r} and context_length = {context_length!r} are one option; leave "
                "one out",
                found=context_length,
            )
        block_size = whole("context_length", context_length, least=1)
    if debug:
        return -(-DEBUG_BATCH_SIZE // world_size) * world_size, DEBUG_BLOCK_SIZE
    return whole("batch_size", batch_size, least=1), whole("block_size", block_size, least=1)


def check_sizes(split: TokenStream, *, batch_size: int, block_size: int, rank: int, world_size: int) -> None:
    """Refuse sizes that do not go together.

    Raises:
        ConfigError: Naming the numbers.
    """
    if rank >= world_size:
        raise ConfigError(
            f"rank = {rank!r}: must be from 0 to {world_size - 1}, world_size being {world_size}", found=rank
        )
    if batch_size % world_size:
        raise ConfigError(
            f"batch_size {batch_size} cannot be shared by {world_size} ranks: it is the global batch size "
            f"and must be a multiple of world_size, such as {-(-batch_size // world_size) * world_size}",
            expected=world_size,
            found=batch_size,
        )
    if split.num_tokens < block_size + 1:
        raise ConfigError(
            f"split {split.name!r} has {split.num_tokens:,} tokens, a window of block_size {block_size:,} "
            f"needs {block_size + 1:,}; choose a block_size of at most {max(split.num_tokens - 1, 0):,}",
            expected=block_size + 1,
            found=split.num_tokens,
        )


def check_output(output: str, device: str | None, *, documents: bool | str, resident: bool) -> None:
    """Refuse kinds of output that do not exist or do not go together.

    Raises:
        ConfigError: Naming the option and what is allowed.
    """
    if output not in ("torch", "numpy"):
        raise ConfigError(f"output = {output!r}: must be 'torch' or 'numpy'", found=output)
    if output == "numpy" and device not in (None, "cpu", "auto"):
        raise ConfigError(f"output 'numpy' cannot be on device {device!r}; leave device out", found=device)
    if output == "numpy" and resident:
        raise ConfigError("output 'numpy' cannot be resident; leave resident out")
    if documents not in (False, True, "mask"):
        raise ConfigError(f"documents = {documents!r}: must be False, True or 'mask'", found=documents)

"""What a person may say: the options of `prepare` and of `batches`, checked before any work starts."""

from corpuskit.config.base import Config, describe
from corpuskit.config.batches import BATCH_SIZE, BLOCK_SIZE, DEBUG_BATCH_SIZE, DEBUG_BLOCK_SIZE, BatchConfig
from corpuskit.config.prepare import PrepareConfig
from corpuskit.config.run import RunConfig, part_of, read_config, read_toml

__all__ = [
    "BATCH_SIZE",
    "BLOCK_SIZE",
    "DEBUG_BATCH_SIZE",
    "DEBUG_BLOCK_SIZE",
    "BatchConfig",
    "Config",
    "PrepareConfig",
    "RunConfig",
    "describe",
    "part_of",
    "read_config",
    "read_toml",
]

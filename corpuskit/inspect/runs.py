"""The run that a user means by a path: batches of a corpus or a mixture, by options or by a saved state."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any

from corpuskit import reading
from corpuskit.batches import Batches
from corpuskit.config import BatchConfig
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.mixture_file import read_mixture
from corpuskit.errors import ConfigError, ResumeError
from corpuskit.paths import user_path
from corpuskit.urls import remote_path

#: A state is a few hundred bytes and its schedules, of up to 100,000 places each: 7 MB, or 12 indented.
_MAX_STATE_BYTES = 2**24
#: What a state says of the batches that saved it.
_SAVED = (
    "split",
    "batch_size",
    "block_size",
    "seed",
    "sampler",
    "sampler_options",
    "num_targets",
    "fim",
)
#: The whole of each batch, in this process's memory.
_WHOLE: dict[str, Any] = {
    "output": "numpy",
    "device": None,
    "resident": False,
    "rank": 0,
    "world_size": 1,
    "prefetch": 0,
}


@dataclasses.dataclass(frozen=True)
class Data:
    """What is drawn from.

    Args:
        path: Where it is, as it was said.
        corpora: The corpora by their names in a mixture; one that is alone is called "".
    """

    path: str
    corpora: Mapping[str, Corpus]

    @property
    def is_mixture(self) -> bool:
        """Whether it is a mixture, of however many corpora."""
        return "" not in self.corpora

    def batches(self, config: BatchConfig) -> Batches:
        """Whole batches in NumPy.

        Raises:
            ConfigError: If an option is impossible.
        """
        options = {**config.options(), **_WHOLE}
        if not self.is_mixture:
            return self.corpora[""].batches(config.split, **options)
        return read_mixture(self.path).batches(config.split, **options)


def open_data(path: str | os.PathLike[str], *, encoding: str | None = None) -> Data:
    """A corpus, or a mixture by its file.

    Args:
        path: The corpus's folder or URL, or a TOML file that `corpuskit.read_mixture` reads.
        encoding: The tokenizer to decode with, where the corpus's manifest holds its name only.

    Raises:
        ConfigError: If a mixture's file is wrong.
        CorpusFormatError: If it is no corpus, or damaged.
    """
    said = os.fspath(path)
    if remote_path(said) is None and user_path(said, what="corpus").is_file():
        return Data(said, read_mixture(said).corpora)
    return Data(said, {"": Corpus(said, encoding=encoding)})


def read_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `batches.state_dict()` gave, from a JSON file.

    Raises:
        ConfigError: If the file cannot be read.
        ResumeError: If it holds no state, or more bytes than one may have.
    """
    try:
        value = json.loads(reading.read_named(user_path(path, what="--state"), max_bytes=_MAX_STATE_BYTES))
    except reading.TooLarge as error:
        raise ResumeError(
            f"--state {path}: {error.strerror}, which no state of batches is; of a checkpoint, save the "
            "batches' state by itself: json.dump(batches.state_dict(), file)",
            path=path,
        ) from error
    except OSError as error:
        raise ConfigError(f"--state {path}: cannot be read: {error.strerror or error}", path=path) from error
    except (ValueError, RecursionError) as error:
        raise ResumeError(
            f"--state {path}: not JSON: save batches.state_dict() with json.dump", path=path
        ) from error
    if not isinstance(value, dict) or "sample" not in value:
        raise ResumeError(
            f"--state {path}: not a state of batches; save batches.state_dict() itself, with json.dump",
            path=path,
        )
    return value


def resumed(data: Data, state: Mapping[str, Any], *, sampler: str | None = None) -> Batches:
    """The batches that saved a state, where they stood.

    Args:
        data: What they drew from.
        state: The state.
        sampler: The sampler of those corpora of a mixture for which its file says none.

    Raises:
        ResumeError: If the state is of another corpus or order, or damaged.
    """
    said = {name: state[name] for name in _SAVED if name in state}
    if data.is_mixture:
        said.pop("sampler", None)
    try:
        config = BatchConfig.make(said, {"sampler": sampler})
        batches = data.batches(config)
    except ConfigError as error:
        raise ResumeError(f"the state does not fit {data.path}: {error}", found=said) from error
    batches.load_state_dict(state)
    return batches


__all__ = ["Data", "open_data", "read_state", "resumed"]

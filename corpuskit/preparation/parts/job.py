"""What a worker is told and what it answers: both are JSON, so any process on any machine can take part.

The files are checked when they are read: each holds a digest of itself, and nothing in it is believed that
does not fit the rest.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from corpuskit import reading, sealed, storage
from corpuskit.corpus.manifest import TokenizerRecord
from corpuskit.errors import StorageError
from corpuskit.preparation.parts.files import one_line, reader_of
from corpuskit.preparation.plan import Part, fields_of
from corpuskit.sources.base import Input
from corpuskit.urls import redact_url
from corpuskit.value_streams import StreamInfo

_JOB_BYTES = 4 * 2**30
_JOB_FILE = "job.json"


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """Everything that is needed to make any part of a corpus.

    Args:
        folder: Where the parts' files go; every worker must see it.
        fingerprint: The plan's identity; a part's record carries it.
        dataset: What the source is opened from.
        reader_options: The source's options: location, format and the reader's own.
        tokenizer: The tokenizer, as the manifest has it.
        engine: What computes the ids.
        split_rule: As `--split` takes it.
        eot_id: The id appended after each document, or None.
        dtype: "<u2" or "<u4".
        shard_bytes: The largest shard.
        streams: The streams of values that parts may write beside the ids.
        inputs: The inputs in order.
        parts: The parts in order.
        keep: The fields that are kept, as `--keep` takes them.
        template_fingerprint: What identifies the template's file; empty without one.
        bos_id: The id in front of each document, or None.
    """

    folder: str
    fingerprint: str
    dataset: str | list[str]
    reader_options: Mapping[str, Any]
    tokenizer: TokenizerRecord
    engine: str
    split_rule: str
    eot_id: int | None
    dtype: str
    shard_bytes: int
    inputs: tuple[Input, ...]
    parts: tuple[Part, ...]
    streams: Mapping[str, StreamInfo]
    keep: str | None = None
    template_fingerprint: str = ""
    bos_id: int | None = None

    def private(self) -> dict[str, Any]:
        """The URLs that hold credentials, as a JSON value; empty if there are none.

        The job's file does not have them. An executor hands them to `load_job` in some other way than files.
        """
        inputs = {str(number): item.location for number, item in enumerate(self.inputs)}
        told = {"dataset": self.dataset, "location": self.reader_options.get("location")}
        secret: dict[str, Any] = {key: value for key, value in told.items() if _shown(value) != value}
        if secret_inputs := {number: url for number, url in inputs.items() if _shown(url) != url}:
            secret["inputs"] = secret_inputs
        return secret

    def private_file(self) -> IO[bytes]:
        """A file without a name that holds what `private` gives: the stdin of a process that makes parts."""
        file = storage.anonymous_file(Path(self.folder))
        file.write(json.dumps(self.private()).encode())
        file.seek(0)
        return file

    def with_private(self, private: Mapping[str, Any]) -> Job:
        """The job with the URLs that `private` gave."""
        inputs = list(self.inputs)
        for number, location in private.get("inputs", {}).items():
            inputs[int(number)] = dataclasses.replace(inputs[int(number)], location=location)
        options = dict(self.reader_options)
        if "location" in private:
            options["location"] = private["location"]
        dataset = private.get("dataset", self.dataset)
        return dataclasses.replace(self, dataset=dataset, reader_options=options, inputs=tuple(inputs))

    def to_json(self) -> dict[str, Any]:
        """What the job's file says: a JSON value without credentials."""
        options = {**self.reader_options}
        if "location" in options:
            options["location"] = _shown(options["location"])
        return {
            **{key: value for key, value in fields_of(self).items() if (key, value) != ("bos_id", None)},
            "dataset": _shown(self.dataset),
            "reader_options": options,
            "tokenizer": self.tokenizer.model_dump(),
            "inputs": [{**fields_of(item), "location": _shown(item.location)} for item in self.inputs],
            "parts": [part.to_json() for part in self.parts],
            "streams": {name: dataclasses.asdict(info) for name, info in self.streams.items()},
        }


def _shown(value: Any) -> Any:
    """A URL, or several, without credentials; anything else as it is."""
    if isinstance(value, list):
        return [_shown(each) for each in value]
    return redact_url(value) if isinstance(value, str) and "://" in value else value


def save_job(job: Job) -> None:
    """Write the job into its folder, where workers on other machines read it; it holds no credentials."""
    # Not indented: of many inputs that would take seconds, and only workers read it.
    storage.write_bytes(Path(job.folder) / _JOB_FILE, sealed.to_bytes(job.to_json(), indented=False))


def load_job(folder: Path, private: Mapping[str, Any] | None = None) -> Job:
    """The job in a folder.

    Args:
        folder: The folder.
        private: What the job's `private` gave; without it, a job of URLs with credentials cannot be done.

    Raises:
        StorageError: If there is none, or it is damaged.
    """
    path = folder / _JOB_FILE
    try:
        data = reading.read_file(path, max_bytes=_JOB_BYTES)
        if not sealed.is_whole(data):
            raise ValueError("it is not as it was written")
        job: Job = reader_of(Job).validate_json(data, strict=True)
        return job.with_private(private or {})
    except (OSError, ValueError, LookupError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise StorageError(f"{path}: no job to work on: {reason}", path=folder) from error


#: Called as parts go on: (part, bytes of text encoded since the last call, tokens, documents).
OnWork = Callable[[int, int, int, int], None]

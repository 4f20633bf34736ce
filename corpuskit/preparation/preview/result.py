"""What `corpuskit plan` shows: every file with its problems, and what preparing them would make and take."""

from __future__ import annotations

import dataclasses
from typing import Any

from corpuskit.errors import CorpuskitError
from corpuskit.preparation.preview.estimate import Estimate
from corpuskit.sources.listing.folders.left_out import LeftOut


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file that would be read, or a member of a zip archive.

    Args:
        name: What the manifest would call it.
        format: The name of its reader; empty where it could not be looked at.
        compression: The compression that its name says, or "".
        size_bytes: Its size as it is stored.
        split: The split that all of it belongs to, or None.
        fields: The columns or fields of its records; text has none.
        problems: What is wrong with it, each as a line.
    """

    name: str
    format: str = ""
    compression: str = ""
    size_bytes: int = 0
    split: str | None = None
    fields: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class PreparationPlan:
    """What preparing a corpus would make and take; `print()` shows it as the command line does.

    Args:
        dataset: What the corpus would be called.
        encoding: The tokenizer's name.
        files: Every file, in order, with its fields and its problems.
        left_out: The files that were found and would not be read.
        errors: All that is wrong, in the order of the files; `prepare` stops at one of them. What is judged
            below is then the rest.
        num_parts: Parts of the work.
        estimate: What would be made and taken, judged from a sample; None where no file can be read.
        peak_disk_bytes: About how much is on the disk just before the work ends.
        fingerprint: What identifies the work that would be done; empty where something is wrong.
    """

    dataset: str
    encoding: str
    files: tuple[PlannedFile, ...]
    left_out: LeftOut
    errors: tuple[CorpuskitError, ...] = ()
    num_parts: int = 0
    estimate: Estimate | None = None
    peak_disk_bytes: int = 0
    fingerprint: str = ""

    def __str__(self) -> str:
        from corpuskit.preparation.preview.text import text_of

        return text_of(self)

    def to_json(self) -> dict[str, Any]:
        """All of it as a JSON value: sizes in bytes, times in seconds, what is judged with its bounds."""
        return {
            "dataset": self.dataset,
            "encoding": self.encoding,
            "files": [_json(file) for file in self.files],
            "left_out": dict(self.left_out.names),
            "problems": [
                {"message": str(error), "kind": type(error).__name__, "exit_code": error.exit_code}
                for error in self.errors
            ],
            "num_parts": self.num_parts,
            **({} if self.estimate is None else dataclasses.asdict(self.estimate)),
            "peak_disk_bytes": self.peak_disk_bytes,
            "fingerprint": self.fingerprint,
        }


def _json(file: PlannedFile) -> dict[str, Any]:
    return dataclasses.asdict(file) | {"fields": list(file.fields), "problems": list(file.problems)}


__all__ = ["PlannedFile", "PreparationPlan"]

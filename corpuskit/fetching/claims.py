"""What servers say a file is, so that no answer is believed against an earlier one."""

from __future__ import annotations

import dataclasses
import re

from corpuskit.fetching.options import Transient


@dataclasses.dataclass(frozen=True, slots=True)
class Validator:
    """What a server says of one version of a file.

    Args:
        etag: Its ETag.
        last_modified: Its Last-Modified date.
        total_bytes: Its size.
    """

    etag: str | None = None
    last_modified: str | None = None
    total_bytes: int | None = None

    @property
    def if_range(self) -> str | None:
        """What to send as If-Range; None where this version cannot be told from another one."""
        if self.etag is not None and re.fullmatch(r'"[^"]*"', self.etag):
            return self.etag
        return self.last_modified if self.total_bytes is not None else None

    def is_other_than(self, other: Validator) -> bool:
        """Whether both say which version they are of, and not the same one."""
        if self.etag and other.etag:
            return self.etag != other.etag
        return bool(self.last_modified and other.last_modified and self.last_modified != other.last_modified)

    def filled_from(self, other: Validator) -> Validator:
        """This, with what only the other one says."""
        return Validator(
            self.etag or other.etag,
            self.last_modified or other.last_modified,
            other.total_bytes if self.total_bytes is None else self.total_bytes,
        )


class Contradiction(Transient):
    """An answer says or gives something else than was said before."""


class Claims:
    """What has been said so far of a file about which nobody else says anything.

    An answer that does not say that it is of another version must agree with the ones before it.

    Args:
        checked: Whether a sha256 or a size decides what the file is. Then nothing is held against anybody.
    """

    def __init__(self, *, checked: bool) -> None:
        self.checked = checked
        self._said = Validator()

    @property
    def total_bytes(self) -> int | None:
        """The size that was said last."""
        return self._said.total_bytes

    def hear(self, version: Validator) -> None:
        """Take note of what an answer says.

        Raises:
            Contradiction: If it contradicts an earlier one.
        """
        if self.checked:
            return
        if version.is_other_than(self._said):
            self._said = version
            return
        said, says = self._said.total_bytes, version.total_bytes
        if None not in (said, says) and said != says:
            raise self._contradiction(f"says that it has {says:,} bytes")
        self._said = version.filled_from(self._said)

    def check_size(self, num_bytes: int, *, whole: bool) -> None:
        """Compare what has come with what was said.

        Raises:
            Contradiction: If it is more, or if it is all and less.
        """
        said = self.total_bytes
        if said is not None and (num_bytes > said or (whole and num_bytes < said)):
            raise self._contradiction(f"sends {num_bytes:,} bytes{'' if whole else ' and more'}")

    def of_another_place(self) -> Claims:
        """The same for a mirror: versions are called otherwise there, and the size is the same."""
        claims = Claims(checked=self.checked)
        claims._said = Validator(total_bytes=self.total_bytes)
        return claims

    def _contradiction(self, does: str) -> Contradiction:
        return Contradiction(
            f"the server {does}, and {self.total_bytes:,} were said before; without a sha256 "
            "nothing tells which is right; if the file was replaced, run 'corpuskit cache clear --partials'"
        )

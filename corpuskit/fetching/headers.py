"""Numbers, dates and statuses that servers send, each read in one place; what is not right is None."""

from __future__ import annotations

import dataclasses
import email.utils
import http
import re

#: Enough for any file, and few enough digits for any arithmetic.
_NUMBER = "[0-9]{1,19}"
_DATE = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [1-9][0-9]{3} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")
_LONGEST_WAIT_S = 10.0**18

#: Statuses below 500 that another attempt may not get.
_TRANSIENT = (408, 425, 429)


@dataclasses.dataclass(frozen=True, slots=True)
class ContentRange:
    """Which bytes of a file a body is: from `first` to `last`, of `total_bytes` if the server said it."""

    first: int
    last: int
    total_bytes: int | None


def content_length(value: str) -> int | None:
    """The number of a Content-Length; several that are equal count as one."""
    numbers = {number.strip(" \t") for number in value.split(",")}
    number = numbers.pop()
    return int(number) if not numbers and re.fullmatch(_NUMBER, number) else None


def content_range(value: str) -> ContentRange | None:
    """The Content-Range of a part of a file."""
    match = re.fullmatch(rf"bytes ({_NUMBER})-({_NUMBER})/({_NUMBER}|\*)", value)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    total_bytes = None if match[3] == "*" else int(match[3])
    if last < first or (total_bytes is not None and total_bytes <= last):
        return None
    return ContentRange(first, last, total_bytes)


def unsatisfied_range(value: str) -> int | None:
    """The size of the file that a Content-Range of a refusal (416) tells."""
    match = re.fullmatch(rf"bytes \*/({_NUMBER})", value)
    return None if match is None else int(match[1])


def date(value: str) -> float | None:
    """Seconds since 1970 of a date."""
    if not _DATE.fullmatch(value):
        return None
    try:
        return email.utils.parsedate_to_datetime(value.replace("GMT", "+0000")).timestamp()
    except ValueError:  # February 31st
        return None


def retry_after_s(value: str, *, now: float) -> float | None:
    """How long a Retry-After asks to wait: a number of seconds, or a date."""
    value = value.strip(" \t")
    if re.fullmatch("[0-9]+", value):
        return float(value) if re.fullmatch(_NUMBER, value) else _LONGEST_WAIT_S
    moment = date(value)
    return None if moment is None else max(0.0, moment - now)


def status_text(status: int) -> str:
    """What a server answered, for people."""
    try:
        return f"the server answered {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"the server answered {status}"


def is_gone(status: int | None) -> bool:
    """Whether a status says that there is no such file."""
    return status in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE)


def may_pass(status: int) -> bool:
    """Whether another attempt may get another status."""
    return status in _TRANSIENT or status >= 500

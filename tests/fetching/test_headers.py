"""Numbers and dates from outside: right, or None, and never another error."""

from __future__ import annotations

import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import FetchError
from corpuskit.fetching.headers import (
    ContentRange,
    content_length,
    content_range,
    date,
    retry_after_s,
    unsatisfied_range,
)
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile

NUMBERS = [
    "9" * 5000,
    "-5",
    "+5",
    "1_0",
    "0x5",
    "5.0",
    "",
    " ",
    "\N{ARABIC-INDIC DIGIT FIVE}",
    "²",
    "5 5",
    "1e3",
    "NaN",
    "5, 6",
]
DATES = [
    "Mon, 99999999999999999999 Jan 2020 00:00:00 GMT",
    "Mon, 99999999999999999999 Jan",
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Mon, 01 Jan 2020 99999999999999999999:00:00 GMT",
    "Mon, 01 Jan 2020 00:00:00 +99999999999999999999",
    "Mon, 31 Feb 2020 00:00:00 GMT",
    "Mon, 01 Jan 0000 00:00:00 GMT",
    "Mon, 01 Jan 2020 25:61:61 GMT",
    "Mon, 01 Jan 2020 00:00:00",
    "9" * 5000,
    "yesterday",
    "",
    "\x00",
]


@pytest.mark.parametrize("value", NUMBERS)
def test_what_is_no_number_is_none(value):
    assert content_length(value) is None
    assert content_range(f"bytes 0-{value}/10") is None
    assert content_range(f"bytes {value}-9/10") is None
    assert content_range(f"bytes 0-9/{value}") is None
    assert unsatisfied_range(f"bytes */{value}") is None


@pytest.mark.parametrize("value", DATES)
def test_what_is_no_date_is_none(value):
    assert date(value) is None


@given(st.integers(0, 10**19 - 1), st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_are_read_as_they_were_written(number, first, more):
    assert content_length(str(number)) == number
    assert content_length(f"{number}, {number}") == number
    assert unsatisfied_range(f"bytes */{number}") == number
    last, total = first + more, first + more + 1
    assert content_range(f"bytes {first}-{last}/{total}") == ContentRange(first, last, total)
    assert content_range(f"bytes {first}-{last}/*") == ContentRange(first, last, None)
    assert content_range(f"bytes {first}-{last}/{last}") is None
    assert content_range(f"bytes {last + 1}-{last}/*") is None


@given(st.integers(0, 4 * 10**9))
def test_dates_are_read_as_they_were_written(seconds):
    text = email.utils.formatdate(seconds, usegmt=True)
    assert date(text) == seconds
    assert retry_after_s(text, now=seconds - 7) == 7
    assert retry_after_s(text, now=seconds + 7) == 0


@given(st.text())
def test_no_text_raises_anything(text):
    for parse in (content_length, content_range, unsatisfied_range, date):
        parse(text)
    retry_after_s(text, now=0.0)


def test_an_absurd_wait_is_longer_than_any():
    assert retry_after_s("9" * 5000, now=0.0) == 10.0**18
    assert retry_after_s("-5", now=0.0) is None


HEADERS = {
    "Content-Length": NUMBERS,
    "Last-Modified": DATES,
    "Date": DATES,
    "Retry-After": DATES + NUMBERS,
    "Age": NUMBERS,
    "Expires": DATES,
    "ETag": ['"' + "e" * 5000 + '"', '"', "\x7f"],
    "Set-Cookie": [f"a=b; Max-Age={'9' * 5000}", f"a=b; Expires={DATES[0]}", "=;=;" * 100, "a=b; Version=x"],
    "Content-Type": ["x" * 5000, "text/plain; charset=" + "9" * 5000, "multipart/byteranges"],
    "Content-Disposition": ["x" * 5000],
}
CASES = [(name, value) for name, values in HEADERS.items() for value in values]


@pytest.mark.parametrize("status", ["200", "206", "416", "503"])
@pytest.mark.parametrize(("name", "value"), CASES)
@pytest.mark.fault("N5", "N11")
def test_an_absurd_header_costs_an_attempt_at_most(server, cache_dir, fake, name, value, status):
    absurd = {name: value} if value.isprintable() else {}
    step = {
        "200": server.file(etag=None, headers=absurd),
        "206": server.file(range_headers=absurd),
        "416": server.status("416 Range Not Satisfiable", **absurd),
        "503": server.status("503 Service Unavailable", **absurd),
    }[status]
    server.script(*([server.file(cut=40_000)] if status in ("206", "416") else []), step, server.file())
    options = fake.options(max_retry_after_s=2.0 * 10**18, total_timeout_s=10.0**19)
    found = fetch(server.remote(), cache_dir=cache_dir, options=options)
    assert found.path.read_bytes() == server.content


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("form", ["bytes {}-102399/102400", "bytes 40000-{}/102400", "bytes 40000-102399/{}"])
def test_absurd_ranges_are_refused(server, cache_dir, fake, form, value):
    absurd = server.file(range_headers={"Content-Range": form.format(value)})
    server.script(server.file(cut=40_000), absurd, server.file())
    found = fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content


@pytest.mark.parametrize(
    ("name", "value"), [case for case in CASES if case[0] in ("Last-Modified", "Date", "Set-Cookie")]
)
def test_a_right_file_with_absurd_advice_is_taken(server, cache_dir, fake, name, value):
    server.script(server.file(headers={name: value} if value.isprintable() else {}))
    fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"size_bytes": "50000"},
        {"size_bytes": None},
        {"size_bytes": -1},
        {"size_bytes": 1e300},
        {"total_bytes": "x"},
        {"etag": 5},
        {"sha256": None},
    ],
    ids=str,
)
def test_a_partial_whose_record_was_changed_is_not_used(server, cache_dir, fake, change):
    import json

    server.script(server.file(cut=50_000), server.status("404 Not Found"))
    with pytest.raises(FetchError):
        fetch(server.remote(), cache_dir=cache_dir, options=fake.options())
    (path,) = cache_dir.glob("partials/*.json")
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}))
    server.script(server.file())
    assert fetch(server.remote(), cache_dir=cache_dir, options=fake.options()).size_bytes == 102_400
    assert not list(cache_dir.glob("partials/*"))

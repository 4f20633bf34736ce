"""A server says how long a file is, and later something else. Without a sha256 nothing else tells."""

from __future__ import annotations

import json

import pytest

from corpuskit.errors import FetchError
from corpuskit.fetching.claims import Claims, Contradiction, Validator
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile

OLD = "Wed, 21 Oct 2015 07:28:00 GMT"
CUT = 40_000

CUTS = {
    "strong ETag": {},
    "weak ETag": {"etag": 'W/"v1"'},
    "date": {"etag": None, "modified": OLD},
    "nothing": {"etag": None},
}


def short(server, **fields):
    """The file as it would be if it ended where the first answer was cut."""
    return server.file(content=server.content[:CUT], **fields)


def refusal(server, value, **fields):
    """A 416, with this Content-Range."""
    headers = {} if value is None else {"Content_Range": value}
    return server.status("416 Range Not Satisfiable", **headers, **fields)


#: What follows an answer of 102,400 bytes that was cut after 40,000, of the same version if of any.
LIES = {
    "416 of what arrived": lambda s, v: refusal(s, f"bytes */{CUT}"),
    "416 of the total": lambda s, v: refusal(s, "bytes */102400"),
    "416 without a total": lambda s, v: refusal(s, None),
    "416 of an absurd total": lambda s, v: refusal(s, f"bytes */{'9' * 5000}"),
    "200 of what arrived": lambda s, v: short(s, ranges=False, **v),
    "200 of what arrived, without a validator": lambda s, v: short(s, ranges=False, etag=None),
    "200 chunked of what arrived": lambda s, v: short(s, ranges=False, chunked=True, **v),
    "200 chunked, without a validator": lambda s, v: short(s, ranges=False, chunked=True, etag=None),
    "200 without a length": lambda s, v: short(s, ranges=False, length=False, **v),
    "200 that is longer": lambda s, v: s.file(content=s.content + b"x", ranges=False, **v),
    "200 chunked that is longer": lambda s, v: s.file(
        content=s.content + b"x", ranges=False, chunked=True, **v
    ),
    "200 of nothing": lambda s, v: s.file(content=b"", ranges=False, **v),
    "206 of a smaller total": lambda s, v: s.file(
        range_headers={"Content-Range": "bytes 40000-59999/60000", "Content-Length": "20000"}, **v
    ),
    "206 of a larger total": lambda s, v: s.file(
        range_headers={"Content-Range": "bytes 40000-102399/999999"}, **v
    ),
    "206 of no total, shorter": lambda s, v: s.file(
        range_headers={"Content-Range": "bytes 40000-59999/*", "Content-Length": "20000"}, **v
    ),
    "206 from elsewhere": lambda s, v: s.file(range_headers={"Content-Range": "bytes 0-102399/102400"}, **v),
    "206 beyond the end": lambda s, v: s.file(
        content=s.content + b"x", range_headers={"Content-Range": "bytes 40000-102400/*"}, **v
    ),
    "206 chunked, longer than its range": lambda s, v: s.file(
        content=s.content + b"x",
        chunked=True,
        range_headers={"Content-Range": "bytes 40000-102399/102400"},
        **v,
    ),
    "206 of another ETag": lambda s, v: s.file(range_headers={"ETag": '"v2"'}, **v),
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("lie", LIES)
@pytest.mark.fault("N10", "N11")
def test_an_answer_that_contradicts_an_earlier_one_never_makes_a_whole_file(
    server, cache_dir, fake, lie, cut
):
    first = server.file(cut=CUT, **CUTS[cut])
    server.script(first, LIES[lie](server, CUTS[cut]))
    file = RemoteFile(server.url())
    if lie.startswith("206") and "chunked" not in lie and "beyond" not in lie:
        # The server has the whole file where no range is asked for.
        found = fetch(file, cache_dir=cache_dir, options=fake.options())
        assert found.path.read_bytes() == server.content
        return
    with pytest.raises(FetchError) as caught:
        fetch(file, cache_dir=cache_dir, options=fake.options())
    assert "\n" not in str(caught.value)
    assert not list(cache_dir.glob("files/*/*"))
    assert not list(cache_dir.glob("urls/*"))
    server.script(server.file(**CUTS[cut]))
    assert fetch(file, cache_dir=cache_dir, options=fake.options()).path.read_bytes() == server.content
    assert not list(cache_dir.glob("partials/*"))


@pytest.mark.parametrize("lie", LIES)
def test_a_contradiction_that_passes_ends_with_the_right_file(server, cache_dir, fake, lie):
    server.script(server.file(cut=CUT), LIES[lie](server, {}), server.file())
    found = fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content


@pytest.mark.parametrize("lie", LIES)
def test_what_an_earlier_run_was_told_counts(server, cache_dir, fake, lie):
    file = RemoteFile(server.url())
    server.script(server.file(cut=CUT), server.status("404 Not Found"))
    with pytest.raises(FetchError):
        fetch(file, cache_dir=cache_dir, options=fake.options())
    (record,) = cache_dir.glob("partials/*.json")
    assert json.loads(record.read_bytes())["total_bytes"] == 102_400
    server.script(LIES[lie](server, {}), server.file())
    found = fetch(file, cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("new", [{"etag": '"v2"'}, {"etag": 'W/"v2"'}])
def test_a_version_that_says_that_it_is_another_may_have_another_size(server, cache_dir, fake, new, chunked):
    server.script(server.file(cut=CUT), server.file(content=b"n" * 9, chunked=chunked, **new))
    found = fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == b"n" * 9


def test_a_later_date_is_another_version(server, cache_dir, fake):
    later = OLD.replace("2015", "2016")
    server.script(
        server.file(etag=None, modified=OLD, cut=CUT),
        server.file(etag=None, modified=later, content=b"n" * 9),
    )
    found = fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == b"n" * 9


@pytest.mark.parametrize("known", [{"sha256": None}, {"size_bytes": None}])
def test_what_the_caller_knows_counts_more_than_what_servers_said(server, cache_dir, fake, known):
    lying = server.file(content=server.content + b"x" * 9, cut=CUT)
    server.script(lying, server.file(ranges=False))
    found = fetch(server.remote(**known), cache_dir=cache_dir, options=fake.options(max_bytes=10**6))
    assert found.path.read_bytes() == server.content


@pytest.mark.parametrize("etag", ['"v1"', '"other"', None])
def test_a_mirror_does_not_end_a_file_where_another_was_cut(server, other_server, cache_dir, fake, etag):
    server.script(server.file(cut=CUT))
    server.steps["/file.txt"].append(server.status("404 Not Found"))
    other_server.script(other_server.file(content=server.content[:CUT], etag=etag))
    file = RemoteFile(server.url(), mirrors=(other_server.url(),))
    with pytest.raises(FetchError, match="says that it has 40,000 bytes, and 102,400 were said before"):
        fetch(file, cache_dir=cache_dir, options=fake.options())
    assert not list(cache_dir.glob("files/*/*"))
    assert "range" not in other_server.requests[0].headers
    other_server.script(other_server.file(etag=etag))
    server.script(server.status("404 Not Found"))
    assert fetch(file, cache_dir=cache_dir, options=fake.options()).path.read_bytes() == server.content


def test_a_redirect_to_another_server_does_not_end_a_file_there(server, other_server, cache_dir, fake):
    server.script(server.redirect(other_server.url("/a")), server.redirect(other_server.url("/b")))
    other_server.script(other_server.file(cut=CUT), path="/a")
    other_server.script(other_server.status("416 No", Content_Range=f"bytes */{CUT}"), path="/b")
    with pytest.raises(FetchError, match="416"):
        fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert not list(cache_dir.glob("files/*/*"))


def test_416_says_nothing_of_a_file_whose_size_was_never_said(server, cache_dir, fake):
    server.script(server.file(cut=CUT, chunked=True), refusal(server, f"bytes */{CUT}"), server.file())
    found = fetch(RemoteFile(server.url()), cache_dir=cache_dir, options=fake.options())
    assert found.path.read_bytes() == server.content


def test_a_store_that_gives_less_than_it_has_is_an_error(cache_dir, fake, monkeypatch):
    import io

    import fsspec

    system = fsspec.filesystem("memory")
    system.pipe_file("/claims/a.txt", b"x" * 10)

    class Short(io.BytesIO):
        size = 10

    monkeypatch.setattr(type(system), "_open", lambda self, path, mode="rb", **options: Short(b"x" * 4))
    with pytest.raises(FetchError, match="it gave 4 of 10 bytes"):
        fetch(RemoteFile("memory://claims/a.txt"), cache_dir=cache_dir, options=fake.options())
    assert not list(cache_dir.glob("files/*/*"))


def test_claims_are_merged_and_only_another_version_replaces_them():
    claims = Claims(checked=False)
    claims.hear(Validator(total_bytes=10))
    claims.hear(Validator(etag='"a"'))
    claims.hear(Validator(etag='"a"', last_modified=OLD))
    assert claims.total_bytes == 10
    for version in (
        Validator(total_bytes=9),
        Validator(etag='"a"', total_bytes=9),
        Validator(last_modified=OLD, total_bytes=9),
    ):
        with pytest.raises(Contradiction):
            claims.hear(version)
    claims.hear(Validator(etag='"b"'))
    assert claims.total_bytes is None
    claims.hear(Validator(total_bytes=9))
    assert claims.of_another_place().total_bytes == 9

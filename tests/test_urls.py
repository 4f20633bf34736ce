from __future__ import annotations

import os
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.urls import file_path, redact_text, redact_url, remote_path, url_id

CANARY = "c4n4ry-Secret"


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("https://example.org/a.txt", "https://example.org/a.txt"),
        ("https://me:pw@example.org:8080/a.txt", "https://example.org:8080/a.txt"),
        ("https://token@example.org/a", "https://example.org/a"),
        ("https://example.org/@scope/a?part=2", "https://example.org/@scope/a?part=2"),
        ("https://[::1]:80/a?sig=x&se=2", "https://[::1]:80/a?sig=REDACTED&se=2"),
        ("https://x.org/?a=1;token=b;c&d=2", "https://x.org/?a=1;token=REDACTED&d=2"),
        ("https://x.org/#access_token=abc", "https://x.org/#access_token=REDACTED"),
        ("https://x.org/?to%6ben=abc", "https://x.org/?to%6ben=REDACTED"),
        ("https://x.org/?q=http%3A%2F%2Fa%3Ab%40c%2F&n=1", "https://x.org/?q=http%3A%2F%2Fc%2F&n=1"),
        ("https://x.org/?q=http%3A%2F%2Fc%2F&n=1", "https://x.org/?q=http%3A%2F%2Fc%2F&n=1"),
        ("https://me:p/w#?@x.org/a", "https://x.org/a"),
        ("zip://a.txt::https://me:pw@x.org/a.zip?sig=1", "zip://a.txt::https://x.org/a.zip?sig=REDACTED"),
        ("github://org:repo@main/a.txt", "github://org:repo@main/a.txt"),
        ("hf://datasets/me/corpus@main/a.txt", "hf://datasets/me/corpus@main/a.txt"),
        ("s3://bucket/key?X-Amz-Signature=abc", "s3://bucket/key?X-Amz-Signature=REDACTED"),
        ("https://x.org/a\r\nb", "https://x.org/a%0D%0Ab"),
        ("./data/my file.txt", "./data/my file.txt"),
        ("https://web.org/save/http://me:pw@x.org/a", "https://web.org/save/http://x.org/a"),
        ("https://me:pw@x.org/http://you:pw@y.org", "https://x.org/http://y.org"),
        ("1https://me:pw@x.org/a", "1https://x.org/a"),
    ],
)
def test_redact_url(url, redacted):
    assert redact_url(url) == redacted


NAMES = [
    *("sig", "token", "access_token", "hf-token", "api_key", "apikey", "key", "password", "X-Amz-Signature"),
    *(
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "X-Goog-Signature",
        "AWSAccessKeyId",
        "Signature",
        "Policy",
    ),
    *("client_secret", "auth", "jwt", "sessionid", "X-MS-Token", "Authorization", "subscription-key"),
]


@pytest.mark.parametrize("name", NAMES)
def test_query_parameters_that_carry_credentials_are_redacted(name):
    assert (
        redact_url(f"https://x.org/a?b=1&{name}={CANARY}&c=2") == f"https://x.org/a?b=1&{name}=REDACTED&c=2"
    )


SECRETS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).map(
    lambda text: CANARY + text + CANARY
)


@given(SECRETS, st.sampled_from(NAMES), st.booleans())
@pytest.mark.fault("S4")
def test_no_part_of_a_secret_survives(secret, name, escaped):
    shown = quote(secret, safe="") if escaped else secret.replace("&", "").replace("#", "").replace("::", "")
    url = redact_url(f"https://me:{quote(secret, safe='')}@x.org/a?n=1&{name}={shown}")
    assert CANARY not in url
    assert url.isprintable()
    assert urlsplit(url).hostname == "x.org"


@given(st.text(max_size=60))
def test_redaction_never_fails_and_is_done_once(url):
    once = redact_url(url)
    assert redact_url(once) == once
    assert redact_text(url).isprintable()
    assert len(url_id(url)) == 64


@pytest.mark.fault("S4")
def test_text_of_other_libraries_is_redacted():
    text = f"Max retries: 'https://me:{CANARY}@x.org/a?b=1&sig={CANARY}' (GET /a?token={CANARY} HTTP/1.1)"
    assert redact_text(text) == (
        "Max retries: 'https://x.org/a?b=1&sig=REDACTED' (GET /a?token=REDACTED HTTP/1.1)"
    )


PIECES = [
    *("x", "1", "://", "a://", "http://me:pw@h ", "http://a:b/", "?a=", "?a=http://", "?a=b%3A%2F%2F%3Fa%3D"),
    *("?a=;b", "&;", "?token", "token\n", "tokenkey=", "a::", "@", ":", "%", "\x00", '"', "é", "a://b:c?d@"),
]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("redact", [redact_text, redact_url])
def test_redaction_of_megabytes_ends(redact, piece):
    """60 KB of letters took 24 seconds when the time was quadratic; 500 KB would take half an hour."""
    assert redact(piece * (500_000 // len(piece))).isprintable()


@example(["?a=", f"?sig={CANARY}"])
@given(st.lists(st.sampled_from([*PIECES, f"https://me:{CANARY}@h", f"?sig={CANARY}"]), max_size=8))
def test_credentials_are_found_between_anything(pieces):
    text = " ".join(pieces)
    assert CANARY not in redact_text(text)
    assert CANARY not in redact_url(text)


def test_urls_inside_urls_inside_urls_are_dropped_at_some_depth():
    url = f"http://me:{CANARY}@h/?a="
    nested = url + quote(url + quote(url + quote(url + quote(url + quote(url)))))
    assert CANARY not in redact_url(nested)
    assert CANARY not in redact_text(f"<{nested}>")


def test_rotating_signatures_are_one_file_and_keys_that_may_be_names_are_not():
    assert url_id("https://x.org/a?sig=1") == url_id("https://u:p@x.org/a?sig=2")
    assert url_id("https://x.org/a?key=a.txt") != url_id("https://x.org/a?key=b.txt")
    assert url_id("https://x.org/a?sig=1") == url_id(redact_url("https://x.org/a?sig=1"))


def test_a_file_url_names_any_bytes():
    assert os.fsencode(file_path("file:///a/%ff%e9") or "") == b"/a/\xff\xe9"
    assert os.fsencode(file_path("file:///a\udcff%20b") or "") == b"/a\xff b"
    assert file_path("file://LOCALHOST/a%20b") == "/a b"


@pytest.mark.parametrize("url", ["s3://", "s3:///", "memory://", "hf://"])
def test_a_url_that_names_nothing_is_refused(url):
    with pytest.raises(ConfigError, match="names no place in a store; say which"):
        remote_path(url)

"""What stores and the libraries that read them raise becomes one line without credentials."""

from __future__ import annotations

import logging
import subprocess
import sys

import fsspec
import pytest

from corpuskit.errors import CorpuskitError, FetchError, SourceError
from corpuskit.registry.distribution import install_command
from corpuskit.sources.base import Input
from corpuskit.sources.inputs.files import UrlFile, store_errors
from corpuskit.sources.lookup import open_source
from corpuskit.sources.user_files import UserFiles

CANARY = "c4n4ry-Secret"
URL = f"memory://me:{CANARY}@stored/x.jsonl?token={CANARY}"


class NotOneOfOurs(Exception):
    """As botocore's: neither an OSError nor a ValueError."""


ERRORS = [
    *(NotOneOfOurs, OSError, FileNotFoundError, PermissionError, ImportError, ValueError, TypeError),
    *(KeyError, AttributeError, RuntimeError, TimeoutError, RecursionError, MemoryError, EOFError),
]


def chain(error):
    """Everything that a traceback or a debugger would show of an error."""
    text = ""
    while error is not None:
        text += f"{error!s} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
    return text


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.fault("S4")
def test_any_error_of_a_store_is_one_line_without_credentials(kind):
    def fail():
        try:
            raise RuntimeError(URL)
        except RuntimeError as error:
            raise kind(f"cannot read {URL}\nand more {CANARY}") from error

    expected = SourceError if kind is FileNotFoundError else FetchError
    with pytest.raises(expected) as caught, store_errors(URL, "read"):
        fail()
    assert CANARY not in chain(caught.value)
    assert str(caught.value).startswith("memory://stored/x.jsonl?token=REDACTED: cannot be read: ")
    assert "\n" not in str(caught.value)


def test_errors_of_our_own_pass():
    error = SourceError("ours")
    with pytest.raises(SourceError) as caught, store_errors(URL, "read"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("call", ["info", "open", "read", "close"])
def test_every_call_of_a_file_behind_a_url_is_guarded(monkeypatch, call):
    system = fsspec.filesystem("memory")
    system.pipe_file("/stored/x.txt", b"text")
    item = Input("memory://stored/x.txt", 4, "", location="memory://stored/x.txt")

    def fail(*arguments, **options):
        raise NotOneOfOurs(CANARY)

    def use():
        if call in ("info", "open"):
            monkeypatch.setattr(type(system), call, fail)
        file = UrlFile(item)
        monkeypatch.setattr(file, "_file", type("Broken", (), {"read": fail, "close": fail})())
        file.read() if call == "read" else file.close()

    with pytest.raises(
        FetchError, match=r"memory://stored/x.txt: cannot be \w+: memory:// failed with NotOne"
    ):
        use()


@pytest.mark.parametrize(
    "url",
    [
        f"reference://x.jsonl?sig={CANARY}",
        f"nosuch://me:{CANARY}@host/x.jsonl",
        f"github://x.jsonl?token={CANARY}",
        f"data://x.jsonl?sig={CANARY}",
        f"zip://x.jsonl?sig={CANARY}",
        f"simplecache::reference://x.jsonl?sig={CANARY}",
        f"ftp://me:{CANARY}@127.0.0.1:1/x.jsonl",
        f"memory://none/x.jsonl?sig={CANARY}",
        f"memory://none/*.jsonl?sig={CANARY}",
    ],
)
def test_no_url_is_answered_by_a_traceback(url, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CorpuskitError) as caught:
        UserFiles([url]).inputs()
    assert caught.value.exit_code in (2, 3, 4)
    assert CANARY not in chain(caught.value) + caplog.text
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s3://bucket/x.jsonl", "NoCredentialsError: Unable to locate credentials"),
        ("s3://no such bucket!/x.jsonl", "ParamValidationError: Parameter validation failed"),
        (f"s3://key:{CANARY}@bucket/x.jsonl?X-Amz-Signature={CANARY}", "s3:// failed with"),
        ("reference://x.jsonl", "reference:// needs more than a URL"),
    ],
)
def test_prepare_of_a_store_that_cannot_be_read_is_one_line(tmp_path, url, reason):
    pytest.importorskip("s3fs")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "CORPUSKIT_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": ":".join(sys.path),
    }
    command = [sys.executable, "-m", "corpuskit", "prepare", url, "--encoding", "bytes", "--output", "out"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert CANARY not in done.stderr


@pytest.mark.parametrize(("url", "extra"), [("s3://bucket/x.txt", "s3"), ("gs://bucket/x.txt", "gcs")])
def test_a_store_whose_file_system_is_not_installed_names_the_extra_that_brings_it(monkeypatch, url, extra):
    def url_to_fs(url):
        raise ImportError("Install it by hand")

    monkeypatch.setattr("fsspec.core.url_to_fs", url_to_fs)
    with pytest.raises(FetchError, match="needs a package that is not installed; run: ") as raised:
        open_source(url).inputs()
    assert str(raised.value).endswith(f"; run: {install_command(extra)}")

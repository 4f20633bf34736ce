from __future__ import annotations

import hashlib
import json

import pytest
from click.testing import CliRunner

from corpuskit import folders
from corpuskit.cli.cache import command
from corpuskit.fetching import packaged, trust

SHA256 = "ab" * 32
TINYSHAKESPEARE = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path))
    for name in (f"files/ab/{SHA256}", f"partials/{SHA256}.{'0' * 16}.part", "tables/t.bin"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(1000))
    trust.save(tmp_path, "https://x.org/a?sig=1", sha256=SHA256, size_bytes=1, length_verified=True)
    return lambda *arguments, **options: CliRunner().invoke(command, arguments, **options)


def kinds(tmp_path):
    return sorted({path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()})


def test_where_prints_the_folder(run, tmp_path):
    assert run("where").stdout == f"{tmp_path}\n"


def test_size_lists_each_kind(run, tmp_path):
    assert run("size").stdout.split() == [
        *("files", "1", "1,000", "bytes", "partials", "1", "1,000", "bytes", "tables", "1", "1,000", "bytes"),
        *("shards", "0", "0", "bytes", "work", "0", "0", "bytes"),
    ]
    value = json.loads(run("size", "--json").stdout)
    assert value["path"] == str(tmp_path)
    assert value["contents"][0] == {"kind": "files", "num_files": 1, "size_bytes": 1000}


@pytest.mark.parametrize(
    ("option", "left"),
    [
        ((), ["urls"]),
        (("--all",), []),
        (("--partials",), ["files", "tables", "urls"]),
        (("--url", "https://x.org/a?sig=2"), ["files", "partials", "tables"]),
        (("--url", "https://x.org/a?sig=REDACTED"), ["files", "partials", "tables"]),
        (("--url", "https://x.org/other"), ["files", "partials", "tables", "urls"]),
        (("--older-than", "1"), ["files", "partials", "tables", "urls"]),
    ],
)
def test_clear_deletes_what_is_asked_for(run, tmp_path, option, left):
    result = run("clear", "--yes", *option)
    assert (result.exit_code, result.stdout) == (0, "")
    assert kinds(tmp_path) == left


def test_clear_asks_first(run, tmp_path):
    refused = run("clear", input="n\n")
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"Delete 3 files (3,000 bytes) in {tmp_path}? [y/N]")
    assert len(kinds(tmp_path)) == 4
    assert run("clear", input="y\n").stderr.endswith(f"deleted 3 files (3,000 bytes) in {tmp_path}\n")


def test_clear_says_when_there_is_nothing(run, tmp_path):
    run("clear", "--all", "--yes")
    assert run("clear").stderr == f"nothing to delete in {tmp_path}\n"


def test_options_that_exclude_each_other_are_a_usage_error(run):
    result = run("clear", "--all", "--partials")
    assert result.exit_code == 2
    assert "--partials, --all and --url exclude each other" in result.stderr


def test_unfinished_corpora_are_counted_and_deleted_unless_somebody_works_on_them(run, tmp_path):
    place = tmp_path / "work" / ("0" * 32)
    parts = place / ".corpus.preparing" / ("a" * 16)
    for folder in (place / "corpus", parts):
        folder.mkdir(parents=True)
    for path in (
        place / "corpus" / "train-00000.bin",
        place / "corpus" / "manifest.json",
        parts / "job.json",
    ):
        path.write_bytes(bytes(100))
    notes = place / "notes.txt"
    notes.write_bytes(b"mine")
    assert run("size").stdout.split()[-4:] == ["work", "4", "304", "bytes"]
    with folders.in_use(parts):
        run("clear", "--yes")
        assert (parts / "job.json").exists()
    run("clear", "--yes")
    assert [path for path in (tmp_path / "work").rglob("*") if path.is_file()] == [notes]
    notes.unlink()
    assert not parts.exists()


def test_add_puts_files_in_and_says_whose_they_are(run, tmp_path):
    file = tmp_path / "mine.txt"
    file.write_bytes(b"text")
    done = run("add", str(file))
    digest = hashlib.sha256(b"text").hexdigest()
    assert done.stdout == f"{tmp_path}/files/{digest[:2]}/{digest}\n"
    assert done.stderr == f"{file}: sha256 {digest}, of no known corpus; one with it will find it\n"
    assert (tmp_path / "files" / digest[:2] / digest).read_bytes() == b"text"
    file.write_bytes(packaged.read(TINYSHAKESPEARE))
    done = run("add", str(file), str(file))
    assert done.stderr.endswith(f"sha256 {TINYSHAKESPEARE}, a file of tinyshakespeare\n")
    assert run("add", str(tmp_path / "absent")).exit_code

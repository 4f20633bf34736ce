"""A run whose corpus goes to an object store."""

from __future__ import annotations

import json
import logging

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit.cli import root
from corpuskit.errors import StorageError
from corpuskit.preparation.api import commit_parts, make_parts, run
from corpuskit.urls import RemotePath

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")


def without_run(files):
    return {name: data for name, data in files.items() if name != "run.json"}


def test_preparing_again_reads_the_manifest_and_puts_nothing(bucket, s3, texts, options):
    corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)
    s3.requests.clear()
    config = corpuskit.PrepareConfig(dataset=str(texts), output=f"{bucket}/mine", **options)
    assert not run(config).made
    assert not s3.seen("PUT")
    assert not s3.seen("GET", ".bin")


@pytest.mark.fault("S4")
def test_credentials_are_nowhere(bucket, s3, texts, options, keys, caplog, capfd):
    caplog.set_level(logging.DEBUG, logger="corpuskit")
    s3.fault = lambda request: 403 if "train-00002" in request.key and request.method == "PUT" else None
    with pytest.raises(StorageError) as denied:
        corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)
    s3.reset()
    corpuskit.prepare(str(texts), output=f"{bucket}/mine", **options)
    shown = repr(denied.value) + str(denied.value) + caplog.text + "".join(capfd.readouterr())
    shown += repr(keys(f"{bucket}/mine"))
    assert "CANARY" not in shown
    assert denied.value.__context__ is None


def test_the_commands_take_urls(bucket, s3, texts, options):
    url = f"{bucket}/mine"
    runner = CliRunner()
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    made = runner.invoke(root, ["prepare", str(texts), "--output", url, *flags])
    assert made.exit_code == 0, made.output
    assert made.stdout == f"{url}\n"
    info = runner.invoke(root, ["info", url, "--json"])
    assert json.loads(info.stdout)["path"] == url
    shown = runner.invoke(root, ["show", url, "--tokens", "8"])
    assert shown.exit_code == 0, shown.output
    verified = runner.invoke(root, ["verify", url])
    assert verified.exit_code == 0, verified.output
    assert "every byte is as the manifest says" in verified.stderr


def test_parts_and_commit_go_to_a_store_through_a_shared_folder(
    bucket, texts, options, keys, files, tmp_path
):
    shared = {**options, "output": f"{bucket}/mine", "work_dir": tmp_path / "shared"}
    for share in ("1/2", "2/2"):
        config = corpuskit.PrepareConfig(dataset=str(texts), parts=share, **shared)
        make_parts(config)
    commit_parts(corpuskit.PrepareConfig(dataset=str(texts), **shared))
    corpuskit.prepare(str(texts), output=tmp_path / "local", **options)
    assert without_run(keys(f"{bucket}/mine")) == without_run(files(tmp_path / "local"))
    assert list((tmp_path / "shared").iterdir()) == []


def test_a_work_folder_that_is_a_link_is_refused(bucket, texts, options, tmp_path):
    (tmp_path / "stranger").mkdir()
    (tmp_path / "stranger" / "keep").touch()
    (tmp_path / "work").mkdir()
    place = RemotePath(f"{bucket}/mine")
    (tmp_path / "work" / place.id).symlink_to(tmp_path / "stranger")
    with pytest.raises(StorageError, match="is a link to .*; delete it, or choose another --work-dir"):
        corpuskit.prepare(str(texts), output=place.url, work_dir=tmp_path / "work", **options)
    assert [path.name for path in (tmp_path / "stranger").iterdir()] == ["keep"]

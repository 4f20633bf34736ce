"""Files of work: believed as far as they can be checked, and without secrets."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from corpuskit.errors import StorageError
from corpuskit.preparation.parts.job import Job, load_job, save_job
from corpuskit.testing.executors import make_job


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return make_job(tmp_path)


def test_a_job_comes_back_as_it_was_saved(job):
    assert load_job(Path(job.folder)) == job


def test_a_damaged_job_is_an_error_in_one_line(job):
    path = Path(job.folder) / "job.json"
    data = path.read_bytes()
    for at in range(0, len(data), 7):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(StorageError, match=r"job\.json: no job to work on: ") as caught:
            load_job(path.parent)
        assert "\n" not in str(caught.value)


def test_no_credential_is_in_a_jobs_file(job):
    urls = [f"s3://me:CANARY@bucket/{number}?sig=CANARY" for number in range(6)]
    secret = dataclasses.replace(
        job,
        dataset=urls,
        reader_options={"location": "https://x.org/?token=CANARY", "format": None, "reader": {}},
        inputs=tuple(
            dataclasses.replace(item, location=url) for item, url in zip(job.inputs, urls, strict=True)
        ),
    )
    save_job(secret)
    assert b"CANARY" not in (Path(job.folder) / "job.json").read_bytes()
    with secret.private_file() as private:
        assert load_job(Path(job.folder), json.load(private)) == secret
    assert job.private() == {}

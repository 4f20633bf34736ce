"""Conversations of a named corpus, whose own options say which template writes them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import corpuskit
from corpuskit import registry
from corpuskit.errors import ConfigError
from corpuskit.preparation.executors import local
from corpuskit.preparation.parts.job import load_job
from corpuskit.preparation.parts.worker import Worker
from corpuskit.testing.distributions import fake_distribution

PLUGIN = """
import os

import corpuskit
from corpuskit.chat.chatml import Chatml
from corpuskit.plugin import RemoteFile, SourceSpec, TemplateSpec

class Signed(Chatml):
    def __init__(self, *, name, argument):
        super().__init__(name=name, argument=argument)
        self.fingerprint = os.environ["SIGNED"] * 64

@corpuskit.hookimpl
def corpuskit_templates():
    return [TemplateSpec("signed", "ChatML of a file", factory="talking:Signed")]

@corpuskit.hookimpl
def corpuskit_sources():
    files = (RemoteFile("https://example.invalid/talks.jsonl"),)
    return [SourceSpec("talks", "Talks", files=files, format="chat", reader_options={"template": "signed"})]
"""


@pytest.fixture(autouse=True)
def plugin(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    fake_distribution(
        folder, "corpuskit-talking", entry_points={"talking": "talking"}, modules={"talking": PLUGIN}
    )
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("SIGNED", "a")
    registry.default.cache_clear()
    yield
    registry.default.cache_clear()
    sys.modules.pop("talking", None)


def test_a_worker_compares_the_template_that_the_corpus_declares(tmp_path, monkeypatch):
    talk = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    (tmp_path / "talks.jsonl").write_text(json.dumps({"messages": talk}) + "\n")
    jobs = []

    def run(self, job, numbers, **more):
        jobs.append(job)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(local.LocalExecutor, "run", run)
        with pytest.raises(KeyboardInterrupt):
            corpuskit.prepare(
                "talks", encoding="bytes", location=str(tmp_path / "talks.jsonl"), add_tokens=True,
                split="none", output=tmp_path / "made",
            )  # fmt: skip
    assert Worker(load_job(Path(jobs[0].folder))).run(0).num_documents == 1
    monkeypatch.setenv("SIGNED", "b")
    with pytest.raises(ConfigError, match="template 'signed' of this machine is not the one of the plan"):
        Worker(jobs[0])

"""What a manifest says about where a corpus came from and what made its ids."""

import json
import sys

import pytest
from click.testing import CliRunner

import corpuskit
from corpuskit import registry
from corpuskit.cli import root
from corpuskit.errors import UnavailableName, UnknownName
from corpuskit.registry import discovery
from corpuskit.testing.distributions import fake_distribution

PLUGIN = """
import hashlib
import numpy as np
import corpuskit
from corpuskit import RemoteFile, SourceSpec, TokenizerSpec
from corpuskit.tokenizers.base import Tokenizer

class Shouts(Tokenizer):
    vocab_size = 256

    def __init__(self, *, name, argument, state):
        self.name = name

    @property
    def fingerprint(self):
        return hashlib.sha256(b"shouts").hexdigest()

    def encode(self, text):
        return np.frombuffer(text.upper().encode(), np.uint8).astype(np.uint32)

    def decode_bytes(self, ids):
        return bytes(list(ids))

@corpuskit.hookimpl
def corpuskit_tokenizers():
    return [TokenizerSpec("shouts", "Upper case", factory="shouting:Shouts")]

@corpuskit.hookimpl
def corpuskit_sources():
    return [SourceSpec("alice", "A text", files=(RemoteFile("https://example.invalid/pg11.txt"),))]
"""


@pytest.fixture(autouse=True)
def versions(tmp_path, monkeypatch):
    """The plugin's installed version, which a test may change; None is none."""
    monkeypatch.chdir(tmp_path)
    versions = ["0.1.0"]
    folder = tmp_path / "site"
    fake_distribution(
        folder, "corpuskit-shouting", entry_points={"shouting": "shouting"}, modules={"shouting": PLUGIN}
    )
    monkeypatch.syspath_prepend(folder)

    def installed():
        for found in real():
            if found.owner.distribution == "corpuskit-shouting" and versions[0] is not None:
                owner = discovery.Owner("shouting", "corpuskit-shouting", versions[0])
                yield discovery.Installed(owner, found.entry_point)

    real = discovery.installed
    monkeypatch.setattr(discovery, "installed", installed)

    def set_version(version):
        versions[0] = version
        registry.default.cache_clear()

    set_version("0.1.0")
    yield set_version
    registry.default.cache_clear()
    sys.modules.pop("shouting", None)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "mine" / "my-pg11.txt"
    path.parent.mkdir()
    path.write_text("A sentence of mine, and one more of mine.\n")
    return path


def test_a_manifest_names_no_url_that_was_not_read(text):
    corpus = corpuskit.prepare("alice", encoding="bytes", location=str(text), output="out")
    (item,) = corpus.manifest.inputs
    assert (item.name, item.unverified) == ("my-pg11.txt", True)
    written = json.loads((corpus.path / "manifest.json").read_text())
    assert "example.invalid" not in json.dumps(written)
    assert written["inputs"][0]["unverified"] is True
    shown = CliRunner().invoke(root, ["info", "out"]).stdout
    assert "my-pg11.txt (given by --from, unverified)" in shown


def test_a_run_again_from_elsewhere_finds_the_same_corpus(text, tmp_path):
    corpus = corpuskit.prepare("alice", encoding="bytes", location=str(text), output="out")
    made = (corpus.path / "manifest.json").stat().st_mtime_ns
    text.rename(tmp_path / "another-name.txt")
    corpuskit.prepare("alice", encoding="bytes", location="another-name.txt", output="out")
    assert (corpus.path / "manifest.json").stat().st_mtime_ns == made


def test_what_is_verified_says_nothing_more(text):
    corpus = corpuskit.prepare(text, encoding="bytes", output="out")
    written = json.loads((corpus.path / "manifest.json").read_text())
    assert set(written["inputs"][0]) == {"name", "size_bytes", "sha256", "split"}
    assert set(written["tokenizer"]) == {"name", "vocab_size", "eot_id", "fingerprint", "state"}


def test_the_distribution_of_a_tokenizer_is_recorded_and_its_version_makes_no_other_corpus(text, versions):
    corpus = corpuskit.prepare(text, encoding="shouts", output="out")
    record = corpus.manifest.tokenizer
    assert (record.distribution, record.distribution_version) == ("corpuskit-shouting", "0.1.0")
    versions("0.2.0")
    assert corpuskit.prepare(text, encoding="shouts", output="out").manifest == corpus.manifest
    other = corpuskit.prepare(text, encoding="shouts", output="other")
    assert other.manifest.tokenizer.distribution_version == "0.2.0"
    assert other.fingerprint == corpus.fingerprint


def test_a_tokenizer_that_is_gone_says_what_to_install(text, versions):
    corpuskit.prepare(text, encoding="shouts", output="out")
    versions(None)
    corpus = corpuskit.open("out")
    assert len(corpus["train"])
    message = (
        r"^out: its tokenizer 'shouts' is of corpuskit-shouting 0.1.0: pip install corpuskit-shouting "
        r"\(unknown tokenizer 'shouts'; "
    )
    with pytest.raises(UnknownName, match=message):
        corpus.decode([65])


def test_a_tokenizer_whose_plugin_fails_says_why(text, versions, tmp_path):
    corpuskit.prepare(text, encoding="shouts", output="out")
    sys.modules.pop("shouting")
    (tmp_path / "site" / "shouting.py").write_text("import no_such_module")
    versions("0.1.0")
    message = r"is of corpuskit-shouting 0.1.0 \(.*plugin shouting .* failed: ModuleNotFoundError"
    with pytest.raises(UnavailableName, match=message) as caught:
        corpuskit.open("out").decode([65])
    assert caught.value.exit_code == 6

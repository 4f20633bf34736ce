"""One commit of a store that takes many files at once, here in memory; the Hub's is in its plugin's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import corpuskit
from corpuskit.errors import ConfigError, StorageError
from corpuskit.preparation.publish import publish
from corpuskit.stores.base import PreconditionFailed, Store, Stored
from corpuskit.urls import RemotePath


class Repository(Store):
    """Commits are the files of each; `meanwhile` is what others commit before the next one."""

    commits_at_once = True

    def __init__(self) -> None:
        super().__init__(RemotePath("repo://me/mine"))
        self.commits: list[dict[str, bytes]] = []
        self.meanwhile: list[dict[str, bytes]] = []

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[-1] if self.commits else {}

    def read(self, name, *, max_bytes):
        return Stored(self.files[name], "v") if name in self.files else None

    def size(self, name):
        return len(self.files[name]) if name in self.files else None

    def compare(self, name, file, *, sha256):
        if name not in self.files:
            return "missing"
        return "same" if self.files[name] == file.read_bytes() else "different"

    def commit(self, added, removed, *, expected, message, private=False, on_progress=None):
        if self.meanwhile:
            self.commits.append({**self.files, **self.meanwhile.pop(0)})
            raise PreconditionFailed
        assert expected == {"manifest.json": self.read("manifest.json", max_bytes=0)}
        new = {name: data for name, data in self.files.items() if name not in removed}
        for one in added:
            new[one.name] = one.content.read_bytes() if isinstance(one.content, Path) else one.content
        changed = new != self.files
        if changed:
            self.commits.append(new)
        return changed


@pytest.fixture
def make(tmp_path):
    def prepared(text: str, **options) -> Path:
        (tmp_path / "text.txt").write_text(text)
        corpuskit.prepare(
            tmp_path / "text.txt", encoding="bytes", split="none", output=tmp_path / text[:3], **options
        )
        return tmp_path / text[:3]

    return prepared


@pytest.fixture
def store():
    return Repository()


def test_a_corpus_comes_with_a_card_that_is_made_once(make, store):
    folder = make("one text", workers=1)
    asked = []

    def card():
        asked.append("card")
        return b"# card"

    assert publish(folder, store, card=card)
    assert {*store.files} == {path.name for path in folder.iterdir()} | {"README.md"}
    assert not publish(folder, store, card=card)
    assert not publish(folder, store, overwrite=True)
    assert (len(store.commits), asked) == (1, ["card"])


def test_the_files_of_a_corpus_that_is_replaced_go_with_it(make, store):
    publish(make("one " * 99, workers=1, shard_bytes=128), store)
    other = make("two", workers=1)
    with pytest.raises(ConfigError, match="repo://me/mine holds another corpus; replace it with --overwrite"):
        publish(other, store)
    store.commits.append({**store.files, "mine.txt": b"mine"})
    publish(other, store, overwrite=True)
    assert {*store.files} == {path.name for path in other.iterdir()} | {"mine.txt"}


def test_a_manifest_that_is_none_is_replaced_when_asked(make, store):
    store.commits.append({"manifest.json": b"{", "train-00000.bin": b"x"})
    folder = make("one", workers=1)
    with pytest.raises(ConfigError, match="holds another corpus"):
        publish(folder, store)
    publish(folder, store, overwrite=True)
    assert store.files["train-00000.bin"] == (folder / "train-00000.bin").read_bytes()


def test_what_comes_meanwhile_is_looked_at_again(make, store):
    store.meanwhile = [{"README.md": b"theirs"}, {"x": b""}]
    publish(make("one", workers=1), store, card=lambda: b"ours")
    assert store.files["README.md"] == b"theirs"
    store.meanwhile = [{"x": bytes([number])} for number in range(5)]
    with pytest.raises(StorageError, match="others commit to it all the time; try again when they are done"):
        publish(make("two", workers=1), store, overwrite=True)

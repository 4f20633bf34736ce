"""The suite on datasets of each kind, and what is pinned, verified and refused."""

from __future__ import annotations

import json
import logging
import os
import zipfile
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict
from huggingface_hub import constants

import corpuskit
from corpuskit.errors import ConfigError, FetchError, HashMismatch, SourceError
from corpuskit.sources.base import Input, SourceOptions
from corpuskit.sources.lookup import open_source
from corpuskit.testing import SourceSuite
from corpuskit.testing.sources import read
from corpuskit_huggingface.source import HuggingFaceSource

REPO = "datasets/org/books"


def names(source: HuggingFaceSource) -> list[tuple[str, str | None]]:
    return [(item.name, item.split) for item in source.inputs()]


def documents(source: HuggingFaceSource) -> list[str]:
    return [text.decode() for item in source.inputs() for text, _ in read(source, item, target_bytes=2**40)]


@pytest.fixture
def books(fake_hub, as_parquet, texts) -> str:
    """A dataset with two splits on the fake Hub; its commit."""
    fake_hub.large.add("data/train-00000-of-00002.parquet")
    return fake_hub.add(
        REPO,
        {
            "README.md": b"# Books",
            "data/train-00000-of-00002.parquet": as_parquet(texts[:3]),
            "data/train-00001-of-00002.parquet": as_parquet(texts[3:4]),
            "data/validation-00000-of-00001.parquet": as_parquet(texts[4:]),
            "books.py": b"raise SystemExit('code of a dataset ran')",
        },
    )


@pytest.fixture(params=["parquet", "jsonl"])
def repository(request, fake_hub, as_parquet, as_jsonl, texts) -> str:
    encode = {"parquet": as_parquet, "jsonl": as_jsonl}[request.param]
    fake_hub.add(REPO, {f"train.{request.param}": encode(texts), f"empty/test.{request.param}": encode([])})
    return "hf:org/books"


class TestRepositories(SourceSuite):
    @pytest.fixture
    def source(self, repository):
        return open_source(f"{repository}/train")

    @pytest.fixture
    def empty_source(self, repository):
        return open_source(f"{repository}:empty")


class TestFolders(SourceSuite):
    @pytest.fixture
    def source(self, tmp_path, write, as_jsonl, texts):
        folder = write(
            tmp_path / "clone", {"train.jsonl": as_jsonl(texts), "test/a.jsonl": as_jsonl(texts[1:])}
        )
        return open_source(f"hf:{folder}")


class TestSavedDatasets(SourceSuite):
    @pytest.fixture
    def source(self, tmp_path, texts):
        saved = {"train": Dataset.from_dict({"text": texts}), "test": Dataset.from_dict({"text": texts[2:]})}
        DatasetDict(saved).save_to_disk(tmp_path / "saved", num_shards={"train": 2, "test": 1})
        return open_source(f"hf:{tmp_path / 'saved'}")

    @pytest.fixture
    def empty_source(self, tmp_path):
        Dataset.from_dict({"text": []}).save_to_disk(tmp_path / "empty")
        return open_source(f"hf:{tmp_path / 'empty'}")


def test_inputs_are_pinned_to_the_commit(books, fake_hub, as_parquet, texts) -> None:
    source = open_source("hf:org/books")
    folder = f"hf://datasets/org/books@{books}/data"
    assert names(source) == [
        (f"{folder}/train-00000-of-00002.parquet", "train"),
        (f"{folder}/train-00001-of-00002.parquet", "train"),
        (f"{folder}/validation-00000-of-00001.parquet", "valid"),
    ]
    assert documents(source) == list(texts)
    fake_hub.add(REPO, {"train.parquet": as_parquet(["new"])})
    assert documents(open_source("hf:org/books")) == ["new"]
    assert documents(open_source(f"hf:org/books@{books}")) == list(texts)


def test_a_folder_an_archive_and_a_repository_are_the_same_documents(fake_hub, tmp_path, write) -> None:
    files = {
        "a/part-0.jsonl": b'{"text": "zero"}\n{"text": "one"}\n',
        "a/.part-1.jsonl.crc": b"crc",
        "b/x.json": b'{"text": "two"}\n',
        "b/_committed_1": b"{}",
        "c.txt": b"three",
        "d.zip": None,
        "LICENSE": b"may be copied",
        "README.md": b"# About",
        "_SUCCESS": b"",
        ".gitattributes": b"",
        "old.jsonl.1": b'{"text": "old"}\n',
    }
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("y.txt", "four")
        archive.writestr("__MACOSX/._y.txt", "x")
    files["d.zip"] = (tmp_path / "d.zip").read_bytes()
    folder = write(tmp_path / "files", files)
    fake_hub.add(REPO, files)
    sources = [open_source(place) for place in (str(folder), f"hf:{folder}", "hf:org/books")]
    assert [documents(source) for source in sources] == [["zero", "one", "two", "three", "four"]] * 3
    assert sources[0].left_out.counts == sources[1].left_out.counts == sources[2].left_out.counts
    recorded = [(i.name, i.size_bytes, sources[2].digest(i), i.split) for i in sources[2].inputs()]
    assert open_source("hf:org/books").unchanged(recorded)


def test_a_link_to_a_folder_above_repeats_no_document(tmp_path, write) -> None:
    folder = write(tmp_path / "files", {"a/b/x.txt": b"one", "a/y.txt": b"two"})
    for number in range(12):
        (folder / f"a/b/up{number}").symlink_to("..")
        (folder / f"top{number}").symlink_to(".")
    (folder / "z.txt").symlink_to("a/y.txt")
    os.mkfifo(folder / "pipe.txt")
    source = open_source(f"hf:{folder}")
    assert sorted(documents(source)) == ["one", "two"]
    assert source.left_out.names == {"not-regular": ["pipe.txt"], "same-file": ["z.txt"]}


@pytest.mark.parametrize("split", ["validation", "valid"])
def test_one_split_is_chosen_by_either_name(books, texts, split) -> None:
    assert documents(open_source(f"hf:org/books/{split}")) == [texts[4]]


def test_a_corpus_is_called_as_its_dataset(books, tmp_path) -> None:
    assert open_source(f"hf:org/books@{books}:data/train").name == "hf:org/books:data/train"
    (tmp_path / "mine.arrow").touch()
    assert open_source(f"hf:{tmp_path / 'mine.arrow'}").name == "mine.arrow"


def test_nothing_is_asked_of_the_hub_before_inputs(fake_hub) -> None:
    open_source("hf:org/none")
    assert fake_hub.requests == []


def test_files_are_downloaded_once(books, fake_hub) -> None:
    open_source("hf:org/books").inputs()
    del fake_hub.requests[:]
    open_source("hf:org/books").inputs()
    assert not [request for request in fake_hub.requests if request.startswith("GET /datasets")]


@pytest.mark.fault("N15")
def test_what_is_downloaded_is_compared_with_what_the_hub_says(books, fake_hub, monkeypatch) -> None:
    source = open_source("hf:org/books")
    first, *_ = source.inputs()
    wrong = "0" * 64
    source._published[first.name] = wrong
    with pytest.raises(
        HashMismatch, match="the Hub says 0000000000000000; remove .* and run again"
    ) as caught:
        source.digest(first)
    assert caught.value.expected == wrong
    assert source._published.keys() == {first.name}, "the Hub publishes digests of large files only"


def test_a_file_of_another_size_is_an_error(books, fake_hub, tmp_path) -> None:
    item = open_source("hf:org/books/valid").inputs()[0]
    path = Path(item.location)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(HashMismatch, match=r"bytes, the Hub says [\d,]+; remove"):
        open_source("hf:org/books/valid").inputs()


def test_the_hub_alone_says_that_large_files_have_not_changed(fake_hub, as_parquet, texts) -> None:
    fake_hub.large.add("train.parquet")
    fake_hub.add(REPO, {"train.parquet": as_parquet(texts)})
    source = open_source("hf:org/books")
    recorded = [(item.name, item.size_bytes, source.digest(item), item.split) for item in source.inputs()]
    del fake_hub.requests[:]
    assert open_source("hf:org/books").unchanged(recorded)
    assert len(fake_hub.requests) == 3
    fake_hub.add(REPO, {"train.parquet": as_parquet(texts)})
    assert not open_source("hf:org/books").unchanged(recorded), "the same bytes at another commit"


@pytest.mark.parametrize("how", ["HF_HUB_OFFLINE", "CORPUSKIT_OFFLINE"])
def test_what_was_downloaded_is_there_offline(books, fake_hub, monkeypatch, texts, how) -> None:
    open_source("hf:org/books/train").inputs()
    del fake_hub.requests[:]
    if how == "HF_HUB_OFFLINE":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    else:
        monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    assert documents(open_source("hf:org/books/train")) == list(texts[:4])
    assert documents(open_source(f"hf:org/books@{books}/train")) == list(texts[:4])
    with pytest.raises(FetchError, match="not in the cache, and HF_HUB_OFFLINE or CORPUSKIT_OFFLINE forbids"):
        open_source("hf:org/books/valid").inputs()
    with pytest.raises(FetchError, match=r"dataset org/other at main: not in the cache"):
        open_source("hf:org/other").inputs()
    assert fake_hub.requests == []


def test_a_cache_that_another_program_filled_serves_offline(
    books, monkeypatch, texts, tmp_path, caplog
) -> None:
    open_source("hf:org/books/train").inputs()
    for kept in (tmp_path / "cache" / "huggingface").iterdir():
        kept.unlink()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with caplog.at_level(logging.WARNING):
        assert documents(open_source("hf:org/books/train")) == list(texts[:4])
    assert "org/books: offline, so that its files are the 3 in the cache" in caplog.text


def test_a_private_dataset_needs_the_token(books, fake_hub, monkeypatch, texts) -> None:
    fake_hub.private.add(REPO)
    with pytest.raises(
        FetchError, match="no such repository, or it is private: check the name, and set HF_TOKEN"
    ):
        open_source("hf:org/books").inputs()
    monkeypatch.setenv("HF_TOKEN", "hf_key")
    assert documents(open_source("hf:org/books")) == list(texts)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hf:org/none", "dataset org/none at main: no such repository"),
        ("hf:org/books@none", "dataset org/books at none: there is no such revision"),
        ("hf:org/books@gated", "access is gated; accept its terms at .*/datasets/org/books and set HF_TOKEN"),
    ],
)
def test_what_the_hub_refuses_is_explained(books, name, message) -> None:
    with pytest.raises(FetchError, match=message):
        open_source(name).inputs()


def test_a_hub_that_cannot_be_reached_is_an_error(fake_hub, monkeypatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(
        FetchError, match=r"dataset org/books at main: cannot be had from http://127\.0\.0\.1:1"
    ):
        open_source("hf:org/books").inputs()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hf:", "says no dataset; expected hf:org/name"),
        ("hf", "says no dataset"),
        ("hf:./none", "there is no such file or folder"),
        ("hf:books", "not a dataset"),
        ("hf:a/b/c/d", "not a dataset"),
    ],
)
def test_a_name_that_is_no_dataset_is_an_error(name, message) -> None:
    with pytest.raises(ConfigError, match=message):
        open_source(name)


def test_another_place_for_the_bytes_is_refused() -> None:
    with pytest.raises(ConfigError, match="here, use hf:PATH instead"):
        open_source("hf:org/books", SourceOptions(location="/tmp")).inputs()


def test_a_damaged_saved_dataset_is_an_error(tmp_path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train"]}')
    (tmp_path / "train/state.json").write_text("{}")
    with pytest.raises(SourceError, match=r"state\.json: not as datasets writes it: no list '_data_files'"):
        open_source(f"hf:{tmp_path}").inputs()
    (tmp_path / "train/state.json").write_text('{"_data_files": 1}')
    with pytest.raises(SourceError, match=r"state\.json: not as datasets writes it"):
        open_source(f"hf:{tmp_path}").inputs()
    (tmp_path / "dataset_dict.json").unlink()
    (tmp_path / "state.json").write_text(json.dumps({"_data_files": [{"filename": "gone.arrow"}]}))
    with pytest.raises(SourceError, match=r"gone\.arrow: cannot be read: No such file"):
        open_source(f"hf:{tmp_path}").inputs()
    with pytest.raises(ConfigError, match="no such split or configuration; it has the splits train"):
        open_source(f"hf:{tmp_path}:/test").inputs()


@pytest.mark.parametrize("name", ["state.json", "dataset_dict.json"])
@pytest.mark.parametrize("text", ["{}", "[1]", "no JSON", '{"_data_files": 1, "splits": {"train": 1}}', "3"])
def test_a_file_of_ones_own_with_a_name_that_datasets_uses_is_metadata(tmp_path, name, text) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    assert [item.name for item in open_source(f"hf:{tmp_path}").inputs()] == ["a.jsonl"]


def test_a_saved_split_is_chosen(tmp_path, texts) -> None:
    saved = {"train": Dataset.from_dict({"text": texts}), "test": Dataset.from_dict({"text": texts[2:]})}
    DatasetDict(saved).save_to_disk(tmp_path / "saved")
    source = open_source(f"hf:{tmp_path / 'saved'}:/test")
    assert [(item.name, item.split) for item in source.inputs()] == [
        ("test/data-00000-of-00001.arrow", "test")
    ]
    assert documents(source) == list(texts[2:])


def test_progress_is_told_file_by_file(books) -> None:
    heard = []
    options = SourceOptions(
        on_progress=lambda one: heard.append((one.label, one.done_bytes, one.total_bytes))
    )
    sizes = [item.size_bytes for item in open_source("hf:org/books", options).inputs()]
    assert [done for _, done, _ in heard] == [sizes[0], sum(sizes[:2]), sum(sizes)]
    assert {(label, total) for label, _, total in heard} == {("org/books", sum(sizes))}


def test_inputs_know_nothing_of_this_machine(books) -> None:
    item = open_source("hf:org/books").inputs()[0]
    assert isinstance(item, Input)
    assert str(books) in item.name
    assert "127.0.0.1" not in item.name


def test_a_card_that_names_other_splits_makes_another_corpus(tmp_path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_text(f'{{"text": "{name}"}}\n')

    def prepared(second: str, overwrite: bool = False) -> list[str]:
        files = f"[{{split: train, path: a.jsonl}}, {{split: {second}, path: b.jsonl}}]"
        card = f"---\nconfigs: [{{config_name: default, data_files: {files}}}]\n---\n"
        (tmp_path / "README.md").write_text(card)
        output = tmp_path.with_name(f"{tmp_path.name}-corpus")
        return [*corpuskit.prepare(f"hf:{tmp_path}", encoding="bytes", output=output, overwrite=overwrite)]

    assert prepared("test") == prepared("test") == ["train", "test"]
    with pytest.raises(ConfigError, match="inputs have changed since .their order or their splits"):
        prepared("validation")
    assert prepared("validation", overwrite=True) == ["train", "valid"]

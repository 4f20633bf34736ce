"""What is found in a folder: corpora, and how far those in the making are."""

from pathlib import Path

import pytest

import corpuskit
from corpuskit.config import PrepareConfig
from corpuskit.preparation.api import commit_parts, make_parts
from corpuskit.preparation.corpora import Making, corpora_in, making
from corpuskit.preparation.work_folder import WorkFolder


@pytest.fixture
def texts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}.txt").write_text(f"text {number}")
    return folder


def config(texts, **more):
    return PrepareConfig.make(
        {"dataset": texts, "encoding": "bytes", "output": "data/mine", "part_bytes": 8}, more
    )


def test_corpora_are_found_at_any_depth_sorted_by_path(texts):
    for output in ("data/b", "data/a/deep/one", "data/a/two"):
        corpuskit.prepare(texts, encoding="bytes", output=output)
    found = list(corpora_in(Path("data")))
    assert sorted(str(one.path) for one in found) == ["data/a/deep/one", "data/a/two", "data/b"]
    assert [one.manifest.dataset for one in found] == ["texts"] * 3
    one = found[0]
    files = [path for path in one.path.iterdir() if path.suffix in (".bin", ".idx")]
    assert one.size_bytes == sum(path.stat().st_size for path in files)


def test_no_corpus_is_looked_for_inside_a_corpus_a_hidden_folder_or_behind_a_link(texts):
    corpuskit.prepare(texts, encoding="bytes", output="data/a")
    corpuskit.prepare(texts, encoding="bytes", output="data/a/inside")
    corpuskit.prepare(texts, encoding="bytes", output="data/.hidden/b")
    corpuskit.prepare(texts, encoding="bytes", output="elsewhere/c")
    Path("data/folder").symlink_to(Path("elsewhere").absolute())
    assert [str(one.path) for one in corpora_in(Path("data"))] == ["data/a"]
    Path("data/link").symlink_to(Path("elsewhere/c").absolute())
    assert [str(one.path) for one in corpora_in(Path("data"))] == ["data/a", "data/link"]


def test_a_damaged_manifest_is_listed_with_what_is_wrong(texts):
    corpuskit.prepare(texts, encoding="bytes", output="data/a")
    Path("data/a/manifest.json").write_text("{}")
    (one,) = corpora_in(Path("data"))
    assert one.manifest is None
    assert one.error is not None
    assert one.error.startswith("data/a/manifest.json: not a manifest: it has no format_version; ")
    assert one.size_bytes == 0


def test_nothing_is_in_a_folder_that_is_not_there(tmp_path):
    assert list(corpora_in(tmp_path / "absent")) == []
    assert making(tmp_path / "absent") is None


def test_a_corpus_in_the_making_says_how_far_it_is_until_it_is_there(texts):
    assert making(Path("data/mine")) is None
    made = make_parts(config(texts, parts="1/2"))
    assert (made.num_made, made.num_parts) == (4, 8)
    assert making(Path("data/mine")) == Making(4, 8)
    assert str(making(Path("data/mine"))) == "in the making: 4 of 8 parts are there"
    (one,) = corpora_in(Path("data"))
    assert (str(one.path), one.making, one.manifest) == ("data/mine", Making(4, 8), None)
    make_parts(config(texts, parts="2/2"))
    assert making(Path("data/mine")) == Making(8, 8)
    commit_parts(config(texts))
    assert making(Path("data/mine")) is None
    (one,) = corpora_in(Path("data"))
    assert one.manifest.dataset == "texts"


def test_a_corpus_that_is_made_anew_is_still_there(texts):
    corpuskit.prepare(config=config(texts, max_tokens=1))
    make_parts(config(texts, parts="1/2", overwrite=True))
    (one,) = corpora_in(Path("data"))
    assert one.manifest is not None


@pytest.mark.parametrize("job", [b"", b"{", b"[]", b'{"parts": 7}', b"\xff", b"[" * 100_000])
def test_a_job_that_cannot_be_read_is_one_that_is_being_planned(texts, job):
    folder = WorkFolder(Path("data/mine")).path / "0123456789abcdef"
    folder.mkdir(parents=True)
    assert making(Path("data/mine")) == Making(0, None)
    (folder / "job.json").write_bytes(job)
    (folder / "part-00000.json").write_text("{}")
    assert making(Path("data/mine")) == Making(0, None)
    assert str(making(Path("data/mine"))) == "in the making: it is being planned"

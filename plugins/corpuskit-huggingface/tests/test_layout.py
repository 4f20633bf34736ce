"""Which files are read, by a card's configurations and by names."""

from __future__ import annotations

import pytest

from corpuskit.errors import ConfigError, SourceError
from corpuskit.sources.listing.left_out import LeftOut
from corpuskit_huggingface.layout import DataFile, data_files, split_name
from corpuskit_huggingface.names import Target, parse


def found(paths, card=None, config=None, split=None, format=None) -> list[tuple[str, str]]:
    files = listed(paths, LeftOut(), card, config=config, split=split, format=format)
    return [(file.split, file.path) for file in files]


def listed(paths, left_out, card=None, *, config=None, split=None, format=None) -> list[DataFile]:
    return data_files(
        paths, card, config=config, split=split, format=format, where="org/x", left_out=left_out
    )


def card(text: str) -> str:
    return f"---\nlicense: mit\n{text}\n---\n# Title\n"


def test_names_of_files_say_their_split() -> None:
    paths = ["b/test-0.parquet", "data/valid.parquet", "train_1.parquet", "train_0.parquet", "dev/x.parquet"]
    assert found(paths) == [
        ("train", "train_0.parquet"),
        ("train", "train_1.parquet"),
        ("valid", "data/valid.parquet"),
        ("valid", "dev/x.parquet"),
        ("test", "b/test-0.parquet"),
    ]


@pytest.mark.parametrize(
    "name", ["x.parquet", "latest.parquet", "constrained/en.parquet", "evaluate.parquet"]
)
def test_what_says_nothing_is_train(name) -> None:
    assert found([name]) == [("train", name)]


def test_the_file_says_it_before_its_folder() -> None:
    assert found(["train/test.jsonl"]) == [("test", "train/test.jsonl")]


def test_files_are_text_by_the_rule_of_folders_and_the_card_is_none() -> None:
    paths = [
        "a.jsonl",
        "b.json.gz",
        "c.csv",
        "README.md",
        ".gitattributes",
        "x.py",
        "LICENSE.txt",
        "_x/y.jsonl",
        "dataset_infos.json",
        "more.zip",
    ]
    left_out = LeftOut()
    assert [(file.path, file.format) for file in listed(paths, left_out)] == [
        ("a.jsonl", "jsonl"),
        ("b.json.gz", "json"),
        ("c.csv", "csv"),
        ("more.zip", "zip"),
    ]
    assert left_out.names == {
        "hidden": [".gitattributes"],
        "license": ["LICENSE.txt"],
        "bookkeeping": ["_x/"],
        "metadata": ["dataset_infos.json"],
        "unknown-format": ["x.py"],
        "readme": ["README.md"],
    }


def test_a_card_is_no_text() -> None:
    assert found(["README.md", "a.txt", "sub/README.md"]) == [("train", "a.txt")]


def test_a_name_in_a_card_is_taken_literally_first() -> None:
    text = card('configs:\n- data_files: ["a[1].csv", "b*.csv", "_extra.csv"]')
    paths = ["a[1].csv", "a1.csv", "b1.csv", "_b2.csv", "_extra.csv"]
    assert [path for _, path in found(paths, text)] == ["a[1].csv", "b1.csv", "_extra.csv"]


def test_a_format_that_the_user_names_reads_what_has_no_known_name() -> None:
    assert found(["part-1", "part-2"], format="jsonl") == [("train", "part-1"), ("train", "part-2")]


def test_a_configuration_is_a_folder_where_none_is_declared() -> None:
    paths = ["en/train.parquet", "de/train.parquet"]
    assert found(paths, config="de") == [("train", "de/train.parquet")]
    with pytest.raises(
        ConfigError, match="no configuration 'fr': README.md declares none, .* folders: de, en"
    ):
        found(paths, config="fr")


def test_a_card_declares_configurations() -> None:
    text = card(
        """configs:
- config_name: en
  data_files:
  - split: train
    path: ["en/a*.parquet", "en/more/**/*.parquet"]
  - split: validation
    path: en/held.parquet
- config_name: de
  data_dir: de
- config_name: flat
  data_files: "*.parquet"
- config_name: map
  data_files:
    Train SFT: en/a1.parquet
- config_name: nothing"""
    )
    paths = [
        "en/a1.parquet",
        "en/a2.parquet",
        "en/b.parquet",
        "en/more/x/y.parquet",
        "en/held.parquet",
        "de/test.parquet",
        "top.parquet",
    ]
    assert found(paths, text, config="en") == [
        ("train", "en/a1.parquet"),
        ("train", "en/a2.parquet"),
        ("train", "en/more/x/y.parquet"),
        ("valid", "en/held.parquet"),
    ]
    assert found(paths, text, config="en", split="validation") == [("valid", "en/held.parquet")]
    assert found(paths, text, config="de") == [("test", "de/test.parquet")]
    assert found(paths, text, config="flat") == [("train", "top.parquet")]
    assert found(paths, text, config="map") == [("train_sft", "en/a1.parquet")]
    with pytest.raises(ConfigError, match="choose one with hf:org/x:NAME: en, de, flat, map"):
        found(paths, text)
    with pytest.raises(ConfigError, match="no configuration 'nothing'; it has en, de, flat, map"):
        found(paths, text, config="nothing")
    with pytest.raises(ConfigError, match="no split 'test'; it has train, valid"):
        found(paths, text, config="en", split="test")


@pytest.mark.parametrize("line", ["default: true", "config_name: default"])
def test_the_usual_configuration_need_not_be_named(line) -> None:
    text = card(f"configs:\n- config_name: a\n  data_files: a.csv\n- {line}\n  data_files: b.csv")
    assert found(["a.csv", "b.csv"], text) == [("train", "b.csv")]


@pytest.mark.parametrize("text", ["# No matter", card(""), card("configs: none"), "---\n- a list\n---\n"])
def test_a_card_without_configurations_leaves_it_to_names(text) -> None:
    assert found(["dev.csv"], text) == [("valid", "dev.csv")]


def test_a_card_that_is_wrong_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"README\.md: its front matter is not YAML"):
        found(["a.csv"], "---\na: [\n---\n")
    with pytest.raises(SourceError, match=r"README\.md names gone\*\.csv, which is not there"):
        found(["a.csv"], card("configs:\n- data_files: gone*.csv"))


@pytest.mark.parametrize("paths", [[], ["README.md"], ["data.py", "x.tar"]])
def test_nothing_to_read_is_an_error(paths) -> None:
    with pytest.raises(SourceError, match="no file that can be read .* runs no code of a dataset"):
        found(paths)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("validation", "valid"),
        ("Test", "test"),
        ("train.sft-1", "train_sft_1"),
        ("2024", "split_2024"),
        ("", "split"),
    ],
)
def test_split_names(name, expected) -> None:
    assert split_name(name).rstrip("_") == expected


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("org/x", Target("org/x", False)),
        ("org/x/train", Target("org/x", False, split="train")),
        ("org/x:en", Target("org/x", False, config="en")),
        ("org/x@v1.0:en/test", Target("org/x", False, "v1.0", "en", "test")),
        ("org/x@refs/convert/parquet:en/test", Target("org/x", False, "refs/convert/parquet", "en", "test")),
        ("org/x@refs/pr/7", Target("org/x", False, "refs/pr/7")),
        ("org/x@main/train", Target("org/x", False, "main", None, "train")),
    ],
)
def test_names_of_datasets(argument, expected) -> None:
    assert parse(argument) == expected


def test_a_path_that_is_there_wins(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org" / "x").mkdir(parents=True)
    assert parse("org/x") == Target("org/x", True)
    assert parse("org/x:en/train") == Target("org/x", True, config="en", split="train")
    assert parse("./org:/train") == Target("./org", True, split="train")

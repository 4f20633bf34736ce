"""Paths and names as users mean them."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.paths import existing_folder, folder_name, output_file, user_path, visible_name
from corpuskit.urls import remote_path

NAMES = [
    *("a/b", "a-b", "a:b", "a b", "a  b", ".a", "a.", "-a", "", ".", "..", "/", "~", "corpus", "A"),
    *("hf:org/name", "hf-org-name", "hf:org-name", "hf:o-rg/name", "hf:org/name:c", "hf:org/name/train"),
    *("hf:org/na-me", "hf-x", "hf:x", "con", "nul.txt", "com1", "a\nb", "a\0b", "x" * 300, "x" * 301),
    *("红楼梦", "水浒传", "война", "é", "e", "हिन्दी", "ü" * 200, "🙂", "🙃", "\udce9"),
]
MARKS = st.text("ab-:/.", max_size=12)


def test_every_name_has_a_folder_of_its_own():
    folders = [folder_name(name) for name in NAMES]
    assert len(set(folders)) == len(NAMES)
    made = {folder_name(folder) for folder in folders} - set(folders)
    assert len({*folders, *made}) == len(folders) + len(made)


@given(st.text(max_size=300) | MARKS.map("hf:{}".format), MARKS)
def test_two_names_are_two_folders_that_every_file_system_takes(one, other):
    folder = folder_name(one)
    assert len(folder.encode()) <= 130
    assert folder.strip("-.") == folder != ""
    assert "/" not in folder
    assert folder.isprintable() or not one.isprintable()
    if visible_name(one) != visible_name(other):
        assert folder != folder_name(other)


@pytest.mark.parametrize("name", ["mine", "python-docs", "my_Corpus.v2", "红楼梦", "война", "हिन्दी", "été"])
def test_letters_of_every_script_stay(name):
    assert folder_name(name) == name


def test_one_name_in_two_spellings_is_one_folder():
    assert folder_name(unicodedata.normalize("NFD", "été")) == folder_name("été") == "été"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("hf:org/name", "hf-org-name"),
        ("hf:org/na-me", "hf-org-na-me"),
        ("hf:gpt2", "hf-gpt2"),
        ("rot:7", "rot-7"),
        ("sp:model.model", "sp-model.model"),
    ],
)
def test_a_plugin_s_names_are_told_by_their_folders(name, folder):
    assert folder_name(name, registered=True) == folder


def test_home_is_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_path("~/x") == tmp_path / "x"
    with pytest.raises(ConfigError, match="names a host"):
        user_path("file://~/x")
    assert user_path("./~/x") == Path("~/x")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "it is empty"),
        ("a\0b", "NUL"),
        ("\ud800", "no valid Unicode"),
        ("~nobody-has-this-name/x", "there is no user 'nobody-has-this-name'"),
        ("x" * 256, "256 in one name"),
        ("x/" * 2048 + "x", "a path has at most 4,095"),
    ],
)
def test_what_no_path_is_like_is_refused_in_one_line(path, why):
    with pytest.raises(ConfigError, match=why) as caught:
        user_path(path, what="--output")
    message = str(caught.value)
    assert message.startswith("--output ")
    assert message.isprintable()


def test_a_url_holds_no_nul():
    with pytest.raises(ConfigError, match="no URL holds a NUL"):
        remote_path("s3://bucket/a\0b")


def test_a_place_that_is_not_there_is_in_the_folder_above_it(tmp_path):
    assert existing_folder(tmp_path) == tmp_path
    assert existing_folder(tmp_path / "new" / "corpus") == tmp_path.resolve()


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_of_a_user_takes_the_place_of_nothing_but_a_file(tmp_path, overwrite):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name, why in (("pipe", "no regular file"), ("link", "no regular file"), (".", "is a folder")):
        with pytest.raises(ConfigError, match=why):
            output_file(tmp_path / name, overwrite=overwrite)
    with pytest.raises(ConfigError, match="/dev/null: is no regular file, and would be replaced by one"):
        output_file("/dev/null", overwrite=overwrite)
    assert output_file(tmp_path / "new", overwrite=overwrite) == tmp_path / "new"
    (tmp_path / "old").write_text("x")
    if overwrite:
        assert output_file(tmp_path / "old", overwrite=True) == tmp_path / "old"
    else:
        with pytest.raises(ConfigError, match="old: is there already; choose another name"):
            output_file(tmp_path / "old", overwrite=False)

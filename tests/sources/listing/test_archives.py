"""Archives as the text files that are in them."""

from __future__ import annotations

import zipfile

import pytest

from corpuskit.sources.inputs.archives import open_archive
from corpuskit.sources.listing.archives import archive_inputs
from corpuskit.sources.listing.left_out import LeftOut


@pytest.mark.fault("S9")
def test_a_zip_archive_is_its_text_members(tmp_path, input_of):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.mkdir("folder")
        archive.mkdir("__MACOSX")
        for member in ("z.txt", "folder/b.jsonl", "image.png", "__MACOSX/z.txt", "a/.x/y.txt", "in.zip"):
            archive.writestr(member, "text")
    left_out = LeftOut()
    assert [(i.name, i.member, i.format) for i in archive_inputs(input_of(tmp_path / "a.zip"), left_out)] == [
        ("a.zip", "folder/b.jsonl", "jsonl"),
        ("a.zip", "z.txt", "text"),
    ]
    assert left_out.names == {
        "bookkeeping": ["__MACOSX/"],
        "hidden": ["a/.x/"],
        "unknown-format": ["image.png", "in.zip"],
    }


def test_members_of_an_archive_are_called_as_files_of_a_folder_are(tmp_path, input_of):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for member, text in (("./b.txt", "b"), ("a.txt", "old"), ("c/./d.txt", "d")):
            archive.writestr(member, text)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.txt", "new")
    item, left_out = input_of(tmp_path / "a.zip"), LeftOut()
    with open_archive(item) as archive:
        found = [archive.read(member.member) for member in archive_inputs(item, left_out)]
    assert found == [b"new", b"b", b"d"]
    assert left_out.names == {"same-file": ["a.txt"]}

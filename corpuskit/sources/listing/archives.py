"""A zip archive as the text files that are in it."""

from __future__ import annotations

import dataclasses
import re

from corpuskit.sources.base import Input
from corpuskit.sources.inputs.archives import open_archive
from corpuskit.sources.listing.left_out import LeftOut
from corpuskit.sources.listing.text_files import ZIP, text_files

#: What names of members may have in them that names nothing.
_CURRENT_FOLDER = re.compile(r"(?:(?<=/)|^)(?:\./)+")


def archive_inputs(item: Input, left_out: LeftOut, *, format: str | None = None) -> list[Input]:
    """The inputs that a zip archive's members are, sorted by name.

    Args:
        item: The archive.
        left_out: Where members that are left out are counted.
        format: The format that the user chose for all of them.
    """
    with open_archive(item) as archive:
        names = [member.filename for member in archive.infolist() if not member.is_dir()]
    members: dict[str, str] = {}
    for name in names:
        plain = _CURRENT_FOLDER.sub("", name)
        if plain in members:
            left_out.add("same-file", name)  # of two members of one name, the later one is meant
        members[plain] = name
    inputs = []
    for plain, found in text_files(members, left_out, format=format):
        if found == ZIP:
            left_out.add("unknown-format", plain)
        else:
            inputs.append(dataclasses.replace(item, member=members[plain], format=found))
    left_out.of_archive |= len(members) > len(inputs)
    return inputs

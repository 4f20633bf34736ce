"""Which of the files that a place holds are text: one rule for folders, globs, archives, stores and the Hub.

It depends on names only. What is left out, each kind under its name in `LeftOut`:

- hidden: what begins with a dot, and all that is in such a folder;
- bookkeeping: what begins with an underscore (`_SUCCESS`, `_metadata`, `__MACOSX/`), and what systems leave;
- metadata: JSON files that describe a dataset and hold none of its text (`dataset_infos.json`, `state.json`);
- license: LICENSE, COPYING, NOTICE and the like, plain or as .txt, .md or .rst;
- readme: README and the like, which describes what lies beside it;
- unknown-format: what no reader is for;
- folder: a folder that a glob matches and does not look into;
- folder-marker: the empty object by which a store remembers a folder.

What a user names is read whatever it is called, and so is what a glob names the beginning of.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable
from functools import cache

from corpuskit import registry
from corpuskit.registry.specs import ReaderSpec
from corpuskit.sources.inputs.compression import by_extension
from corpuskit.sources.listing.left_out import LeftOut

#: What `format_of` and `text_files` say of a zip archive, which is no format: its members have theirs.
ZIP = "zip"
#: What a name begins with that is left out, and as what.
_BEGINNINGS = {".": "hidden", "_": "bookkeeping"}
_SYSTEM_FOLDERS = re.compile(r"\$recycle\.bin|system volume information|lost\+found")
_SYSTEM_FILES = re.compile(
    r"thumbs\.db|desktop\.ini|icon\r|~\$.*|.*_\$folder\$|version-hint\.text"
    r"|(md5|sha\d{1,3})sums?(\.txt)?|checksums?(\.txt)?"
)
_METADATA = re.compile(
    r"(dataset_infos?|dataset_dict|state|metadata|.*\.metadata|manifest|croissant|package(-lock)?)\.json"
)
_DOCUMENT = r"(\.(txt|md|rst))?"
_LICENSE = re.compile(
    rf"((un)?licen[cs]e([-_][a-z0-9.+]{{1,12}}?)?|copying([-_.]lesser)?|copyright|notice|eula){_DOCUMENT}"
)
_README = re.compile(rf"read[-_]?me([-_.][a-z]{{2,3}}([-_][a-z]{{2,4}})?)?{_DOCUMENT}")


def text_files(
    names: Iterable[str], left_out: LeftOut, *, format: str | None = None, asked: Collection[str] = ()
) -> list[tuple[str, str]]:
    """The files of one place that are text, sorted by name, each with its format.

    Args:
        names: Every file of the place, relative to it, with "/" between folders; a folder whose files are not
            among them ends with "/".
        left_out: Where what is left out is counted.
        format: The format that the user chose for every file, instead of what names say.
        asked: Beginnings of names that the user asked for.
    """
    files: list[tuple[str, str]] = []
    seen: set[str] = set()
    paths = sorted(set(names))
    for path, following in itertools.zip_longest(paths, paths[1:], fillvalue=""):
        kind, what = _why_left_out(path, asked)
        if kind == "folder" and following.startswith(path):
            kind = "folder-marker"
        name = path.rpartition("/")[2]
        found = None if kind else format_of(name, format)
        if kind or found is None:
            if what not in seen:
                left_out.add(kind or "unknown-format", what)
                if not kind:
                    registry.default().warn_of_failed()  # one of them may be for such files
                seen.add(what)
        else:
            files.append((path, found))
    return files


def format_of(name: str, chosen: str | None = None) -> str | None:
    """The reader that a file's name asks for, or None if its extension means nothing.

    An ending that means a compression is looked through. A name without any extension is text. A zip archive
    is `ZIP`, whatever the user chose: that is for what is in it.

    Args:
        name: The file's name.
        chosen: The format that the user chose for every file, instead of what names say.
    """
    name = name.lower()
    if name.endswith(".zip"):
        return ZIP
    if chosen:
        return chosen
    compression = by_extension(name)
    if compression is not None:
        name = name.removesuffix(compression.extension)
    best = ("", "")
    for extension, reader in _extensions(registry.default()):
        if name.endswith(extension) and len(extension) > len(best[0]):
            best = (extension, reader)
    if best[1]:
        return best[1]
    return None if "." in name.lstrip(".") else "text"


def is_hidden(name: str, asked: Collection[str] = ()) -> str:
    """As what a folder or a file of such a name is left out, with all that is in it; "" if it is not."""
    if name[:1] in _BEGINNINGS and name[0] not in asked:
        return _BEGINNINGS[name[0]]
    return "bookkeeping" if _SYSTEM_FOLDERS.fullmatch(name.lower()) else ""


def _why_left_out(path: str, asked: Collection[str]) -> tuple[str, str]:
    """Of what kind a path is, and which file or folder of it; "" and the path if its format decides."""
    *folders, name = path.split("/")
    for depth, part in enumerate([*folders, name] if name else folders):
        if kind := is_hidden(part, asked):
            whole = "/".join([*folders, name][: depth + 1])
            return kind, whole if depth == len(folders) else f"{whole}/"
    if not name:
        return "folder", path
    name = name.lower()
    if any(len(beginning) > 1 and name.startswith(beginning) for beginning in asked):
        return "", path
    kinds = {"bookkeeping": _SYSTEM_FILES, "metadata": _METADATA, "license": _LICENSE, "readme": _README}
    return next((kind for kind, pattern in kinds.items() if pattern.fullmatch(name)), ""), path


@cache
def _extensions(found_in: registry.Registry) -> tuple[tuple[str, str], ...]:
    """Each extension that a reader has, with the reader's name; asked for once for every file."""
    specs = [component.spec for component in found_in.components(ReaderSpec, quiet=True)]
    return tuple((extension, spec.name) for spec in specs for extension in spec.extensions)


__all__ = ["ZIP", "format_of", "is_hidden", "text_files"]

"""Paths on this machine that a user means, and names as path components."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import unicodedata
from pathlib import Path

from corpuskit.errors import ConfigError
from corpuskit.file_errors import looking_at
from corpuskit.urls import RemotePath, as_text, file_path, scheme_of

#: What file systems take, in bytes: a name, and a whole path.
_MAX_NAME_BYTES, _MAX_PATH_BYTES = 255, 4095
#: A corpus's folder has hidden siblings while it is made, whose names hold its name and more.
_MAX_FOLDER_BYTES = 120
#: Names with an argument whose parts can be told from the folder's name: `hf:org/name` is `hf-org-name`.
_WITH_ARGUMENT = re.compile(r"(?P<kind>[a-z0-9_]+):[^-:/]+(/[^:/]+)?")
#: The kind that corpora of plugins in this repository have. Other names that look like its folders, like one
#: with a digest, or like a device on some systems get a digest of their own.
_KIND = "hf"
_LOOKS_MADE = re.compile(rf"{_KIND}-.*|.*-[0-9a-f]{{8}}|(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

#: Control characters, halves of characters, and what ends lines and paragraphs.
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")


def local_path(url: str) -> Path | None:
    """The path that a text is or names with `file://`; None for anything that is elsewhere.

    Raises:
        ConfigError: If no file can have this path.
    """
    return user_path(url) if scheme_of(url) == "" or file_path(url) is not None else None


def existing_folder(path: Path) -> Path:
    """A place, or the folder above it in which it will be made."""
    return next(path for path in (path, *path.resolve().parents) if os.path.exists(path))  # noqa: PTH110


def user_path(path: str | os.PathLike[str] | RemotePath, *, what: str = "path") -> Path:
    """The path on this machine that a user means; `~` is a home folder, whoever reads it.

    Args:
        path: What the user said; `file://` is taken off.
        what: What to call it in errors.

    Raises:
        ConfigError: If no file can have this path, or there is no such user.
    """
    text = str(path) if isinstance(path, RemotePath) else as_text(path)
    named = file_path(text)
    text = text if named is None else named

    def refuse(why: str) -> ConfigError:
        shown = text if len(text) <= 80 else f"{text[:60]}...{text[-10:]}"
        return ConfigError(f"{what} {shown!r}: {why}", found=text, reason=why)

    if not text:
        raise refuse("it is empty; is a variable unset? '.' is this folder")
    if "\0" in text:
        raise refuse("no path holds a NUL character; take it out")
    try:
        found = Path(text).expanduser() if text.startswith("~") else Path(text)
        size_bytes, longest = len(os.fsencode(found)), max(map(len, map(os.fsencode, found.parts)), default=0)
    except UnicodeEncodeError:
        raise refuse("it is no valid Unicode; give another path") from None
    except RuntimeError:
        raise refuse(f"there is no user {text[1:].partition('/')[0]!r}; write the folder out") from None
    if longest > _MAX_NAME_BYTES or size_bytes > _MAX_PATH_BYTES:
        raise refuse(
            f"{size_bytes:,} bytes, {longest:,} in one name; a path has at most {_MAX_PATH_BYTES:,} and a "
            f"name {_MAX_NAME_BYTES}; give a shorter path"
        )
    return found


def output_file(path: str | os.PathLike[str], *, overwrite: bool, what: str = "output") -> Path:
    """Where to write a file that a user names: a new one, or one that may be replaced.

    A device, a pipe or a folder is never replaced: a new file takes the name, and `/dev/null` would be gone.

    Args:
        path: What the user said.
        overwrite: Whether a file that is there may be replaced.
        what: What to call it in errors.

    Raises:
        ConfigError: If something is there that may not be replaced.
        StorageError: If nobody can look at the place.
    """
    place = user_path(path, what=what)
    with looking_at(place):
        try:
            mode = place.stat().st_mode
        except FileNotFoundError:
            if not os.path.lexists(place):
                return place
            mode = stat.S_IFREG  # a link to nothing is there all the same
    if stat.S_ISREG(mode):
        if overwrite:
            return place
        why = "is there already; choose another name with --output, or replace it with --overwrite"
    elif stat.S_ISDIR(mode):
        why = "is a folder; name a file with --output"
    else:
        why = "is no regular file, and would be replaced by one; name a file with --output"
    raise ConfigError(f"{place}: {why}", path=place, found=place)


def folder_name(name: str, *, registered: bool = False) -> str:
    """A name as one path component, of its own for every name.

    Letters and digits of every script stay, and `.`, `_` and `-`; other characters become `-`. What is called
    `hf:org/name` is in `hf-org-name`. Any other name that changes by this, or that could be taken for
    another's, ends with 8 digits of its sha256.

    Args:
        name: Any text. Two spellings of the same characters in Unicode are one name.
        registered: Whether names with any other argument (`kind:argument`) are plugins' names, and nobody's
            free choice.
    """
    name = visible_name(name)
    plain = "".join(character if _is_kept(character) else "\0" for character in name)
    plain = re.sub("\0+", "-", plain).strip("-.")
    short = plain.encode()[:_MAX_FOLDER_BYTES].decode(errors="ignore")
    found = _WITH_ARGUMENT.fullmatch(name)
    if found is not None and (registered or found["kind"] == _KIND):
        is_its_own = plain == re.sub("[:/]", "-", name)
    else:
        is_its_own = plain == name and not _LOOKS_MADE.fullmatch(name)
    if is_its_own and plain and plain == short:
        return plain
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{short or 'corpus'}-{digest}"


def without_folder(name: str) -> str:
    """A component's name, without the folder of a file or folder of this machine that its argument names."""
    kind, colon, argument = name.partition(":")
    place, comma, settings = argument.partition(",")
    with contextlib.suppress(ConfigError, OSError):
        if colon and (path := user_path(place)).exists():
            return f"{kind}:{path.absolute().name}{comma}{settings}"
    return name


def visible_name(name: str) -> str:
    """A name as it is recorded and shown: one spelling of each character, and nothing that ends a line."""

    def shown(character: str) -> str:
        unseen = unicodedata.category(character) in _UNSEEN
        return character.encode("unicode_escape").decode() if unseen else character

    return "".join(map(shown, unicodedata.normalize("NFC", name)))


def _is_kept(character: str) -> bool:
    return character.isalnum() or character in "._-" or unicodedata.category(character).startswith("M")

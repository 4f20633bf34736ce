"""What follows `hf:` when a user names a dataset."""

from __future__ import annotations

import dataclasses
import re

from corpuskit.errors import ConfigError
from corpuskit.plugin import looking_at, user_path

_SYNTAX = "hf:org/name[@revision][:config][/split] or hf:path[:config/split]"
#: Revisions with slashes are those that the Hub itself makes.
_REPOSITORY = re.compile(
    r"(?P<place>[\w.-]+/[\w.-]+)(?:@(?P<revision>refs/convert/[\w.-]+|refs/pr/\d+|[^/:]+))?"
    r"(?::(?P<config>[^/:]+))?(?:/(?P<split>[\w.-]+))?"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A dataset, or a part of one.

    Args:
        place: A repository, `org/name`, or a path.
        local: Whether it is a path.
        revision: A branch, a tag or a commit of the repository; None for its main branch.
        config: The configuration (a subset), if one is chosen.
        split: The split, if one is chosen.
    """

    place: str
    local: bool
    revision: str | None = None
    config: str | None = None
    split: str | None = None

    @property
    def title(self) -> str:
        """What the corpus is called where the user does not say: no revision, no place on this machine."""
        place = user_path(self.place).absolute().name if self.local else f"hf:{self.place}"
        return place + (f":{self.config}" if self.config else "") + (f"/{self.split}" if self.split else "")


def parse(argument: str | None) -> Target:
    """What an argument names. A path that is there wins over a repository of the same name.

    Raises:
        ConfigError: If it is neither.
    """
    if not argument:
        raise ConfigError(f"hf: says no dataset; expected {_SYNTAX}")
    path, config, split = argument, None, None
    if not _exists(path) and ":" in path:
        path, _, rest = path.rpartition(":")
        config, _, chosen = rest.partition("/")
        split = chosen or None
    if path and _exists(path):
        return Target(path, local=True, config=config or None, split=split)
    match = None if argument.startswith((".", "/", "~")) else _REPOSITORY.fullmatch(argument)
    if match is None:
        what = "there is no such file or folder" if argument.startswith((".", "/", "~")) else "not a dataset"
        raise ConfigError(f"hf:{argument}: {what}; expected {_SYNTAX}", found=argument)
    return Target(match["place"], False, match["revision"], match["config"], match["split"])


def _exists(path: str) -> bool:
    place = user_path(path)
    with looking_at(place):
        return place.exists()


__all__ = ["Target", "parse"]

"""Which plugins are installed: entry points and the distributions that declare them.

Only metadata is read here; nothing of a plugin is imported.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Iterator

from corpuskit.registry.distribution import NAME

#: The entry-point group of plugins.
GROUP = "corpuskit"


@dataclasses.dataclass(frozen=True, slots=True)
class Owner:
    """The plugin that a component came from, and the distribution that the plugin came from."""

    plugin: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.plugin} ({self.distribution} {self.version})"

    @property
    def qualified_name(self) -> str:
        """What tells two plugins of one name apart."""
        return f"{self.distribution}:{self.plugin}"

    @property
    def is_builtin(self) -> bool:
        """Whether the plugin comes with corpuskit."""
        return self.distribution == NAME

    def is_called(self, name: str) -> bool:
        """Whether the plugin, or its distribution (`corpuskit-books`), has the name of a component."""
        called = (self.plugin, self.distribution, self.distribution.removeprefix("corpuskit-"))
        return name.lower().replace("-", "_") in {one.lower().replace("-", "_") for one in called}


@dataclasses.dataclass(frozen=True, slots=True)
class Installed:
    """One entry point, or the reason why a distribution's entry points cannot be read."""

    owner: Owner
    entry_point: importlib.metadata.EntryPoint | None
    error: Exception | None = None


def installed() -> Iterator[Installed]:
    """Every plugin's entry point; a distribution that is seen twice on sys.path counts once.

    `importlib.metadata.entry_points()` would stop at the first distribution whose metadata is broken.
    """
    seen = set()
    for distribution in importlib.metadata.distributions():
        if not _may_declare(distribution):
            continue
        name, version = _name_and_version(distribution)
        if name in seen:
            continue
        seen.add(name)
        try:
            entry_points = distribution.entry_points.select(group=GROUP)
        except Exception as error:
            yield Installed(Owner("(entry points)", name, version), None, error)
        else:
            for entry_point in entry_points:
                yield Installed(Owner(entry_point.name, name, version), entry_point)


def _may_declare(distribution: importlib.metadata.Distribution) -> bool:
    """Whether a distribution may have plugins: its entry points name the group, or are no text at all."""
    try:
        return f"[{GROUP}]" in (distribution.read_text("entry_points.txt") or "")
    except ValueError:
        return True


def _name_and_version(distribution: importlib.metadata.Distribution) -> tuple[str, str]:
    """A distribution's name and version, or stand-ins where its metadata is missing."""
    try:
        fields = distribution.metadata.json  # a dictionary: asking the metadata itself differs by Python
        name, version = str(fields.get("name", "")), str(fields.get("version", ""))
    except Exception:
        name = version = ""
    return name or f"a distribution without a name in {distribution.locate_file('')}", version or "?"


__all__ = ["GROUP", "Installed", "Owner", "installed"]

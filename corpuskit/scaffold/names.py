"""The names of a new plugin: a distribution's, and those that follow from it."""

from __future__ import annotations

import dataclasses
import keyword
import re
import sys

from corpuskit.commands import COMMANDS
from corpuskit.errors import ConfigError, UnknownName
from corpuskit.registry import Registry
from corpuskit.registry.checks import SPECS

#: The kinds of component that there are templates for.
KINDS: tuple[str, ...] = (
    "source",
    "tokenizer",
    "sampler",
    "reader",
    "template",
    "executor",
    "format",
    "store",
    "command",
)

_PREFIX = "corpuskit_"
#: No line of the templates is then longer than the 110 characters that the linters allow.
_MAX_LENGTH = 38


@dataclasses.dataclass(frozen=True, slots=True)
class PluginNames:
    """What everything in a new package is called.

    Args:
        kind: The kind of its component.
        distribution: What pip installs: "corpuskit-books".
        module: What Python imports: "corpuskit_books".
        component: What users type: "books".
        class_name: The component's class: "BooksSource".
    """

    kind: str
    distribution: str
    module: str
    component: str
    class_name: str

    def fields(self) -> dict[str, str]:
        """The names by themselves, for templates."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def plugin_names(name: str, *, kind: str) -> PluginNames:
    """The names that follow from a distribution's name.

    Args:
        name: Letters, digits, and single `-`, `_` or `.` between them.
        kind: One of `KINDS`.

    Raises:
        ConfigError: If it is no such name, too long, cannot be imported, hides a module, or is taken.
    """
    if kind not in KINDS:
        raise ConfigError(f"plugin kind {kind!r}: expected {', '.join(KINDS)}", expected=KINDS, found=kind)
    if not re.fullmatch(r"[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*", name):
        raise ConfigError(
            f"plugin name {name!r}: expected letters and digits with '-', '_' or '.' between them, "
            "such as 'corpuskit-books'",
            found=name,
        )
    if len(name) > _MAX_LENGTH:
        raise ConfigError(
            f"plugin name {name!r}: {len(name)} characters, at most {_MAX_LENGTH} are allowed", found=name
        )
    module = re.sub(r"[-_.]", "_", name).lower()
    if not module.isidentifier() or keyword.iskeyword(module):
        raise ConfigError(
            f"plugin name {name!r}: Python cannot import a module {module!r}; try 'corpuskit-{name}'",
            found=name,
        )
    if module in sys.stdlib_module_names or module in ("corpuskit", "tests"):
        raise ConfigError(
            f"plugin name {name!r}: there is a module {module!r} already; try 'corpuskit-{name}'", found=name
        )
    component = module.removeprefix(_PREFIX).replace("_", "-")
    _check_free(kind, component, name)
    camel = "".join(word.capitalize() for word in component.split("-"))
    suffix = kind.capitalize()
    class_name = camel + suffix if camel[0].isalpha() else suffix + camel
    return PluginNames(kind, name, module, component, class_name)


def _check_free(kind: str, component: str, name: str) -> None:
    """Refuse a name that corpuskit has itself; what other plugins have depends on the machine."""
    if not _is_taken(kind, component):
        return
    raise ConfigError(
        f"plugin name {name!r}: corpuskit has a {kind} {component!r} itself; choose another name", found=name
    )


def _is_taken(kind: str, component: str) -> bool:
    if kind == "command":
        return component in COMMANDS
    try:
        Registry(environ={"CORPUSKIT_PLUGINS": ""}).find(SPECS[kind], component)
    except UnknownName:
        return False
    return True


__all__ = ["KINDS", "PluginNames", "plugin_names"]

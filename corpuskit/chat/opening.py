"""Templates by name."""

from __future__ import annotations

from corpuskit.chat.guard import GuardedTemplate
from corpuskit.chat.template import Template
from corpuskit.registry.registry import find
from corpuskit.registry.specs import TemplateSpec


def open_template(name: str) -> Template:
    """The template of a name; what a plugin's gives is checked.

    Args:
        name: Its name, perhaps with an argument after a colon.

    Raises:
        UnknownName: If there is none.
        ConfigError: If it takes no argument, or not this one.
    """
    component = find(TemplateSpec, name)
    opened = component.make(Template, name=component.spec.name, argument=component.argument)
    return opened if component.owner.is_builtin else GuardedTemplate(opened, component)


__all__ = ["open_template"]

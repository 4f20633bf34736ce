"""Templates by name."""

from __future__ import annotations

from corpuskit.chat.guard import GuardedTemplate
from corpuskit.chat.template import Template
from corpuskit.registry.registry import find
from corpuskit.registry.specs import TemplateSpec

#: Models by what their names begin with, and the template that they were made with.
_MODELS = {"gpt-oss": "harmony", "gpt_oss": "harmony", "openai": "harmony", "qwen": "chatml"}


def meaning(name: str) -> str:
    """What to say of a name that is a model's and no template's; empty where it is not known.

    Args:
        name: What was said.
    """
    found = [template for model, template in _MODELS.items() if name.casefold().startswith(model)]
    return f"did you mean {found[0]!r}?" if found else ""


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


__all__ = ["meaning", "open_template"]

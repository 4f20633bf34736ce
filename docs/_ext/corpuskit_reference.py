"""The reference pages' text, in Markdown, made from the code: nothing here is written twice.

Each function returns the text of one directive (see `corpuskit_sphinx`). They need no Sphinx, so that tests
can ask them what is documented.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import textwrap
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from corpuskit_faults import faults_reference
from corpuskit_manifest import manifest_reference
from docstrings import arguments, code, fence, markdown, restructured, table, type_name
from pydantic import AliasChoices, BaseModel

import corpuskit
from corpuskit import errors, plugin, registry
from corpuskit.cli import COMMANDS, root
from corpuskit.cli.help import option_groups
from corpuskit.config import BatchConfig, Config, PrepareConfig, describe
from corpuskit.registry import hookspecs
from corpuskit.registry.checks import SPECS
from corpuskit.registry.specs import RemoteFile, Spec

ROOT = Path(__file__).parents[2]

#: The public names in the order of the API page; a name that is in no group ends up in the last one.
API_GROUPS: dict[str, tuple[str, ...]] = {
    "Prepare and open": (
        "prepare",
        "plan",
        "PreparationPlan",
        "open",
        "verify",
        "encodings",
        "fetch",
        "fetch_bundle",
        "Bundle",
        "progress",
        "Progress",
    ),
    "A prepared corpus": (
        "Corpus",
        "Split",
        "Manifest",
        "Problem",
        "export",
        "import_tokens",
        "open_foreign",
        "pack",
        "unpack",
        "filter",
        "concat",
        "reshard",
        "split",
    ),
    "What it looks like": (
        "stats",
        "Stats",
        "compare",
        "Comparison",
        "health",
        "card",
        "Card",
        "Finding",
        "report",
        "Report",
    ),
    "Where a token is from": ("where", "Trace"),
    "Batches": ("Batches", "Segments"),
    "Mixtures": ("mix", "Weighted", "Stage", "Mixture", "read_mixture"),
    "Configuration": ("read_config", "RunConfig", "PrepareConfig", "BatchConfig"),
    "Reproducibility": ("seed_all", "deterministic"),
    "Errors": ("CorpuskitError",),  # and all of `errors_reference`
    "For plugins": ("hookimpl", "Document", "RemoteFile"),  # and all of `plugin_reference`
    "Everything else": (),
}

#: Bases whose methods corpuskit itself calls, and no reader of the API page.
INSIDE = ("TokenStream", "Spec", "Config")

_BLOCK = re.compile(r"^```\{corpuskit-(\w+)\} ?(.*)\n```$", re.MULTILINE)


def expanded(page: str) -> str:
    """A page's text with what a function of this module returns in the place of each block."""
    return _BLOCK.sub(lambda found: BLOCKS[found[1]](*found[2].split()), page)


# The command line


def cli_reference() -> str:
    """Every command with its help, arguments and options, as click has them."""
    context = click.Context(root, info_name="corpuskit")
    summary = table(
        ["command", "what it does"],
        [[f"[`corpuskit {name}`](#corpuskit-{name})", line] for name, (_, line) in COMMANDS.items()],
    )
    everywhere = _options(root, context)
    parts = [summary, "Before the command:", everywhere]
    for path, command, command_context in cli_commands():
        parts += [f"## corpuskit {' '.join(path)}" if len(path) == 1 else f"### corpuskit {' '.join(path)}"]
        parts += [_help(command), fence("text", _usage(command, command_context))]
        parts += [_options(command, command_context)]
    return "\n\n".join(part for part in parts if part)


def cli_commands() -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    """Every command that comes with corpuskit, groups before what is in them."""
    root_context = click.Context(root, info_name="corpuskit")
    for name in COMMANDS:
        command = importlib.import_module(COMMANDS[name][0]).command
        yield from _walk((name,), command, root_context)


def _walk(
    path: tuple[str, ...], command: click.Command, parent: click.Context
) -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    context = click.Context(command, info_name=path[-1], parent=parent)
    yield path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _walk((*path, name), child, context)


def _usage(command: click.Command, context: click.Context) -> str:
    return " ".join([context.command_path, *command.collect_usage_pieces(context)])


def _help(command: click.Command) -> str:
    """A command's help and its examples."""
    examples = "\n".join(f"$ {line}" for line in getattr(command, "examples", ()))
    text = inspect.cleandoc(command.help or "")
    return f"{text}\n\n{fence('console', examples)}" if examples else text


def _options(command: click.Command, context: click.Context) -> str:
    """A table for each heading of the help."""
    tables = []
    for heading, records in option_groups(command, context).items():
        rows = [[code(flags), meaning.replace("<", "\\<")] for flags, meaning in records]
        tables.append(table([heading.lower(), "meaning"], rows))
    return "\n\n".join(tables)


# Configuration


def config_reference(name: str) -> str:
    """One configuration model as a table: field, flag, type, default, meaning."""
    model = {"prepare": PrepareConfig, "batches": BatchConfig}[name]
    flags = _flags(name)
    rows = []
    for field, default, description in describe(model):
        spellings = " or ".join(code(spelling) for spelling in _spellings(model, field))
        annotation = code(type_name(model.model_fields[field].annotation))
        flag = [code(flags.get(field, ""))] if flags else []
        rows.append([spellings, *flag, annotation, code(default) or "required", description])
    return table(["field", *(["flag"] if flags else []), "type", "default", "meaning"], rows)


def _flags(name: str) -> dict[str, str]:
    """The command's spelling of each field, where there is a command of that name."""
    if name not in COMMANDS:
        return {}
    command = importlib.import_module(COMMANDS[name][0]).command
    return {
        parameter.name: parameter.opts[-1] if isinstance(parameter, click.Option) else parameter.name.upper()
        for parameter in command.params
    }


def _spellings(model: type[Config], field: str) -> list[str]:
    alias = model.model_fields[field].validation_alias
    others = [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else []
    return [field, *(other for other in others if other != field)]


# Hooks


def hook_functions() -> dict[str, Callable[[], Any]]:
    """Every hook by name, in the order of the module."""
    return {
        name: function
        for name, function in vars(hookspecs).items()
        if hasattr(function, f"{hookspecs.PROJECT}_spec")
    }


def hooks_reference() -> str:
    """Every hook: its signature, its docstring, and the spec that it returns."""
    parts = []
    for name, function in hook_functions().items():
        spec = SPECS[name.removeprefix("corpuskit_").removesuffix("s")]
        parts += [f"## {name}", fence("python", f"def {name}() -> Sequence[{spec.__name__}]: ...")]
        parts += [markdown(inspect.getdoc(function) or ""), f"### {spec.__name__}", spec_reference(spec)]
    parts += ["## RemoteFile", spec_reference(RemoteFile)]
    return "\n\n".join(parts)


def spec_reference(spec: type[Spec] | type[RemoteFile]) -> str:
    """A spec's docstring and its fields."""
    prose, meanings = arguments(inspect.getdoc(spec) or "")
    inherited = {"name": "What users type.", "summary": "One line for listings."}
    inherited["factory"] = '"package.module:attribute", imported when the component is first used.'
    rows = [
        [
            code(field.name),
            code(type_name(field.type)),
            _default(field),
            meanings.get(field.name, inherited.get(field.name, "")),
        ]
        for field in dataclasses.fields(spec)
    ]
    return markdown(prose) + "\n\n" + table(["field", "type", "default", "meaning"], rows)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return code(repr(field.default))
    if field.default_factory is not dataclasses.MISSING:
        return code(repr(field.default_factory()))
    return "required"


# Built-in components


def components_reference(kind: str) -> str:
    """What comes with corpuskit of one kind; what other plugins add is not listed."""
    rows = [
        [code(component.spec.name), component.spec.summary, *_details(component.spec)]
        for component in registry.default().components(SPECS[kind])
        if component.owner.distribution == "corpuskit-core"
    ]
    more = {"source": ["split", "license"], "reader": ["extensions"]}.get(kind, [])
    return table(["name", "what it is", *more], rows)


def _details(spec: Any) -> list[str]:
    if spec.kind == "source":
        return [code(spec.split or "given"), spec.license or ""]
    if spec.kind == "reader":
        return [", ".join(code(extension) for extension in spec.extensions)]
    return []


# Errors


def error_classes() -> list[type[errors.CorpuskitError]]:
    """Every error in the order of the module."""
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.CorpuskitError)
    ]


def errors_reference() -> str:
    """Every error in a table: what it is a kind of, its exit code, its meaning. Then why, and what to do."""
    rows = []
    parts = []
    for error in error_classes():
        prose, facts = arguments(inspect.getdoc(error) or "")
        meaning, *more = markdown(prose).split("\n\n")
        if facts:
            more.append(table(["attribute", "meaning"], [[code(fact), facts[fact]] for fact in facts]))
        name = error.__name__
        bases = ", ".join(code(base.__name__) for base in error.__bases__)
        rows.append([f"[{code(name)}](#{name.lower()})", bases, str(error.exit_code), meaning])
        parts.append("\n\n".join([f"### {name}", meaning, *(_labelled(paragraph) for paragraph in more)]))
    summary = table(["class", "is a", "exit code", "meaning"], rows)
    return "\n\n".join([summary, "## Why, and what to do", *parts])


def _labelled(paragraph: str) -> str:
    """A paragraph of a docstring; what its first words announce is set in bold."""
    return re.sub(r"^(Why|What to do):", r"**\1.**", paragraph)


# The public names


def api_reference() -> str:
    """An autodoc directive for each public name, grouped."""
    grouped = {name for names in API_GROUPS.values() for name in names}
    rest = [name for name in corpuskit.__all__ if name not in grouped]
    parts = []
    for title, names in API_GROUPS.items():
        names = names or tuple(rest)
        parts.append(f"## {title}")
        parts += [f"```{{eval-rst}}\n{autodoc(name)}\n```" for name in names]
    return "\n\n".join(parts)


def plugin_reference() -> str:
    """An autodoc directive for each name of `corpuskit.plugin`, or the page that has it already."""
    parts = []
    for title, places in plugin.GROUPS.items():
        parts.append(f"## {title}")
        for name, place in places.items():
            value = getattr(plugin, name)
            if isinstance(value, type) and issubclass(value, (Spec, RemoteFile)):
                parts.append(f"- [`{name}`](hooks.md)")
            elif name in corpuskit.__all__:
                parts.append(f"- [`{name}`](api.md)")
            elif inspect.isclass(value) or inspect.isroutine(value):
                parts.append(f"```{{eval-rst}}\n{autodoc(name, plugin)}\n```")
            else:
                parts.append(f"`{name}`\n: {comment_above(place)}")
    return "\n\n".join(parts)


def comment_above(place: str) -> str:
    """What the comments above a constant or the alias of a type say of it.

    Args:
        place: "module:name".
    """
    module, _, name = place.partition(":")
    source = inspect.getsource(importlib.import_module(module))
    found = re.search(rf"((?:^#: .*\n)+){name}\b", source, re.MULTILINE)
    return "" if found is None else " ".join(re.findall(r"^#: (.*)$", found[1], re.MULTILINE))


def autodoc(name: str, face: types.ModuleType = corpuskit) -> str:
    """The directive that documents one public name."""
    value = getattr(face, name)
    whole = f"{face.__name__}.{name}"
    if not isinstance(value, type):
        kind = "autofunction" if inspect.isroutine(value) else "autodata"
        return f".. {kind}:: {whole}" + ("\n   :no-value:" if kind == "autodata" else "")
    if value.__name__ != name:  # autodoc would say no more than "alias of"
        text = "\n".join(_google(restructured((inspect.getdoc(value) or "").splitlines())))
        text = f":module: {face.__name__}\n\n{text}"
        return f".. py:class:: {name}{_signature(value)}\n{textwrap.indent(text, '   ')}"
    if issubclass(value, BaseModel):
        return f".. autoclass:: {whole}"
    options = ":members:", f":inherited-members: {', '.join((*INSIDE, 'Mapping', 'Exception'))}"
    special = ":special-members: __len__, __getitem__, __call__"
    return "\n".join([f".. autoclass:: {whole}", *(f"   {option}" for option in (*options, special))])


def _signature(value: Callable[..., Any]) -> str:
    signature = inspect.signature(value)
    return str(signature.replace(return_annotation=inspect.Signature.empty)).replace("'", "")


def _google(lines: list[str]) -> list[str]:
    """A docstring's sections as Sphinx fields."""
    from sphinx.ext.napoleon import GoogleDocstring

    return GoogleDocstring(lines).lines()


#: What makes the text of a block, by the word behind `corpuskit-`.
BLOCKS: dict[str, Callable[..., str]] = {
    "api": api_reference,
    "cli": cli_reference,
    "components": components_reference,
    "config": config_reference,
    "errors": errors_reference,
    "faults": faults_reference,
    "hooks": hooks_reference,
    "manifest": manifest_reference,
    "plugin": plugin_reference,
}

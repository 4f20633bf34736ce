"""A chat template, compiled: Jinja in its sandbox, with the options and functions that transformers gives it.

What a template may do is bounded: it reads its conversation and writes text. It has no clock and no chance
(a corpus's bytes depend on neither), its loops and the texts that it makes have limits, and the sandbox keeps
it from Python's insides.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Mapping
from types import BuiltinMethodType
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.compiler import CodeGenerator, operators
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from corpuskit.errors import ConfigError, reason_of
from corpuskit_huggingface.chat_limits import (
    Refused,
    Run,
    Spans,
    check_arguments,
    check_length,
    check_result,
    check_size,
    counted,
    current_run,
    hidden_arguments,
)
from corpuskit_huggingface.chat_marks import Marked, Marks, joined

#: The seconds since 1970, which are those of the machine's time zone.
_SECONDS = re.compile("%[-_0^#]*[0-9]*[EO]?s")
#: How Python writes a thing that has no text of its own: the address is another one in each process.
_ADDRESS = re.compile(" at 0x[0-9a-f]+>", re.IGNORECASE)


class _Unfit(ConfigError):
    """A template asks for what no conversation can mend, such as the clock."""


class Compiled:
    """A template that can be rendered.

    Args:
        text: Its text.
        where: What to call it in errors.
        date: What its `strftime_now` tells; None where it may not ask.

    Attributes:
        has_marks: Whether it has generation marks.
        variables: The names of what it may be given.

    Raises:
        ConfigError: If it is no Jinja, or asks for what a template must not have.
    """

    def __init__(
        self,
        text: str,
        *,
        where: str,
        date: datetime.date | None = None,
    ) -> None:
        self.where = where
        environment = _environment(where, date)
        try:
            tree = environment.parse(text)
            self.has_marks = any(
                isinstance(block.call.node, nodes.ExtensionAttribute)
                for block in tree.find_all(nodes.CallBlock)
            )
            _count_rounds(tree)
            self.variables = meta.find_undeclared_variables(tree) - {*environment.globals}
            self._template = environment.from_string(tree)
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(
                f"{where}: line {error.lineno}: not a Jinja template: {reason_of(error):.200}; mend the "
                "line in a copy of the folder, and name the copy",
                path=where,
            ) from error
        except (RecursionError, MemoryError, ValueError, SyntaxError) as error:
            raise ConfigError(
                f"{where}: the template cannot be compiled: {reason_of(error):.200}; use another one",
                path=where,
            ) from error

    def render(
        self, variables: Mapping[str, Any], *, hidden: Callable[[Any], Any] | None = None
    ) -> tuple[str, Spans]:
        """The text for these variables, and what generation marks enclose.

        Args:
            variables: What the template is given.
            hidden: What was done to the content in the variables, if anything: it is done as well to what the
                template compares with content or looks for in it.

        Raises:
            Refused: If the template does not take them, by `raise_exception` or by failing.
            ConfigError: If it asks for the clock or for chance.
        """
        run = Run(hidden)
        token = current_run.set(run)
        blocks: list[str] = []
        length = 0
        try:
            for block in self._template.generate(variables):
                length += len(block)
                check_length(length)
                blocks.append(block)
        except (Refused, _Unfit):
            raise
        except Exception as error:  # whatever the template's own expressions do
            said = reason_of(error)
            if not isinstance(error, jinja2.TemplateError):
                said = f"{type(error).__name__}: {said}"
            raise Refused(f"line {_line_of(error)}: {said:.200}") from error
        finally:
            current_run.reset(token)
        text = joined(blocks)
        marks = text.marks if isinstance(text, Marked) else ()
        if len({mark.number for mark in marks}) != run.marks:
            raise Refused(
                "it changes or drops what its generation marks enclose, so that what is to be learnt cannot "
                "be told; put the marks around what is written last, in a copy of the folder"
            )
        address = _ADDRESS.search(text)
        if address and not _says(variables, address[0]):
            raise _Unfit(
                f"{self.where}: the template writes a function or another thing without a text, which would "
                "make other bytes each time; take it out of the template in a copy of the folder",
                path=self.where,
            )
        return str.__str__(text), [(mark.start, mark.stop) for mark in marks]


def _says(value: Any, words: str) -> bool:
    """Whether a JSON value holds some words."""
    if isinstance(value, Mapping):
        return any(_says(item, words) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return any(_says(item, words) for item in value)
    return isinstance(value, str) and words.casefold() in value.casefold()


def _line_of(error: BaseException) -> int:
    """The template's line that an error comes from; Jinja puts it in the traceback."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _count_rounds(tree: nodes.Template) -> None:
    """Make each round of a loop and each call of a macro a step."""

    def step(line: int) -> nodes.Expr:
        return nodes.Call(
            nodes.ExtensionAttribute(Marks.identifier, "_step"), [], [], None, None, lineno=line
        )

    loops = [*tree.find_all(nodes.For)]
    bodies: list[nodes.For | nodes.Macro] = [*loops, *tree.find_all(nodes.Macro)]
    for node in bodies:
        node.body.insert(0, nodes.ExprStmt(step(node.lineno), lineno=node.lineno))
    for loop in loops:
        if loop.test is not None:
            loop.test = nodes.And(step(loop.lineno), loop.test, lineno=loop.lineno)
    if tree.environment is not None:
        tree.set_environment(tree.environment)


class _Generator(CodeGenerator):
    """Python code in which `~`, lists and slices count, and comparisons see to hidden content."""

    def _checked(self, visit: Callable[[Any, Any], None], node: nodes.Node, frame: Any) -> None:
        self.write("environment.checked(")
        visit(node, frame)
        self.write(")")

    def visit_List(self, node: nodes.List, frame: Any) -> None:
        self._checked(super().visit_List, node, frame)

    def visit_Dict(self, node: nodes.Dict, frame: Any) -> None:
        self._checked(super().visit_Dict, node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Any) -> None:
        if node.ctx == "load":
            self._checked(super().visit_Tuple, node, frame)
        else:
            super().visit_Tuple(node, frame)

    def visit_Getitem(self, node: nodes.Getitem, frame: Any) -> None:
        if isinstance(node.arg, nodes.Slice):
            self._checked(super().visit_Getitem, node, frame)
        else:
            super().visit_Getitem(node, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Any) -> None:
        self.write("(environment.compared(")
        self.visit(node.expr, frame)
        self.write(")")
        for operand in node.ops:
            self.visit(operand, frame)
        self.write(")")

    def visit_Operand(self, node: nodes.Operand, frame: Any) -> None:
        self.write(f" {operators[node.op]} environment.compared(")
        self.visit(node.expr, frame)
        self.write(")")

    def visit_Concat(self, node: nodes.Concat, frame: Any) -> None:
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Sandbox(ImmutableSandboxedEnvironment):
    code_generator_class = _Generator
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    @staticmethod
    def concat(parts: Any) -> str:
        """Text in one piece; Jinja calls it for what macros and blocks write."""
        parts = list(parts)
        check_size(sum(map(len, parts)))
        return joined(parts)

    def joined(self, parts: Any) -> str:
        """What `~` gives."""
        return self.concat(map(str, parts))

    @staticmethod
    def compared(value: Any) -> Any:
        """What is compared in a value's place."""
        run = current_run.get()
        if not isinstance(value, int | None):
            run.count(run.weight(value))
        return value if run.hidden is None else run.hidden(value)

    @staticmethod
    def checked(value: Any) -> Any:
        """A value whose size counts."""
        check_result(value)
        return value

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            for one, other in ((left, right), (right, left)):
                if isinstance(one, int) and isinstance(other, str | list | tuple):
                    check_size(len(other) * max(one, 0))
            if isinstance(left, int) and isinstance(right, int):
                check_size(left.bit_length() + right.bit_length())
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            check_size(left.bit_length() * max(right, 0))
        elif operator == "%" and isinstance(left, str):
            check_arguments("%", left, (right,))
        elif operator == "+" and Marked in (type(left), type(right)):
            return self.concat((left, right))
        result = super().call_binop(context, operator, left, right)
        check_result(result)
        return result

    def call(self, context: Any, function: Any, /, *arguments: Any, **named: Any) -> Any:
        if isinstance(function, BuiltinMethodType) and isinstance(function.__self__, str):
            check_arguments(function.__name__, function.__self__, (*arguments, *named.values()))
            arguments = hidden_arguments(function.__name__, function.__self__, arguments)
        result = super().call(context, function, *arguments, **named)
        check_result(result)
        return result

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def checked(*arguments: Any, **named: Any) -> str:
            check_arguments("format", value.__self__, (*arguments, *named.values()))
            return wrapped(*arguments, **named)

        return checked


def _environment(where: str, date: datetime.date | None) -> jinja2.Environment:
    def raise_exception(message: Any) -> None:
        raise Refused(f"{message}"[:300])

    def strftime_now(form: str) -> str:
        if date is None:
            raise _Unfit(
                f"{where}: the template writes today's date, which would make other bytes tomorrow; fix it "
                "behind the folder's name: hf:FOLDER,date=2026-01-01",
                path=where,
            )
        if _SECONDS.search(form.replace("%%", "")):
            raise _Unfit(
                f"{where}: the template writes seconds that depend on the time zone; use another one",
                path=where,
            )
        return datetime.datetime.combine(date, datetime.time()).strftime(form)

    def by_chance(*_: Any, **__: Any) -> None:
        raise _Unfit(
            f"{where}: the template draws by chance, which would make other bytes each time; use another one",
            path=where,
        )

    def to_json(
        value: Any,
        ensure_ascii: bool = False,
        indent: Any = None,
        separators: Any = None,
        sort_keys: bool = False,
    ) -> str:
        encoder = json.JSONEncoder(
            ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
        )
        if indent is None and separators is None:
            return encoder.encode(value)
        if isinstance(indent, int):
            check_size(indent)
        parts, length = list[str](), 0
        for part in encoder.iterencode(value):
            length += len(part)
            check_length(length)
            parts.append(part)
        return "".join(parts)

    environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[Marks, loopcontrols])
    environment.filters["tojson"] = to_json
    environment.filters["random"] = by_chance
    for name, function in environment.filters.items():
        environment.filters[name] = counted(name, function)
    environment.globals.update(
        raise_exception=raise_exception,
        strftime_now=strftime_now,
        lipsum=by_chance,
        dict=_Dict(),
        namespace=_Namespace,
    )
    return environment


class _Dict:
    """`dict`, without what else the class has."""

    def __call__(self, *arguments: Any, **named: Any) -> dict[Any, Any]:
        return dict(*arguments, **named)

    def fromkeys(self, *arguments: Any) -> dict[Any, Any]:
        return dict.fromkeys(*arguments)


class _Namespace(jinja2.utils.Namespace):
    """`namespace`, which holds no name that begins with an underscore."""

    def __init__(*arguments: Any, **named: Any) -> None:  # so that namespace(self=...) is one
        self, values = arguments[0], dict(*arguments[1:], **named)
        for name in values:
            _check_name(name)
        jinja2.utils.Namespace.__init__(self, values)

    def __repr__(self) -> str:
        return "<Namespace>"  # what it holds may be larger than anything that is counted

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"a namespace holds no {name!r}")


__all__ = ["Compiled"]

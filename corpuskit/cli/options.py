"""Options that several commands share."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _quieten(ctx: click.Context, parameter: click.Parameter, value: bool) -> bool:
    if value:
        logging.getLogger("corpuskit").setLevel(logging.ERROR)
    return value


def json_option(function: F) -> F:
    """`--json`: machine-readable output on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")(function)


def quiet_option(function: F) -> F:
    """`--quiet`: nothing on stderr but errors."""
    return click.option(
        "-q", "--quiet", is_flag=True, callback=_quieten, help="Say nothing but errors on stderr."
    )(function)


def corpus_argument(function: F) -> F:
    """The folder of a prepared corpus."""
    return click.argument("corpus", type=click.Path(), metavar="CORPUS")(function)

"""Options of readers as messages call them."""

from __future__ import annotations

import pytest

from corpuskit.cli.prepare_options import prepare_options
from corpuskit.sources.option_names import FIELDS, option_name, refused


def test_an_option_with_a_flag_is_called_by_its_flag():
    import click

    flags = {flag for param in click.command()(prepare_options(lambda: None)).params for flag in param.opts}
    assert {option_name(name) for name in FIELDS} <= flags


def test_another_option_is_one_of_the_reader():
    assert option_name("max_ratio") == "reader option max_ratio"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("invalid_utf8", "--invalid-utf8 'x': expected error or replace"),
        ("max_ratio", "reader option max_ratio: expected error or replace, found 'x'"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_can(option, message):
    error = refused(option, "x", "error or replace")
    assert str(error) == message
    assert (error.expected, error.found) == ("error or replace", "x")

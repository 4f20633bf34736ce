"""corpuskit verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from corpuskit.cli.help import Command
from corpuskit.cli.options import among, corpus_argument, json_option, option, pairs, quiet_option
from corpuskit.errors import ConfigError, CorpusFormatError, SourceError
from corpuskit.terminal.text import one_line

if TYPE_CHECKING:
    from corpuskit.inspect.health import Finding
    from corpuskit.terminal.progress_bars import ProgressBars


@click.command(
    "verify",
    cls=Command,
    examples=(
        "corpuskit verify data/tinyshakespeare/gpt2",
        "corpuskit verify data/tinyshakespeare/gpt2 --health --strict",
        "corpuskit verify data/tinyshakespeare/gpt2 --health --rule duplicates=20%",
    ),
)
@corpus_argument
@option(
    "--health",
    is_flag=True,
    group="Health",
    help="Also look at what the bytes stand for: one token that is most of it, duplicates, U+FFFD, and more.",
)
@option(
    "--rule",
    "rules",
    metavar="NAME=VALUE",
    multiple=True,
    callback=pairs,
    shell_complete=among(
        "one-token=", "unknown=", "replacement=", "entropy=", "duplicates=", "leak=", "empty=", "untrained="
    ),
    group="Health",
    help="Give a rule of --health another threshold, a share or bits; may be repeated. By default those are "
    "one-token=0.5, unknown=0.001, replacement=0.001, entropy=3, duplicates=0.1, leak=0.01, empty=0.01, "
    "untrained=0.01 and round-trip=0.",
)
@option("--strict", is_flag=True, group="Health", help="Exit with 3 if --health finds something.")
@json_option
@quiet_option
def command(
    corpus: str, health: bool, rules: dict[str, str] | None, strict: bool, as_json: bool, quiet: bool
) -> None:
    """Check every byte of a corpus against its manifest.

    Checks each file's sha256, that every id is in the vocabulary, and that the documents' index is in
    order. Exits with 5 if something is wrong.
    """
    from corpuskit.cli import render
    from corpuskit.corpus.verification import verify
    from corpuskit.terminal.progress_bars import ProgressBars
    from corpuskit.urls import shown

    if not health and (strict or rules):
        raise click.UsageError(f"{'--strict' if strict else '--rule'} is about --health; add it")
    thresholds = _thresholds(rules or {}) if health else {}
    with ProgressBars(quiet=quiet) as bars:
        problems = verify(corpus, on_progress=bars)
        findings = _findings(corpus, thresholds, bars) if health and not problems else []
    corpus = shown(corpus)
    if as_json:
        found = [{"file": problem.file, "message": problem.message} for problem in problems]
        ok = not problems and not (strict and findings)
        more = {"findings": [finding.to_json() for finding in findings]} if health else {}
        render.print_json({"path": corpus, "ok": ok, "problems": found, **more})
    else:
        for line in (*problems, *findings):
            click.echo(one_line(str(line)))
    if problems:
        raise CorpusFormatError(
            f"{corpus}: {len(problems)} problem{'s' if len(problems) > 1 else ''} found; "
            "make it again with --overwrite"
        )
    broken = f"{len(findings)} rule{'s' if len(findings) > 1 else ''} of health broken"
    if findings and strict:
        raise SourceError(
            f"{corpus}: {broken}; prepare it from other text, or allow it with --rule NAME=VALUE"
        )
    if not as_json and not quiet:
        also = f"; {broken}" if findings else ", and it breaks no rule of health" if health else ""
        render.say(f"{corpus}: every byte is as the manifest says{also}")


def _thresholds(rules: dict[str, str]) -> dict[str, float]:
    """The thresholds that flags say, checked before anything is read."""
    from corpuskit.inspect.health import thresholds
    from corpuskit.units import parse_fraction

    found = {}
    for name, value in rules.items():
        try:
            found[name] = parse_fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ConfigError(
                f"--rule {name}={value}: must be a number, or a share such as 0.1 or 10%", found=value
            ) from None
    return thresholds(found)


def _findings(corpus: str, thresholds: dict[str, float], bars: ProgressBars) -> list[Finding]:
    from corpuskit.inspect.health import health

    return health(corpus, rules=thresholds, on_progress=bars)

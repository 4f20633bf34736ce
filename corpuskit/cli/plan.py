"""corpuskit plan."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli.options import config_of, json_option, prepare_options, quiet_option

if TYPE_CHECKING:
    from corpuskit.prepare import Estimate


@click.command("plan")
@prepare_options
@json_option
@quiet_option
def command(dataset: tuple[str, ...], config: str | None, as_json: bool, quiet: bool, **flags: Any) -> None:
    r"""Say what preparing DATASET would make and take, judged from a sample of its documents.

    Takes the options of 'corpuskit prepare'. Nothing is written; what must be downloaded is.

    \b
    corpuskit plan 'corpus/*.jsonl.zst' --encoding gpt2
    """
    from corpuskit.cli import render
    from corpuskit.prepare.pipeline import plan

    with render.ProgressBars(quiet=quiet) as bars:
        made, found = plan(config=config_of(dataset, config, flags), on_progress=bars)
    if as_json:
        render.print_json({"fingerprint": made.fingerprint, **dataclasses.asdict(found)})
    else:
        _print(found, made.fingerprint)


def _print(found: Estimate, fingerprint: str) -> None:
    from corpuskit.cli import render

    about = "" if found.exact else "about "
    rows = {
        "inputs": f"{found.num_inputs:,}, {render.size(found.input_bytes)}",
        "parts": f"{found.num_parts:,}",
        "text": f"{about}{render.size(found.text_bytes)}",
        "documents": f"{about}{found.num_documents:,}",
        "tokens": f"{about}{found.num_tokens:,}",
        "disk": f"{about}{render.size(found.output_bytes)}",
        "memory": f"about {render.size(found.memory_bytes)} with {found.workers} workers",
        "time": f"about {render.duration(found.elapsed_s)} with {found.workers} workers",
        "sample": "all of it" if found.exact else f"{render.size(found.sample_bytes)} of text",
        "plan": fingerprint,
    }
    for key, value in rows.items():
        click.echo(f"{key:<10} {value}")

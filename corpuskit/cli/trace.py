"""corpuskit trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from corpuskit.cli import complete
from corpuskit.cli.batch_options import NAMES, batch_config, batch_options, data_argument
from corpuskit.cli.help import Command
from corpuskit.cli.options import (
    UserPath,
    encoding_option,
    inputs_option,
    json_option,
    option,
    quiet_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from corpuskit.batches import Batches
    from corpuskit.inspect.runs import Data
    from corpuskit.inspect.tracing import RowTrace, StepTrace, TracedPiece

#: How tokens that are to be learned are painted where a loss stream says it, as `show --chat` has them.
_LEARNED = "black on color(157)"
#: How tokens of each level are painted, and how they are marked where there are no colours.
_STYLES = ("", "yellow", "black on yellow", "bold white on red")
_MARKS = (("", ""), ("[", "]"), ("[[", "]]"), ("[[[", "]]]"))
_MARGIN = "  │ "
#: More rows than anyone reads, or than there is memory for.
_MOST_ROWS = 2**16


@click.command(
    "trace",
    cls=Command,
    examples=(
        "corpuskit trace data/mine/gpt2 --step 41203 --batch-size 64 --block-size 1024 --seed 7",
        "corpuskit trace data/mine/gpt2 --state checkpoint.json --step 41203 --losses losses.npy",
        "corpuskit trace mixture.toml --step 7 --row 3 --json",
    ),
)
@data_argument
@option(
    "--step",
    type=click.IntRange(min=0),
    metavar="N",
    help="Trace the batch of this step, counted from 0. By default the one where the state stands.",
)
@option(
    "--row",
    type=click.IntRange(min=0),
    metavar="N",
    help="Trace this row only, counted from 0. By default all rows are traced.",
)
@option(
    "--losses",
    metavar="FILE",
    type=UserPath(),
    help="Sort rows and paint tokens by these losses: an array of the batch's shape, saved by numpy.save. By "
    "default the tokens of x are shown; with losses, those of y.",
)
@inputs_option
@encoding_option
@option(
    "--state",
    metavar="FILE",
    type=UserPath(),
    group="The run",
    help="Take all of this from a state that batches.state_dict() gave, saved as JSON. By default there is "
    "none.",
)
@option(
    "--split",
    metavar="NAME",
    shell_complete=complete.of_corpus,
    group="The run",
    help="Draw from this split. [default: train]",
)
@batch_options
@json_option
@quiet_option
def command(
    corpus: str,
    step: int | None,
    row: int | None,
    losses: str | None,
    inputs: str | None,
    encoding: str | None,
    state: str | None,
    config: str | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Say which documents the rows of a training step are from, to the line of their files.

    CORPUS is a prepared corpus, or the TOML file of a mixture. The options must be those of the run: the same
    give the same batch, on any machine.
    """
    from corpuskit.cli import render
    from corpuskit.errors import ConfigError
    from corpuskit.inspect.lines import InputLines
    from corpuskit.inspect.losses import read_losses
    from corpuskit.inspect.runs import open_data
    from corpuskit.inspect.tracing import trace_samples
    from corpuskit.terminal.progress_bars import ProgressBars

    if step is None and state is None:
        raise click.UsageError("--step is missing: say which batch is traced")
    data = open_data(corpus, encoding=encoding)
    batches = _batches(data, state, config, flags)
    if step is not None:
        batches.seek(step=step)
    if row is not None and row >= batches.batch_size:
        raise ConfigError(f"--row {row}: the batch has {batches.batch_size:,} rows, counted from 0")
    if row is None and batches.batch_size > _MOST_ROWS:
        raise ConfigError(
            f"a batch of {batches.batch_size:,} rows is traced a row at a time; say which with --row"
        )
    found = None
    if losses is not None:
        found = read_losses(losses, (batches.batch_size, batches.block_size))
    samples = range(batches.sample, batches.sample + batches.batch_size)
    number = batches.step if batches.order.first_sample(batches.step) == batches.sample else None
    rows = slice(None) if row is None else slice(row, row + 1)
    with ProgressBars(quiet=quiet) as bars:
        lines = {name: InputLines(one, inputs, on_progress=bars) for name, one in data.corpora.items()}
        traced = trace_samples(
            batches.order,
            samples[rows],
            lines,
            step=number,
            first_row=row or 0,
            losses=None if found is None else found[rows],
        )
    if as_json:
        render.print_json(traced.to_json())
    else:
        _print(traced, f"{corpus}, split {batches.order.stream.name}")


def _batches(data: Data, state: str | None, config: str | None, flags: dict[str, Any]) -> Batches:
    from corpuskit.inspect.runs import read_state, resumed

    if state is None:
        return data.batches(batch_config(config, flags))
    said = [name for name in ("split", *NAMES) if flags[name] is not None and name != "sampler"]
    if flags["sampler"] is not None and not data.is_mixture:
        said.append("sampler")
    said += ["config"] if config is not None else []
    if said:
        flag = said[0].replace("_", "-")
        raise click.UsageError(
            f"--{flag} and --state exclude each other: the state says what the run was told"
        )
    return resumed(data, read_state(state), sampler=flags["sampler"])


def _print(traced: StepTrace, of: str) -> None:
    from rich.text import Text

    from corpuskit.cli import render
    from corpuskit.terminal.text import one_line

    console = render.stdout_console()
    is_painted = console.is_terminal and not console.no_color

    def say(text: str | Text = "", style: str = "") -> None:
        console.print(Text(text, style) if isinstance(text, str) else text)

    step = "the samples where the state stands" if traced.step is None else f"step {traced.step:,}"
    many = "1 row" if len(traced.rows) == 1 else f"{len(traced.rows):,} rows"
    say(one_line(f"{step} of {of}: {many}{' of targets, by loss' if traced.of_targets else ''}"))
    if (worst := traced.worst) is not None:
        rows = ", ".join(map(str, worst.rows[:10])) + (", ..." if len(worst.rows) > 10 else "")
        say(
            f"worst document: {_name(worst.document)}: mean loss {worst.mean_loss:.2f} of "
            f"{worst.num_losses:,} tokens in row{'s' if len(worst.rows) > 1 else ''} {rows}; the mean of all "
            f"is {worst.batch_loss:.2f}",
            "bold",
        )
        levels = Text("painted: losses above those of ")
        for level, share in enumerate(("80 %", "95 %", "99 %"), 1):
            levels.append(_marked(share, level, is_painted)).append(
                ", " if level == 1 else " and " if level == 2 else ""
            )
        say(levels)
    if any(piece.learned is not None for row in traced.rows for piece in row.pieces):
        say(_marked("to be learned", 0, is_painted, is_learned=True))
    for row in traced.rows:
        say()
        _print_row(row, say, is_painted=is_painted, width=console.width if console.is_terminal else None)
    for why in dict.fromkeys(
        piece.place.why for row in traced.rows for piece in row.pieces if piece.place.why
    ):
        render.say(f"no lines: {why}")


def _print_row(row: RowTrace, say: Any, *, is_painted: bool, width: int | None) -> None:
    from rich.text import Text

    from corpuskit.terminal.text import safe

    loss = "" if row.mean_loss is None else f", mean loss {row.mean_loss:.2f}"
    say(f"row {row.row:,}, sample {row.sample:,}{loss}", "bold")
    for one in row.pieces:
        piece = one.piece
        begin, size = piece.start - piece.document_start, piece.document_stop - piece.document_start
        end = begin + piece.stop - piece.start
        front = "" if piece.front is None else f"id {piece.front:,} in front, "
        loss = f", mean loss {one.sum_losses / one.num_losses:.2f}" if one.num_losses else ""
        say(
            f"  {_name(one)}, {front}its tokens {begin:,} to {end:,} of {size:,} "
            f"({piece.split} {piece.start:,} to {piece.stop:,}){loss}",
            "cyan",
        )
        text = Text()
        marks = one.learned or (False,) * len(one.texts)
        for words, level, is_learned in zip(one.texts, one.levels, marks, strict=True):
            text.append(_marked(safe(words), level, is_painted, is_learned=is_learned))
        for line in _wrapped(text, width):
            say(Text.assemble((_MARGIN, "dim"), line))


def _wrapped(text: Text, width: int | None) -> Sequence[Text]:
    """Lines that fit beside the margin; into a pipe, the text's own."""
    from rich.cells import cell_len

    found = []
    for line in text.split("\n", allow_blank=True):
        line.expand_tabs(8)
        while width is not None and cell_len(line.plain) > (room := max(width - len(_MARGIN), 10)):
            at = used = 0
            while at < len(line.plain) and (used := used + cell_len(line.plain[at])) <= room:
                at += 1
            first, line = line.divide([max(at, 1)])
            found.append(first)
        found.append(line)
    if len(found) > 1 and not found[-1].plain:
        found.pop()
    return found


def _marked(words: str, level: int, is_painted: bool, *, is_learned: bool = False) -> Text:
    """Words as tokens of a level, that are to be learned or not: in a colour, or between brackets."""
    from rich.text import Text

    from corpuskit.terminal.mask_lines import LEARNED

    if is_painted:
        return Text(words, _LEARNED if is_learned and not level else _STYLES[level])
    before, after = _MARKS[level]
    words = f"{before}{words}{after}"
    return Text(
        LEARNED[0] + words.replace("\n", "\n".join(LEARNED[::-1])) + LEARNED[1] if is_learned else words
    )


def _name(one: TracedPiece) -> str:
    """A document by its place, and in a mixture its corpus."""
    from corpuskit.terminal.text import one_line

    corpus = f"{one.piece.corpus} " if one.piece.corpus else ""
    place = str(one.place) if one.place.input else "no input"
    return one_line(f"{corpus}{place}: document {one.piece.document:,}")

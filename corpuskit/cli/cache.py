"""`corpuskit cache`: where downloads are kept, how much they are, and how to be rid of them."""

from __future__ import annotations

import sys

import click

from corpuskit.cli.help import Group
from corpuskit.cli.options import UserPath, json_option, option
from corpuskit.terminal.text import one_line


@click.group(
    "cache", cls=Group, examples=("corpuskit cache size", "corpuskit cache clear --older-than 30 --yes")
)
def command() -> None:
    """Show or empty the folder that downloads are kept in."""


@command.command(short_help="Print the cache folder.", examples=("corpuskit cache where",))
def where() -> None:
    """Print the cache folder: $CORPUSKIT_CACHE_DIR, or the system's place for caches."""
    from corpuskit.cache import default_cache_dir
    from corpuskit.cli import render

    render.print_text(str(default_cache_dir()))


@command.command(examples=("corpuskit cache size --json",))
@json_option
def size(as_json: bool) -> None:
    """Print how many files the cache holds, and how many bytes."""
    import dataclasses

    from corpuskit.cache import default_cache_dir, usage
    from corpuskit.cli import render

    folder = default_cache_dir()
    rows = usage(folder)
    if as_json:
        contents = [dataclasses.asdict(row) for row in rows]
        render.print_json({"path": str(folder), "contents": contents})
        return
    for row in rows:
        click.echo(f"{row.kind:<10}{row.num_files:>10,}{row.size_bytes:>20,} bytes")


@command.command(
    short_help="Put files into the cache.", examples=("corpuskit cache add ~/Downloads/input.txt",)
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=UserPath())
def add(files: tuple[str, ...]) -> None:
    """Put files into the cache under their sha256, where corpora find them.

    For a machine that reaches no network: bring a corpus's files from elsewhere, add them, and prepare the
    corpus by its name. Prints where the cache has each file, and says whose it is.
    """
    from corpuskit.cache import default_cache_dir
    from corpuskit.cli import render
    from corpuskit.fetching.keep import add, corpora_with
    from corpuskit.paths import user_path

    for file in files:
        sha256, kept = add(user_path(file, what="FILE"), default_cache_dir())
        owners = corpora_with(sha256)
        whose = f"a file of {', '.join(owners)}" if owners else "of no known corpus; one with it will find it"
        render.say(f"{file}: sha256 {sha256}, {whose}")
        render.print_text(str(kept))


@command.command(
    short_help="Delete files from the cache.",
    examples=(
        "corpuskit cache clear --partials",
        "corpuskit cache clear --older-than 30 --yes",
        "corpuskit cache clear --url https://example.org/text.txt",
    ),
)
@option("--partials", is_flag=True, help="Delete unfinished downloads only.")
@option("--all", "everything", is_flag=True, help="Delete also what is recorded of URLs.")
@option(
    "--url",
    metavar="URL",
    help="Delete only what is recorded of this URL, so that a new file there is accepted. By default no "
    "record is deleted.",
)
@option(
    "--older-than",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="DAYS",
    help="Delete only what is so many days old.",
)
@option("--yes", is_flag=True, help="Delete without a question.")
def clear(partials: bool, everything: bool, url: str | None, older_than: float, yes: bool) -> None:
    """Delete downloaded files, unfinished downloads and tables from the cache.

    What URLs without a published sha256 gave the first time is kept unless --all or --url asks for it. Only
    files that corpuskit made are deleted.
    """
    from corpuskit.cache import FOLDERS, clear, clearable, default_cache_dir, size_of
    from corpuskit.cli import render

    if sum((partials, everything, url is not None)) > 1:
        raise click.UsageError("--partials, --all and --url exclude each other")
    if url is not None and older_than:
        raise click.UsageError("--url and --older-than exclude each other")
    folder = default_cache_dir()
    if url is not None:
        from corpuskit.fetching.trust import records_of

        paths = records_of(folder, url)
    else:
        kept = () if everything else ("urls",)
        kinds = ("partials",) if partials else tuple(kind for kind in FOLDERS if kind not in kept)
        paths = clearable(folder, kinds=kinds, older_than_days=older_than)
    if not paths:
        render.say(f"nothing to delete in {folder}")
        return
    num_bytes = size_of(paths)
    if not yes and not _confirmed(f"Delete {len(paths):,} files ({num_bytes:,} bytes) in {folder}?"):
        render.say("nothing was deleted")
        raise click.exceptions.Exit(1)
    clear(paths)
    render.say(f"deleted {len(paths):,} files ({num_bytes:,} bytes) in {folder}")


def _confirmed(question: str) -> bool:
    """Whether a person says yes."""
    try:
        return click.confirm(one_line(question), err=True)
    except click.Abort as error:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise click.UsageError("nobody answers here, and nothing was deleted; say --yes to delete") from error

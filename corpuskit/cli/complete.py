"""What the Tab key offers: names from the registry, the splits of a corpus, files.

Only names are asked for: no component is imported. What a broken plugin says meanwhile is not shown, because
a half-typed line would be torn apart.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator

import click
from click.shell_completion import BashComplete, CompletionItem, ShellComplete, add_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_CORPUSKIT_COMPLETE"

#: Names come first; where none fits, or besides them where both can stand, files as the shell completes them.
_BASH = """\
%(complete_func)s() {
    local line path files=
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            plain,*) COMPREPLY+=("${line#plain,}") ;;
            dir,*) files=-d ;;
            file,*) files=-f ;;
        esac
    done < <(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" \\
        %(complete_var)s=bash_complete "$1" 2> /dev/null)
    if [[ -n $files && ${#COMPREPLY[@]} -eq 0 ]]; then
        if [[ $files == -d ]]; then compopt -o dirnames; else compopt -o default; fi
    elif [[ -n $files ]]; then
        compopt -o filenames
        while IFS= read -r path; do
            COMPREPLY+=("$path")
        done < <(compgen $files -- "${COMP_WORDS[COMP_CWORD]}")
    fi
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


@add_completion_class
class _Bash(BashComplete):
    """Bash, where names and files may both stand in one place."""

    source_template = _BASH

    def source(self) -> str:
        return ShellComplete.source(self)  # BashComplete's runs bash to ask for its version


def script(shell: str, root: click.Command) -> str:
    """What a shell must read to complete corpuskit's commands.

    Args:
        shell: One of `SHELLS`.
        root: The command that has all others.
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    return found(root, {}, "corpuskit", VARIABLE).source()


def components(kind: str) -> list[tuple[str, str]]:
    """The names of a kind's components, each with its summary; none where that cannot be told."""
    from corpuskit import registry
    from corpuskit.registry.checks import SPECS

    with _silence():
        found = registry.default().components(SPECS[kind], quiet=True)
        return [(one.spec.name, one.spec.summary) for one in found]
    return []


def plugins() -> list[tuple[str, str]]:
    """The names of installed distributions with plugins; nothing of them is imported."""
    from corpuskit.registry.discovery import installed

    with _silence():
        return [(found.owner.distribution, found.owner.version) for found in installed()]
    return []


def splits(corpus: str) -> list[tuple[str, str]]:
    """The splits of a prepared corpus on this machine, each with its size."""
    from corpuskit.paths import user_path

    with _silence():
        manifest = json.loads((user_path(corpus) / "manifest.json").read_text(encoding="utf-8"))
        return [(name, f"{split['num_tokens']:,} tokens") for name, split in manifest["splits"].items()]
    return []


def matching(found: list[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    """Those that go on from what is typed."""
    items = dict(found).items()
    return [CompletionItem(name, help=summary) for name, summary in items if name.startswith(incomplete)]


def of_corpus(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The splits of the corpus that the command line names."""
    corpus = ctx.params.get("corpus") or next(iter(ctx.args), "")  # an option without its value ends parsing
    return matching(splits(corpus), incomplete)


def of_plugins(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The installed distributions that have plugins."""
    return matching(plugins(), incomplete)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    logger = logging.getLogger("corpuskit")
    before, logger.disabled = logger.disabled, True
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(Exception):
            yield
    finally:
        logger.disabled = before

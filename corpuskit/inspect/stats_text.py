"""Statistics as lines for people, at most 80 columns wide but for names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from corpuskit.inspect.stats_records import (
    DocumentPlace,
    Duplicates,
    InputShare,
    Lengths,
    SamplerShare,
    ScriptShare,
    SomeDocuments,
    TokenCount,
)
from corpuskit.terminal.text import one_line, size

_BAR_CELLS = 24
_KEY_CELLS = 12
_TOKEN_CHARACTERS = 40


def joined(*sections: Iterable[str]) -> str:
    """Sections of lines with an empty line between them; those without lines are left out."""
    blocks = ["\n".join(section) for section in sections]
    return "\n\n".join(filter(None, blocks))


def count(number: int, noun: str) -> str:
    """A number of things: 1 token, 1,234 tokens."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(part: float, whole: float = 1) -> str:
    """A share for people: 0 %, <0.001 %, 0.0123 %, 1.5 %, >99.9 %, 100 %."""
    value = 100 * part / whole if whole else 0.0
    if value in (0, 100):
        return f"{value:.0f} %"
    if value < 0.001:
        return "<0.001 %"
    if 99.95 <= value < 100:
        return ">99.9 %"
    return f"{value:.{1 if value >= 1 else 2 if value >= 0.1 else 4}f} %"


def fact(key: str, value: str) -> str:
    """What something is, in a line of its own."""
    return f"{key:<{_KEY_CELLS}}{value}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows under a header; columns whose name begins with ">" are right-aligned."""
    cells = [[name.removeprefix(">") for name in header], *rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(header))]
    for row in cells:
        words = [
            cell.rjust(width) if name.startswith(">") else cell.ljust(width)
            for name, cell, width in zip(header, row, widths, strict=True)
        ]
        yield "  ".join(words).rstrip()


def quoted(text: str | None) -> str:
    """What a token stands for, on one line and not too long; nothing where that is not known."""
    if text is None:
        return ""
    shown = one_line(text[:_TOKEN_CHARACTERS])
    return f'"{shown}"' + ("..." if len(text) > _TOKEN_CHARACTERS else "")


def place(found: DocumentPlace) -> str:
    """Where a document is, and where it came from."""
    where = f"{found.split} {found.document:,}: {count(found.num_tokens, 'token')}"
    return one_line(f"{where}, {found.input} at {found.input_start:,}")


def lengths(found: Lengths) -> Iterator[str]:
    """How long documents are: quantiles, and a bar for each bin."""
    if not found.bins:
        return
    middle = dict(found.quantiles)[0.5]
    yield f"Tokens a document: {found.mean:,.1f} on average, {middle:,} in the middle"
    quantiles = [(f"{share * 100:g} %", f"{length:,}") for share, length in found.quantiles]
    widths = [max(map(len, pair)) for pair in quantiles]
    for line in zip(*quantiles, strict=True):
        yield "  ".join(word.rjust(width) for word, width in zip(line, widths, strict=True))
    most = max(one.num_documents for one in found.bins)
    rows = []
    for one in found.bins:
        between = f"{one.shortest:,}" + (f" to {one.longest:,}" if one.longest > one.shortest else "")
        bar = "━" * -(-one.num_documents * _BAR_CELLS // most)
        rows.append((between, f"{one.num_documents:,}", bar))
    yield from table((">tokens", ">documents", ""), rows)


def of_kind(name: str, found: SomeDocuments, num_documents: int) -> Iterator[str]:
    """Documents of a kind, if there are any, and some of them."""
    if found.count:
        yield f"{name}: {found.count:,} ({percent(found.count, num_documents)})"
        yield from (f"  {place(one)}" for one in found.examples)


def tokens(found: Sequence[TokenCount], num_tokens: int) -> Iterator[str]:
    """The most frequent tokens."""
    if found:
        yield "Most frequent tokens"
        rows = (
            (f"{one.id:,}", f"{one.count:,}", percent(one.count, num_tokens), quoted(one.text))
            for one in found
        )
        yield from table((">id", ">count", ">share", "text"), rows)


def scripts(found: Sequence[ScriptShare]) -> Iterator[str]:
    """What is of each script."""
    total = sum(one.num_tokens for one in found)
    if found:
        yield "Scripts"
        rows = (
            (
                one.script.replace("_", " "),
                f"{one.num_characters:,}",
                size(one.num_bytes),
                f"{one.num_tokens:,}",
                percent(one.num_tokens, total),
            )
            for one in found
        )
        yield from table(("script", ">characters", ">bytes", ">tokens", ">share"), rows)


def inputs(found: Sequence[InputShare], num_inputs: int, num_tokens: int) -> Iterator[str]:
    """What is of each input."""
    if found:
        yield "Inputs" if num_inputs == len(found) else f"The largest of {num_inputs:,} inputs"
        rows = (
            (
                f"{one.num_documents:,}",
                f"{one.num_tokens:,}",
                percent(one.num_tokens, num_tokens),
                one_line(one.name),
            )
            for one in found
        )
        yield from table((">documents", ">tokens", ">share", "input"), rows)


def duplicates(found: Duplicates, num_documents: int, num_tokens: int) -> Iterator[str]:
    """Documents that occur more than once."""
    if not num_documents:
        return
    about = "about " if found.sampled > 1 else ""
    share = percent(found.num_documents, num_documents)
    of_tokens = percent(found.num_tokens, num_tokens)
    yield f"Duplicates: {about}{found.num_documents:,} ({share}) of the documents, {of_tokens} of the tokens"
    if found.leaked:
        yield f"  {about}{found.leaked:,} of them are copies in another split than the first"
    for group in found.worst:
        yield f"  {group.copies:,} copies of {count(group.num_tokens, 'token')}"
        yield from (f"    {place(one)}" for one in group.examples)


def samplers(found: Sequence[SamplerShare], block_size: int, batch_size: int) -> Iterator[str]:
    """What an epoch of each sampler keeps."""
    if not found:
        return
    yield f"Tokens learned in an epoch, block_size {block_size:,}, batch_size {batch_size:,}"
    rows = []
    for one in found:
        options = "".join(f", {name} {value}" for name, value in one.options.items())
        kept = ("about " if one.is_expected else "") + percent(one.kept)
        rows.append((one.split, one.sampler + options, kept, percent(one.cropped), percent(one.padded)))
    yield from table(("split", "sampler", ">kept", ">cropped", ">padded"), rows)


__all__ = [
    "count",
    "duplicates",
    "fact",
    "inputs",
    "joined",
    "lengths",
    "of_kind",
    "percent",
    "place",
    "quoted",
    "samplers",
    "scripts",
    "table",
    "tokens",
]

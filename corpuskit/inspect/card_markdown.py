"""A dataset card as Markdown with Hugging Face's front matter; names and texts in it are only text."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from corpuskit.derivation.making import DERIVED
from corpuskit.inspect.card_facts import CardCorpus, CardFacts
from corpuskit.inspect.derivations import derived_of
from corpuskit.inspect.licenses import License, all_of
from corpuskit.terminal.text import size

#: What every blank begins with.
BLANK = "[fill in:"
#: Most inputs of a corpus that a table lists; what is left is summed up.
_MAX_INPUTS = 20
#: The sizes by documents that Hugging Face knows: the first number that is too large, and its name.
_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**10, "1B<n<10B"),
    (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)
_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
#: What may begin something in Markdown, or a link in GitHub's.
_SPECIAL = re.compile(r"[\\`*_{}\[\]()<>#+!|~&$@:^=\"']|(?<=www)\.", re.IGNORECASE)
_OPEN_QUESTIONS = (
    ("Intended uses", "what the corpus is for, and what it must not be used for"),
    ("Personal and sensitive data", "whether the text holds any, and what was done about it"),
    ("Known gaps and biases", "whose text it is, and what is missing from it"),
    ("Citation", "how to cite the text and this corpus"),
    ("Contact", "whom to ask, and who takes documents out"),
)


def blank(what: str) -> str:
    """The mark that a person has to fill something in.

    Args:
        what: What is missing, in words.
    """
    return f"{BLANK} {what}]"


def visible(text: str) -> str:
    """A text on one line in which every character can be seen: others are spelled out.

    Args:
        text: Any text, such as a file's name.
    """

    def shown(character: str) -> str:
        if unicodedata.category(character) not in _UNSEEN:
            return character
        number = ord(character)
        return f"\\u{number:04x}" if number < 2**16 else f"\\U{number:08x}"

    return "".join(map(shown, text))


def escaped(text: str) -> str:
    """A text that Markdown shows as it is, in a sentence or a cell of a table.

    Args:
        text: Any text; what cannot be seen is spelled out.
    """
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", visible(text))


def quoted(text: str) -> str:
    """A text as a string of YAML.

    Args:
        text: Any text; what cannot be seen is spelled out.
    """
    return json.dumps(visible(text), ensure_ascii=False)


def markdown(facts: CardFacts) -> str:
    """The card as Markdown, ended by a line feed.

    Args:
        facts: What there is to say.
    """
    sections = [
        "\n".join(["---", *_front_matter(facts), "---"]),
        f"# {escaped(facts.name)}",
        _summary(facts),
        blank("what the text is, where it comes from, and who made it"),
        *(_mixture(facts) if facts.is_mixture else ()),
        *_corpora(facts),
        *_files(facts),
        "## What nobody but you can say",
        "\n".join(f"- {name}: {blank(question)}" for name, question in _OPEN_QUESTIONS),
    ]
    return "\n\n".join(sections) + "\n"


def _front_matter(facts: CardFacts) -> Iterator[str]:
    yield f"pretty_name: {quoted(facts.name)}"
    yield from _license_lines(facts.licenses)
    yield f"# language: {blank('the languages of the text as ISO 639 codes, such as en or sv')}"
    yield "size_categories:"
    documents = sum(corpus.num_documents for corpus in facts.corpora)
    yield f"- {next((name for limit, name in _SIZES if documents < limit), 'n>1T')}"
    yield "task_categories:"
    yield "- text-generation"
    yield "tags:"
    yield "- corpuskit"
    yield "- token-ids"


def _license_lines(licenses: list[License] | None) -> Iterator[str]:
    if licenses is None:
        yield f"# license: {blank('the identifier that Hugging Face has for the licence')}"
        return
    names = sorted({one.hub_id or "" for one in licenses})
    if "" not in names:
        yield f"license: {names[0]}" if len(names) == 1 else "license:"
        yield from (f"- {name}" for name in names if len(names) > 1)
        return
    name = re.sub(r"[^a-z0-9.]+", "-", all_of(licenses).expression.lower().removeprefix("licenseref-"))
    yield "license: other"
    yield f"license_name: {quoted(name.strip('-'))}"
    yield f"# license_link: {blank('LICENSE, if that file is here, or the URL of its text')}"


def _summary(facts: CardFacts) -> str:
    documents = sum(corpus.num_documents for corpus in facts.corpora)
    tokens = sum(corpus.num_tokens for corpus in facts.corpora)
    encoding = escaped(facts.corpora[0].encoding)
    of = f" in {len(facts.corpora):,} corpora" if facts.is_mixture else ""
    return (
        f"{tokens:,} tokens of {_count(documents, 'document')}{of}, encoded with {encoding}: ids for "
        "training language models, not text."
    )


def _mixture(facts: CardFacts) -> Iterator[str]:
    """The corpora of a mixture with their shares."""
    names = [f"Weight from {stage.begins} on" if stage.begins else "Weight" for stage in facts.stages]
    rows = [
        (
            escaped(corpus.name),
            _license(corpus.license),
            f"{corpus.num_tokens:,}",
            *(f"{stage.weights[number]:g} ({_percent(stage.shares[number])})" for stage in facts.stages),
            "no limit" if (most := facts.max_epochs[number]) is None else f"{most:g}",
        )
        for number, corpus in enumerate(facts.corpora)
    ]
    yield "## Corpora"
    yield "The tokens that training draws are from each corpus by its weight."
    yield _table(("Corpus", "Licence", ">Tokens", *(f">{name}" for name in names), ">Epochs at most"), rows)


def _corpora(facts: CardFacts) -> Iterator[str]:
    for corpus in facts.corpora:
        level = "##"
        if facts.is_mixture:
            yield f"## {escaped(corpus.name)}"
            level = "###"
        yield f"{level} Licence"
        yield _license_sentence(corpus)
        yield f"{level} Splits"
        yield _splits(corpus)
        yield f"{level} Sources"
        yield from _sources(corpus)
        yield f"{level} How it was made"
        yield _made(corpus)


def _license(license: License | None) -> str:
    return blank("its licence") if license is None else escaped(license.expression)


def _license_sentence(corpus: CardCorpus) -> str:
    known = corpus.license
    if known is None:
        return blank("the licence of the text as an SPDX expression, such as CC-BY-4.0")
    if known.url is not None:
        return f"[{escaped(known.expression)}]({known.url})"
    if known.is_expression:
        return escaped(known.expression)
    return (
        f'{escaped(known.expression)}. The source says "{escaped(known.said)}", which is no SPDX expression.'
    )


def _splits(corpus: CardCorpus) -> str:
    rows = [
        (
            split.name,
            f"{split.num_documents:,}",
            f"{split.num_tokens:,}",
            _share(split.num_tokens, corpus.num_tokens),
            f"{split.num_shards:,}",
            size(split.size_bytes),
        )
        for split in corpus.splits
    ]
    return _table(("Split", ">Documents", ">Tokens", ">Share of tokens", ">Shards", ">Size"), rows)


def _sources(corpus: CardCorpus) -> Iterator[str]:
    """The largest inputs by their tokens, and the sum of the others."""
    inputs = sorted(corpus.inputs, key=lambda one: (-one.num_tokens, -one.size_bytes, one.name))
    listed, others = inputs[:_MAX_INPUTS], inputs[_MAX_INPUTS:]
    size_bytes = sum(one.size_bytes for one in inputs)

    def row(name: str, some: Sequence[int], of_size: int) -> tuple[str, ...]:
        documents, tokens = some
        return (
            name,
            size(of_size),
            _share(of_size, size_bytes),
            f"{documents:,}",
            f"{tokens:,}",
            _share(tokens, corpus.num_tokens),
        )

    rows = [
        row(
            escaped(one.name) + (" (given by hand, unverified)" if one.unverified else ""),
            (one.num_documents, one.num_tokens),
            one.size_bytes,
        )
        for one in listed
    ]
    if others:
        sums = (sum(one.num_documents for one in others), sum(one.num_tokens for one in others))
        rows.append(row(f"{len(others):,} others", sums, sum(one.size_bytes for one in others)))
    yield _table(("Input", ">Size", ">Share of size", ">Documents", ">Tokens", ">Share of tokens"), rows)
    if (rest := corpus.num_tokens - sum(one.num_tokens for one in inputs)) > 0:
        yield f"{_count(rest, 'token')} at the end of splits are of documents that are cut there: in no row."


def _made(corpus: CardCorpus) -> str:
    manifest, tokenizer = corpus.manifest, corpus.manifest.tokenizer
    by = ", ".join(map(escaped, corpus.made_by))
    eot = "none" if tokenizer.eot_id is None else f"{tokenizer.eot_id:,}"
    options = (
        f"{escaped(name)} {escaped(value if isinstance(value, str) and value else json.dumps(value))}"
        for name, value in manifest.options.items()
        if value is not None and name != DERIVED
    )
    derived = derived_of(manifest)
    lines = {
        "Prepared by": f"corpuskit {escaped(manifest.corpuskit_version)}" + (f" with {by}" if by else ""),
        "Tokenizer": f"{escaped(tokenizer.name)}, {tokenizer.vocab_size:,} ids, end of text {eot}; "
        f"fingerprint {escaped(tokenizer.fingerprint)}",
        "Options": ", ".join(options),
        **({"Made of": escaped(derived)} if derived else {}),
        "Documents left out or mended": _counts(manifest.left_out),
        "Files and folders left out": _counts(manifest.left_out_files),
        "Fingerprint of the corpus": manifest.fingerprint,
    }
    return "\n".join(f"- {name}: {value}" for name, value in lines.items())


def _files(facts: CardFacts) -> Iterator[str]:
    kinds = sorted({"uint16" if one.manifest.dtype == "<u2" else "uint32" for one in facts.corpora})
    where = "Each corpus is a folder of files." if facts.is_mixture else "The corpus is a folder of files."
    yield "## Files"
    yield (
        f"{where} Each `.bin` file holds the ids of a shard, little-endian {' or '.join(kinds)} without a "
        "header. The `.idx` file beside it says where documents end and which input each is from: four "
        "little-endian uint64 a document. A `.fields.arrow` file, where there is one, is an Arrow table of "
        "what was kept of the records, a row a document. A `.loss.bin` file, where there is one, has a "
        "byte a token: 1 where it is a target to be learned. `manifest.json` has the sha256 of "
        "each, and of each input."
    )
    yield '```python\nimport corpuskit\n\ncorpus = corpuskit.open("the folder")\n```'


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{escaped(kind)} {count:,}" for kind, count in counts.items()) or "none"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column whose name starts with ">" is right-aligned."""
    lines = [[name.removeprefix(">") for name in header]]
    lines += [["---:" if name.startswith(">") else "---" for name in header], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _share(part: int, whole: int) -> str:
    return _percent(part / whole) if whole else ""


def _percent(share: float) -> str:
    return "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


__all__ = ["BLANK", "blank", "escaped", "markdown", "quoted", "visible"]

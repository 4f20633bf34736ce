"""`corpuskit.card`: the dataset card of a corpus or a mixture, of what is known and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any, Literal

from corpuskit import storage
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.mixture import Mixture, Stage
from corpuskit.corpus.mixture_file import read_mixture
from corpuskit.errors import ConfigError
from corpuskit.file_errors import looking_at
from corpuskit.inspect.card_facts import CardFacts, CardStage, corpus_facts
from corpuskit.inspect.card_markdown import markdown
from corpuskit.inspect.croissant import croissant
from corpuskit.paths import output_file, user_path
from corpuskit.urls import remote_path

#: How a card may be written.
Format = Literal["markdown", "croissant"]
#: More corpora than these are not in the name of a mixture.
_MAX_NAMED = 3


class Card(CardFacts):
    """A dataset card. `[fill in: ...]` marks what a person has to say; nothing in it is a guess."""

    def __str__(self) -> str:
        return self.to_markdown()

    def __repr__(self) -> str:
        return f"<Card of {self.name!r}; print() shows it>"

    def to_markdown(self) -> str:
        """The card as a page with Hugging Face's front matter, for the README.md of a dataset."""
        return markdown(self)

    def to_croissant(self) -> dict[str, Any]:
        """The card as a JSON value: JSON-LD of Croissant 1.1, with the size and sha256 of every file."""
        return croissant(self)

    def to_json(self) -> dict[str, Any]:
        """What the card is made of, as a JSON value."""
        return {
            "name": self.name,
            "corpora": [corpus.to_json() for corpus in self.corpora],
            "stages": [dataclasses.asdict(stage) for stage in self.stages],
            "max_epochs": list(self.max_epochs),
        }

    def text(self, format: Format = "markdown") -> str:
        """The card as the text of a file.

        JSON is in ASCII and without `<`, so that it may stand in a script element of a page.

        Args:
            format: "markdown" or "croissant".

        Raises:
            ConfigError: If there is no such format.
        """
        if format == "markdown":
            return self.to_markdown()
        if format != "croissant":
            raise ConfigError(f"format {format!r}: expected 'markdown' or 'croissant'", found=format)
        return json.dumps(self.to_croissant(), indent=2).replace("<", "\\u003c") + "\n"

    def write(
        self, path: str | os.PathLike[str], format: Format = "markdown", *, overwrite: bool = False
    ) -> Path:
        """Write the card to a file, which appears whole or not at all.

        Args:
            path: The file to be, in a folder that exists.
            format: "markdown" or "croissant".
            overwrite: Whether a file that is there may be replaced.

        Returns:
            The file.

        Raises:
            ConfigError: If there is no such format, or a file is there and may not be replaced.
            StorageError: If it cannot be written.
        """
        data, file = self.text(format).encode(), output_file(path, overwrite=overwrite, what="--output")
        with storage.FileWriter(file, replace=overwrite) as writer:
            writer.write(data)
        return file


def card(data: Corpus | Mixture | str | os.PathLike[str]) -> Card:
    """The dataset card of a corpus or a mixture.

    The manifest says most of it. Every byte of the indexes is read and compared, for the tokens of each
    input. The licence is the one that the source named when the corpus was prepared, if it named one.

    Args:
        data: A corpus, open, its folder or its URL; a mixture, or the TOML file of one.

    Raises:
        ConfigError: If a mixture's file is wrong.
        CorpusFormatError: If it is no corpus, or damaged.
        StorageError: If it cannot be read.

    Example:
        >>> corpuskit.card("data/tinyshakespeare/gpt2").to_markdown().splitlines()[1]
        'pretty_name: "tinyshakespeare"'
    """
    opened = data if isinstance(data, (Corpus, Mixture)) else _open(data)
    if isinstance(opened, Corpus):
        facts = corpus_facts(opened)
        return Card(facts.name, (facts,))
    names = list(opened.corpora)
    corpora = tuple(map(corpus_facts, opened.corpora.values()))
    return Card(
        _name([corpus.name for corpus in corpora]),
        corpora,
        tuple(_stage(number, stage, names) for number, stage in enumerate(opened.stages)),
        tuple(opened.max_epochs.get(name) for name in names),
    )


def _open(path: str | os.PathLike[str]) -> Corpus | Mixture:
    if remote_path(path) is None:
        file = user_path(path, what="corpus")
        with looking_at(file):
            if file.exists() and not file.is_dir():
                return read_mixture(file)
    return Corpus(path)


def _name(names: list[str]) -> str:
    if len(names) > _MAX_NAMED:
        return f"Mixture of {len(names):,} corpora"
    return (
        f"Mixture of {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"Mixture of {names[0]}"
    )


def _stage(number: int, stage: Stage, names: list[str]) -> CardStage:
    places = {"step": stage.step, "token": stage.tokens, "sample": stage.sample}
    kind, place = next((kind, place) for kind, place in places.items() if place is not None)
    weights = tuple(float(stage.weights.get(name, 0)) for name in names)
    return CardStage(f"{kind} {place:,}" if number else "", weights)


__all__ = ["Card", "Format", "card"]

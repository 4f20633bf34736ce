"""Several corpora as one: `corpuskit.mix`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from corpuskit.batches.batches import Batches
from corpuskit.batches.mixed_stream import MixedStream, exact
from corpuskit.batches.options import options_of
from corpuskit.batches.schedule import Schedule
from corpuskit.config.keywords import BatchKeywords, EvaluationKeywords, checked, takes
from corpuskit.corpus.corpus import Corpus
from corpuskit.corpus.order_identity import order_identity
from corpuskit.corpus.select import selection_of
from corpuskit.corpus.shared_tokenizer import check_tokenizers
from corpuskit.errors import ConfigError
from corpuskit.markup import display
from corpuskit.numbers import whole
from corpuskit.selection import Selection

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from corpuskit.evaluation.evaluation import Evaluation

_V = TypeVar("_V")

#: What names a corpus: the corpus itself, open, or its folder or URL.
Key = Corpus | str | os.PathLike[str]
#: A value for each of some corpora. A mapping's keys are of one type for type checkers, so these are of any.
ByCorpus = Mapping[Any, _V]


@dataclasses.dataclass(frozen=True)
class Weighted:
    """A corpus of a mixture, with all that is said of it.

    Args:
        corpus: The corpus, open, or its folder or URL.
        weight: Its weight at the beginning, in any unit; 0 for one that comes in later.
        sampler: The name of its sampler; None is the one that `Mixture.batches` is told.
        max_epochs: How often each of its samples may be drawn; None is without end.
    """

    corpus: Key
    weight: float
    sampler: str | None = None
    max_epochs: float | None = None


@dataclasses.dataclass(frozen=True)
class Stage:
    """Weights that hold from a place in the run on, until the next stage.

    Args:
        weights: A weight a corpus; those left out have none.
        step: Where it begins, as a step of the batch size at hand; a change of batch size moves it.
        tokens: Where it begins, as tokens of x that all corpora have given, rounded up to a whole sample.
        sample: Where it begins, as a number of samples. Exactly one of step, tokens and sample is said.
    """

    weights: ByCorpus[float]
    step: int | None = None
    tokens: int | None = None
    sample: int | None = None

    def first_sample(self, batch_size: int, block_size: int) -> int:
        """The first sample of the stage.

        Raises:
            ConfigError: If there is not exactly one place, or it is negative.
        """
        place = self._place()
        if self.step is not None:
            return place * whole("batch_size", batch_size, least=1)
        return -(-place // whole("block_size", block_size, least=1)) if self.tokens is not None else place

    def first_window(self, schedule: Schedule) -> int:
        """The first window of the largest block size that is the stage's, where sizes follow a schedule.

        It is rounded up to a whole one: a window that was begun is its corpus's to the end.

        Raises:
            ConfigError: As `first_sample`.
        """
        place = self._place()
        if self.tokens is None:
            place = schedule.tokens(place if self.step is None else schedule.first_sample(place))
        return -(-place // schedule.largest)

    def _place(self) -> int:
        places = [place for place in (self.step, self.tokens, self.sample) if place is not None]
        if len(places) != 1:
            raise ConfigError("a stage begins at one of step, tokens and sample, 0 or more", found=places)
        return whole("the place where a stage begins", places[0], least=0)


class Mixture:
    """Corpora that are drawn from in given proportions; made by `mix`.

    Args:
        corpora: The corpora by name, in the order in which they were added.
        stages: The weights by name from each place on; the first is at sample 0.
        max_epochs: For some corpora, how often each of their samples may be drawn.
        samplers: For some corpora, the name of their sampler.
        selections: For some corpora, which documents of a split are drawn from, or a condition.
    """

    def __init__(
        self,
        corpora: Mapping[str, Corpus],
        stages: Sequence[Stage],
        max_epochs: Mapping[str, float],
        samplers: Mapping[str, str],
        selections: Mapping[str, Selection | str] = MappingProxyType({}),
    ) -> None:
        self._corpora = dict(corpora)
        self._stages = list(stages)
        self._max_epochs = dict(max_epochs)
        self._samplers = dict(samplers)
        self._selections = dict(selections)

    @property
    def corpora(self) -> Mapping[str, Corpus]:
        """The corpora by name, in the order in which they were added."""
        return self._corpora

    @property
    def stages(self) -> Sequence[Stage]:
        """The weights by name from each place on; the first is at sample 0."""
        return self._stages

    @property
    def max_epochs(self) -> Mapping[str, float]:
        """For some corpora, how often each of their samples may be drawn."""
        return self._max_epochs

    @checked
    @takes(BatchKeywords)
    def batches(
        self,
        split: str = "train",
        *,
        samplers: ByCorpus[str] | None = None,
        **options: Unpack[BatchKeywords],
    ) -> Batches:
        """Batches of a split of every corpus; each row belongs to one of them, by the weights.

        Every corpus is drawn in an order of its own, which depends on the seed and its content and not on the
        other corpora, so adding one reshuffles none. A run that was saved goes on after corpora were added at
        the end of `weights`, if their weights are 0 up to there.

        Args:
            split: The split, which each corpus must have.
            samplers: The names of some corpora's samplers, where that is not `sampler`.
            options: What `Batches` takes: batch_size, the rows of a global batch, of all corpora together;
                block_size, the same for all; sampler, for every corpus that has none in `samplers`; ...

        Raises:
            ConfigError: If an option is impossible for one of the corpora.
        """
        given: dict[str, Any] = {**options}
        _refuse_selections(given.get("selection"), given.get("exclude"))
        asked = options_of(**given)
        sampler, batch_size, block_size = asked.sampler, asked.batch_size, asked.block_size
        schedule = asked.schedule
        chosen = {**self._samplers, **_by_name(samplers or {}, self._corpora, "samplers")}
        stages = [
            (
                stage.first_sample(batch_size, block_size)
                if schedule is None
                else stage.first_window(schedule),
                stage.weights,
            )
            for stage in self._stages
        ]
        firsts = [first for first, _ in stages]
        if firsts != sorted(set(firsts)):
            what = "samples" if schedule is None else f"windows of {schedule.largest:,} tokens,"
            raise ConfigError(f"the stages begin at {what} {firsts}; they must come one after another")
        stream = MixedStream(
            tuple(self._corpora),
            tuple(order_identity(corpus, split) for corpus in self._corpora.values()),
            tuple(corpus[split] for corpus in self._corpora.values()),
            tuple(chosen.get(name, sampler) for name in self._corpora),
            tuple(
                (first, tuple(exact(weights.get(name, 0)) for name in self._corpora))
                for first, weights in stages
            ),
            tuple(self._max_epochs.get(name) for name in self._corpora),
            tuple(
                selection_of(corpus[split], self._selections.get(name))
                for name, corpus in self._corpora.items()
            ),
        )
        said = (batch_size, block_size) if schedule is None else schedule.said
        more = {"batch_size": said[0], "block_size": said[1], "sampler": "mixture"}
        return Batches(stream, **{**given, "context_length": None, "debug": False, **more})

    @checked
    @takes(EvaluationKeywords)
    def evaluations(
        self,
        split: str = "valid",
        *,
        bos: int | str | None = "auto",
        selection: None = None,
        exclude: None = None,
        **options: Unpack[EvaluationKeywords],
    ) -> dict[str, Evaluation]:
        """An evaluation of each corpus, by its name: weights say what is drawn, and not what a text costs.

        Args:
            split: The split, which each corpus must have.
            bos: As `corpus.evaluation` takes it.
            selection: None: `mix(selections=)` says whose it is.
            exclude: None, too.
            options: What `corpuskit.Evaluation` takes, the same for all.

        Raises:
            ConfigError: If a corpus has no such split, or no target in it, or an option is impossible.
        """
        _refuse_selections(selection, exclude)
        return {
            name: corpus.evaluation(split, bos=bos, selection=self._selections.get(name), **options)
            for name, corpus in self._corpora.items()
        }

    def __repr__(self) -> str:
        stages = "1 stage" if len(self._stages) == 1 else f"{len(self._stages)} stages"
        return f"<Mixture of {', '.join(self._corpora)}: {stages}>"

    def _repr_html_(self) -> str:
        places = [
            next(
                f"from {name} {place:,}"
                for name in ("step", "tokens", "sample")
                if (place := getattr(stage, name)) is not None
            )
            for stage in self._stages
        ]
        weights = [_by_name(stage.weights, self._corpora, "stages") for stage in self._stages]
        rows = [
            (
                name,
                sum(len(split) for split in corpus.values()),
                *(_share(each, name) for each in weights),
                self._samplers.get(name, ""),
                self._max_epochs.get(name, ""),
                _documents(self._selections.get(name)),
            )
            for name, corpus in self._corpora.items()
        ]
        columns = ("corpus", "tokens", *places, "sampler", "at most epochs", "documents")
        return display(f"Mixture of {len(rows):,} corpora", {}, columns, rows)


def mix(
    weights: ByCorpus[float] | Sequence[Weighted],
    *,
    stages: Sequence[Stage] = (),
    max_epochs: ByCorpus[float] | float | None = None,
    selections: ByCorpus[Selection | str] | None = None,
) -> Mixture:
    """Mix corpora that were prepared with the same tokenizer; some may have had control tokens added to it.

    After any number of samples, each corpus has given its share of them to within one sample, if the weights
    are whole numbers of a total up to 100,000, as all of five decimals are (`corpuskit.samplers.periodic`).
    With other weights that is so for up to four corpora; for more, the bound is the `tolerance` that
    `corpuskit.samplers.blend` computes, which has never been found above 1.2. Windows are all of block_size
    tokens, so a share of samples is one of tokens.

    Args:
        weights: A weight a corpus, in any unit: a mapping from each corpus, its folder or its URL, or a list
            of `Weighted`, which also say samplers and limits.
        stages: Other weights from later places on; see `Stage`.
        max_epochs: How often each sample of a corpus may be drawn, for some or for all. A corpus that has
            given that much leaves, and the others keep their proportions; after the last, the epoch ends.
        selections: For some corpora, which documents of a split are drawn from, as `corpuskit.select` gives
            them, or a condition on kept fields, such as "lang = 'de'"; see `Batches`. A selection is of one
            split, so batches of another are refused; a condition is of any.

    Raises:
        ConfigError: If the corpora's tokenizers differ, or the weights are impossible.

    Example:
        >>> mixture = corpuskit.mix({"data/web/gpt2": 0.7, "data/books/gpt2": 0.3})
        >>> batches = mixture.batches("train", batch_size=64, block_size=1024)
    """
    parts = _parts(weights)
    corpora = {_name(part.corpus): _open(part.corpus) for part in parts}
    if len(corpora) < len(parts):
        raise ConfigError("a corpus is in the mixture twice")
    check_tokenizers(corpora)
    first = Stage({_name(part.corpus): part.weight for part in parts}, sample=0)
    named = [
        dataclasses.replace(stage, weights=_by_name(stage.weights, corpora, "stages"))
        for stage in (first, *stages)
    ]
    for stage in named:
        found = stage.weights.values()
        if any(isinstance(weight, str) or not isinstance(weight, Real) for weight in found):
            raise ConfigError(f"weights {dict(stage.weights)}: must be numbers", found=found)
        if not all(0 <= weight < float("inf") for weight in found) or not any(found):
            raise ConfigError(
                f"weights {dict(stage.weights)}: must be 0 or more, and one of them more than 0", found=found
            )
    if max_epochs is None or isinstance(max_epochs, Mapping):
        caps = _by_name(max_epochs or {}, corpora, "max_epochs")
    else:
        caps = dict.fromkeys(corpora, max_epochs)
    caps |= {_name(part.corpus): part.max_epochs for part in parts if part.max_epochs is not None}
    samplers = {_name(part.corpus): part.sampler for part in parts if part.sampler is not None}
    chosen = _by_name(selections or {}, corpora, "selections")
    for name, selection in chosen.items():
        if not isinstance(selection, Selection | str):
            raise ConfigError(
                f"selections: that of {name} must be a selection as corpuskit.select gives, or a condition "
                f"such as \"lang = 'de'\", found {selection!r:.60}",
                found=selection,
            )
    return Mixture(corpora, named, caps, samplers, chosen)


def _refuse_selections(selection: Any, exclude: Any) -> None:
    """Refuse what is of one corpus where nobody says whose it is.

    Raises:
        ConfigError: Saying how to.
    """
    if selection is not None:
        raise ConfigError("a selection is of one corpus; say whose it is with mix(selections={...})")
    if exclude is not None:
        raise ConfigError(
            "exclude is of one corpus; say whose it is with mix(selections={NAME: "
            "corpuskit.select(split, exclude=...)})"
        )


def _documents(selection: Selection | str | None) -> str:
    """Which documents of a corpus are drawn from, in words."""
    return "all" if selection is None else selection if isinstance(selection, str) else f"{len(selection):,}"


def _share(weights: Mapping[str, float], name: str) -> str:
    """The share of the rows that a corpus gives, in words."""
    return f"{weights.get(name, 0) / sum(weights.values()):.1%}"


def _parts(weights: ByCorpus[float] | Sequence[Weighted]) -> list[Weighted]:
    if isinstance(weights, Mapping):
        return [Weighted(key, weight) for key, weight in weights.items()]
    parts: list[Weighted] = [weights] if isinstance(weights, Weighted) else [*weights]
    for part in parts:
        if not isinstance(part, Weighted):
            raise ConfigError(
                "mix takes a mapping from corpora to weights, or a list of corpuskit.Weighted; found "
                f"{part!r:.80}",
                found=part,
            )
    return parts


def _open(key: Key) -> Corpus:
    return key if isinstance(key, Corpus) else Corpus(key)


def _name(key: Key) -> str:
    return str(key.path) if isinstance(key, Corpus) else os.fspath(key)


def _by_name(values: ByCorpus[Any], corpora: Mapping[str, Corpus], what: str) -> dict[str, Any]:
    """Values by the corpora's names.

    Raises:
        ConfigError: If one is for a corpus that is not in the mixture, or nothing says what each is for.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(
            f"{what}: expected a mapping from corpora, found {type(values).__name__}; "
            f"write {what}={{corpus: ...}}",
            found=values,
        )
    named = {_name(key): value for key, value in values.items()}
    for name in named:
        if name not in corpora:
            raise ConfigError(
                f"{what}: {name} is not in the mixture, which has {', '.join(corpora)}",
                expected=list(corpora),
                found=name,
            )
    return named


__all__ = ["Mixture", "Stage", "Weighted", "mix"]

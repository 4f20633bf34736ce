"""A plan with what making it has opened: the tokenizer, and the rule for splits."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Sequence

from corpuskit.corpus.decoding import record_of
from corpuskit.corpus.manifest import SPLIT_NAME, TokenizerRecord
from corpuskit.errors import ConfigError
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.preparation.control_tokens import lacking_tokens
from corpuskit.preparation.plan import Plan, make_plan
from corpuskit.preparation.recipe import Recipe
from corpuskit.preparation.resolved_config import ResolvedConfig
from corpuskit.preparation.split_rule import SplitRule, parse_rule
from corpuskit.registry.blame import fault
from corpuskit.sources.base import Input, Source
from corpuskit.tokenizers.added_tokens import with_added
from corpuskit.tokenizers.base import Tokenizer
from corpuskit.tokenizers.opening import fit_tokenizer, open_tokenizer

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class OpenedPlan:
    """A plan, and what making it has opened.

    Args:
        plan: The plan.
        tokenizer: The plan's tokenizer, fitted where its vocabulary comes from the corpus.
        rule: How documents find their split.
    """

    plan: Plan
    tokenizer: Tokenizer
    rule: SplitRule


def open_plan(
    resolved: ResolvedConfig,
    inputs: Sequence[Input],
    on_progress: OnProgress,
    *,
    every: Sequence[Input] | None = None,
) -> OpenedPlan:
    """Open the tokenizer, and plan.

    Args:
        resolved: What is asked for.
        inputs: The inputs in order.
        on_progress: Called when a stage begins.
        every: All inputs, where `inputs` are the first of them only: how parts are made follows from all.

    Raises:
        ConfigError: If the options do not fit the inputs or the tokenizer.
        PluginError: If the source gives splits that there cannot be.
    """
    every = inputs if every is None else every
    tokenizer, added_tokens = _open_tokenizer(resolved, inputs, on_progress)
    eot = resolved.appends_eot(tokenizer)
    if resolved.wants_eot:
        _say_how_documents_end(resolved, tokenizer, inputs)
    recipe = Recipe(
        dataset=resolved.name,
        tokenizer=_record(resolved, tokenizer, added_tokens),
        dtype="<u2" if tokenizer.vocab_size <= 2**16 else "<u4",
        options=resolved.options(sum(item.size_bytes for item in every), eot=eot),
    )
    rule = _rule(resolved, recipe.options.split, given=any(item.split for item in every))
    if rule.kind == "given":
        _check_given(resolved.source, inputs)
    _check_shard_bytes(recipe)
    on_progress(Progress("plan", resolved.name))
    plan = make_plan(
        resolved.source, inputs, rule, tokenizer, recipe=recipe, versions=resolved.versions(inputs)
    )
    return OpenedPlan(plan, tokenizer, rule)


def _open_tokenizer(
    resolved: ResolvedConfig, inputs: Sequence[Input], on_progress: OnProgress
) -> tuple[Tokenizer, list[str]]:
    """The tokenizer, fitted; and the control tokens that it lacked, which are added to it.

    Raises:
        ConfigError: If it lacks some that may not be added.
    """
    source, config = resolved.source, resolved.config
    tokenizer = open_tokenizer(config.encoding, engine=config.engine)
    added_tokens = lacking_tokens(tokenizer, source, inputs, may_add=config.add_tokens, bos=config.bos)
    if tokenizer.needs_fitting:
        on_progress(Progress("fit", resolved.name))
        texts = (
            text
            for item in inputs
            for whole in source.slices(item, target_bytes=2**62)
            for batch in source.read(item, whole, lambda kind, start, reason: None)
            for text in batch.texts
        )
        fit_tokenizer(tokenizer, texts, name=config.encoding)
    return with_added(tokenizer, added_tokens), added_tokens


def _record(resolved: ResolvedConfig, tokenizer: Tokenizer, added_tokens: list[str]) -> TokenizerRecord:
    """The tokenizer as the manifest has it; who ships it is added there."""
    return record_of(tokenizer, resolved.config.encoding, added_tokens)


def _rule(resolved: ResolvedConfig, text: str, *, given: bool) -> SplitRule:
    """How documents find their split.

    Raises:
        ConfigError: If the user gives no such rule.
        PluginError: If the source's spec gives none.
    """
    source: Source = resolved.source
    try:
        return parse_rule(text, given=given)
    except ConfigError as error:
        if resolved.config.split is not None or source.owner is None:
            raise
        reason = f"its spec's split {str(error).removeprefix('--split ')}"
        raise fault(f"source {source.spec.name!r}", source.owner, reason) from error


def _check_given(source: Source, inputs: Sequence[Input]) -> None:
    """Refuse splits of inputs that no split can be called.

    Raises:
        PluginError: Naming the first.
    """
    for item in inputs:
        if item.split and not re.fullmatch(SPLIT_NAME, str(item.split)):
            reason = (
                f"the split of {item.name} must be a word of up to 32 of a-z, 0-9 and _, "
                f"found {item.split!r:.60}"
            )
            raise fault(f"source {source.spec.name!r}", source.owner, reason)


def _say_how_documents_end(resolved: ResolvedConfig, tokenizer: Tokenizer, inputs: Sequence[Input]) -> None:
    """Say what is guessed, and that nothing marks where documents end if there may be several."""
    if tokenizer.eot_note is not None:
        log.warning("%s: %s", resolved.name, tokenizer.eot_note)
    texts = [resolved.source.plain_text(item) for item in inputs]
    several = len(texts) > 1 or not all(text is not None and text.is_one_document for text in texts)
    if tokenizer.eot_id is None and several:
        log.warning(
            "%s: tokenizer %r has no end-of-text id, so documents follow each other unseparated; say "
            "--no-eot (eot = false) if that is meant, or choose an --encoding that has one",
            resolved.name,
            tokenizer.name,
        )


def _check_shard_bytes(recipe: Recipe) -> None:
    """Refuse shards that hold no id.

    Raises:
        ConfigError: If they are too small.
    """
    found = recipe.options.shard_bytes
    if found < recipe.item_bytes:
        raise ConfigError(
            f"--shard-bytes {found}: an id of this encoding has {recipe.item_bytes} bytes; "
            "leave --shard-bytes out, or raise it",
            expected=recipe.item_bytes,
            found=found,
        )


__all__ = ["OpenedPlan", "open_plan"]

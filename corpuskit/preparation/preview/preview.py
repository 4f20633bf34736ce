"""Making a preview: look into all files, plan, and judge from a sample what that will make and take."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from corpuskit.errors import CorpuskitError, FetchError, SourceError
from corpuskit.machine import usable_cores
from corpuskit.preparation.disk_space import block_bytes_at, peak_bytes
from corpuskit.preparation.preview.estimate import Judgement, estimate
from corpuskit.preparation.preview.files import Looked
from corpuskit.preparation.preview.result import PreparationPlan
from corpuskit.preparation.preview.sample import OnProblem
from corpuskit.preparation.run import Run
from corpuskit.sources.base import Input


def preview(run: Run) -> PreparationPlan:
    """What a run would read, make and take; nothing is written.

    Raises:
        CorpuskitError: For what is wrong with none of the files, where nothing else is wrong.
    """
    looked = Looked(run.source)
    empty = PreparationPlan(run.name, run.config.encoding, (), run.source.left_out)
    plan, others, good = empty, list[CorpuskitError](), list[Input]()
    try:
        while good != (good := looked.good):  # the sample may find more that is wrong
            plan = _judged(run, empty, good, looked.note) if good else empty
    except CorpuskitError as error:
        if not (looked.errors or isinstance(error, (SourceError, FetchError))):
            raise
        plan, others = empty, [error]
    errors = (*looked.errors, *others)
    fingerprint = "" if errors else plan.fingerprint
    return dataclasses.replace(plan, files=looked.files(), errors=errors, fingerprint=fingerprint)


def _judged(
    run: Run, plan: PreparationPlan, inputs: Sequence[Input], on_problem: OnProblem
) -> PreparationPlan:
    """A plan with what some inputs will make and take."""
    config, opened = run.config, run.plan(inputs)

    def judge(num_parts: int | None = None) -> Judgement:
        return estimate(
            run.source,
            dataclasses.replace(opened.plan, parts=opened.plan.parts[:num_parts]),
            opened.tokenizer,
            opened.rule,
            workers=config.workers or usable_cores(),
            on_problem=on_problem,
        )

    judged = judge()
    block_bytes = block_bytes_at(run.output)
    peak = peak_bytes(judged.estimate(), opened.plan, opened.rule, block_bytes=block_bytes)
    if config.max_tokens is not None:
        judged = _front(judged, judge, config.max_tokens, len(opened.plan.parts))
    return dataclasses.replace(
        plan,
        num_parts=len(opened.plan.parts),
        estimate=judged.estimate(config.max_tokens),
        peak_disk_bytes=peak,
        fingerprint=opened.plan.fingerprint,
    )


def _front(
    judged: Judgement, judge: Callable[[int], Judgement], max_tokens: int, num_parts: int
) -> Judgement:
    """A judgement of the parts that so many tokens are in: a corpus may go on otherwise than it begins."""
    count = judged.num_parts(max_tokens)
    while count < num_parts:
        judged = judge(count)
        found = max(judged.estimate().num_tokens, 1)
        if found >= max_tokens:
            break
        count = min(max(count + 1, math.ceil(count * max_tokens / found)), num_parts)
    else:
        judged = judge(num_parts)
    return judged


__all__ = ["preview"]

"""Bits per byte: what a model pays for a text, whatever its tokenizer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corpuskit.batches.ranks import process_group, sum_over_ranks
from corpuskit.batches.segments import IGNORED
from corpuskit.errors import ConfigError
from corpuskit.evaluation.evaluation import Evaluation
from corpuskit.evaluation.given import (
    check_other,
    check_shape,
    is_tensor,
    one_number,
    real_numbers,
    whole_numbers,
)


class BitsPerByte:
    """Adds up a model's losses over an evaluation, and divides them by the bytes of the text.

    The losses are those of every token, end-of-text ids and control tokens included, in nats; the bytes are
    those of the documents' text in UTF-8, as they were counted when the corpus was prepared. So models can be
    compared whose tokenizers differ, where the corpora hold the same documents, all with end-of-text ids or
    all without.

    There is no value before each target was added exactly once, over all ranks.

    Args:
        evaluation: What the losses are of.

    Attributes:
        num_bytes: Bytes of the text.
        num_targets: Targets that the value needs.
        num_added: Targets that were added so far.
        nats: The sum of their losses.

    Raises:
        ConfigError: If not every token is a target, or the bytes of the text are not known.

    Example:
        >>> import numpy as np
        >>> corpus = corpuskit.open("data/tinyshakespeare/gpt2")
        >>> evaluation = corpus.evaluation("valid", bos="<|endoftext|>", output="numpy")
        >>> bits = corpuskit.BitsPerByte(evaluation)
        >>> for x, y in evaluation:
        ...     bits.add(np.full(y.shape, np.log(corpus.vocab_size)), y)  # a model that knows nothing
        >>> f"{bits.value:.4f}"
        '5.0487'
    """

    def __init__(self, evaluation: Evaluation) -> None:
        if not isinstance(evaluation, Evaluation):
            kind = type(evaluation).__name__
            raise ConfigError(
                f"BitsPerByte: expected what corpus.evaluation(...) gives, found {kind}", found=kind
            )
        _check_complete(evaluation)
        self.num_bytes = evaluation.num_text_bytes
        self.num_targets = evaluation.num_targets
        self.num_added = 0
        self._sum = self._rest = 0.0
        if not self.num_bytes:
            raise ConfigError(
                f"bits per byte of split {evaluation.split.name!r}: the evaluated documents have no text; "
                "evaluate others",
                found=0,
            )

    @property
    def nats(self) -> float:
        """The sum of the losses that were added."""
        return self._sum + self._rest

    def add(self, losses: Any, y: Any) -> None:
        """Add the losses of a batch.

        Args:
            losses: In nats, one for each place of y, in its shape or flat: an array, or a tensor on any
                device. What is at the places where y is -100 does not matter.
            y: The batch's targets, (b, T).

        Raises:
            ConfigError: If they are no numbers, or the losses do not have the shape of the places.
        """
        losses, y = real_numbers("losses", losses), whole_numbers("y", y)
        advice = "one loss for each target (reduction='none'), or their sum to add_sum"
        check_shape("losses", tuple(losses.shape), tuple(y.shape), advice=advice)
        if is_tensor(losses):
            self._add(*_sum_of_tensor(losses, y))
        else:
            y = y.cpu() if is_tensor(y) else y
            some = losses.astype(np.float64).reshape(-1)[np.asarray(y).reshape(-1) != IGNORED]
            with np.errstate(over="ignore"):  # the sum is then infinite
                self._add(float(some.sum()), len(some))

    def add_sum(self, nats: Any, y: Any) -> None:
        """Add the sum of the losses of a batch, which is not their mean.

        Args:
            nats: The sum of the losses of all targets that are not -100: a number, or what has one.
            y: The batch's targets, (b, T).

        Raises:
            ConfigError: If the sum is no number, or the targets are no whole numbers.
        """
        y = whole_numbers("y", y)
        y = y.cpu() if is_tensor(y) else y
        self._add(one_number("nats", nats), int(np.count_nonzero(np.asarray(y) != IGNORED)))

    def merge(self, other: BitsPerByte) -> None:
        """Add what another rank, or a part of the work, has added.

        Args:
            other: Of the same evaluation.

        Raises:
            ConfigError: If it is of another one, or this one itself.
        """
        check_other(self, other)
        mine, theirs = (self.num_targets, self.num_bytes), (other.num_targets, other.num_bytes)
        if mine != theirs:
            raise ConfigError(
                f"merge: expected losses of {mine[0]:,} targets and {mine[1]:,} bytes, found those of "
                f"{theirs[0]:,} and {theirs[1]:,}; merge what is of one evaluation",
                expected=mine,
                found=theirs,
            )
        self._add(other._sum, other.num_added)
        self._add(other._rest, 0)

    def all_reduce(self, group: Any = None) -> None:
        """Add what all ranks have added, once, by torch.distributed; each rank has the value then.

        Where torch has no process group, nothing changes.

        Args:
            group: The process group; by default all ranks.
        """
        if process_group() is not None:
            mine = np.array([self._sum, self._rest, self.num_added], np.float64)
            self._sum, self._rest, count = sum_over_ranks(mine, group).tolist()
            self.num_added = int(count)

    @property
    def value(self) -> float:
        """Bits per byte.

        Raises:
            ConfigError: If not every target was added, or one more than once.
        """
        return self._checked() / math.log(2) / self.num_bytes

    @property
    def mean_loss(self) -> float:
        """The mean loss of a target in nats.

        Raises:
            ConfigError: If not every target was added, or one more than once.
        """
        return self._checked() / self.num_targets

    def __repr__(self) -> str:
        return (
            f"<BitsPerByte: {self.num_added:,} of {self.num_targets:,} targets, {self.nats:,.3f} nats, of "
            f"{self.num_bytes:,} bytes>"
        )

    def _add(self, nats: float, count: int) -> None:
        """Add a sum; what rounding loses of it is kept beside (Neumaier 1974)."""
        total = self._sum + nats
        larger, smaller = (self._sum, nats) if abs(self._sum) >= abs(nats) else (nats, self._sum)
        if math.isfinite(total):
            self._rest += (larger - total) + smaller
        self._sum = total
        self.num_added += count

    def _checked(self) -> float:
        if self.num_added == self.num_targets:
            return self.nats
        why = (
            "some were added twice"
            if self.num_added > self.num_targets
            else "the evaluation was not finished"
        )
        raise ConfigError(
            f"bits per byte: expected the losses of {self.num_targets:,} targets, found {self.num_added:,}: "
            f"{why}; add each batch once, and those of all ranks (all_reduce, merge)",
            expected=self.num_targets,
            found=self.num_added,
        )


def _check_complete(evaluation: Evaluation) -> None:
    """Refuse an evaluation whose targets are not all of the text: how many bytes the others are is unknown.

    Raises:
        ConfigError: Saying why.
    """
    name = evaluation.split.name
    if evaluation.has_all_text:
        return
    if evaluation.is_masked:
        raise ConfigError(
            f"bits per byte of split {name!r}: its stream 'loss' leaves targets out, and the bytes of the "
            "others cannot be known; divide by num_targets, or evaluate with loss=False"
        )
    raise ConfigError(
        f"bits per byte of split {name!r}: {evaluation.num_tokens:,} tokens and {evaluation.num_targets:,} "
        "targets, as first tokens have nothing before them; evaluate with bos=, an id or a control token's "
        "name",
        expected=evaluation.num_tokens,
        found=evaluation.num_targets,
    )


def _sum_of_tensor(losses: Any, y: Any) -> tuple[float, int]:
    """The sum of a tensor's losses that have a target, and how many these are; it waits for the device."""
    import torch

    if losses.device.type == "mps":  # it has no float64
        losses = losses.cpu()
    is_target = torch.as_tensor(y, device=losses.device).reshape(-1) != IGNORED
    nats = torch.where(is_target, losses.reshape(-1).double(), 0.0).sum()
    total, count = torch.stack((nats, is_target.sum().double())).tolist()
    return total, int(count)


__all__ = ["BitsPerByte"]

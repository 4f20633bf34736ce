import dataclasses

import numpy as np
import pytest

from corpuskit.batches.window_plan import RankSlice, WindowPlan


@dataclasses.dataclass
class SamplesInPieces:
    samples: np.ndarray
    pieces: int

    def cut(self, start, stop):
        return SamplesInPieces(self.samples[start:stop], self.pieces)

    def num_pieces(self):
        return len(self.samples) * self.pieces


@pytest.mark.parametrize(("pieces", "most"), [(1, 8192), (16, 8192), (50, 2048), (10**6, 64)])
def test_blocks_of_steps_grow_until_they_have_many_samples_or_pieces(pieces, most):
    sizes = []

    def resolve(samples):
        sizes.append(len(samples))
        return SamplesInPieces(samples, pieces)

    plan = WindowPlan(RankSlice(64), resolve)
    for step in range(1000):
        assert plan.rows(64 * step).samples.tolist() == list(range(64 * step, 64 * step + 64))

    assert max(sizes) == most


@pytest.mark.parametrize(("most_samples", "most"), [(1000, 960), (64, 64), (1, 64), (10**6, 8192)])
def test_blocks_of_steps_reach_no_further_than_they_are_told(most_samples, most):
    sizes = []

    def resolve(samples):
        sizes.append(len(samples))
        return SamplesInPieces(samples, 1)

    plan = WindowPlan(RankSlice(64), resolve, most_samples=most_samples)
    for step in range(1000):
        plan.rows(64 * step)

    assert max(sizes) == most


def test_a_step_elsewhere_is_worked_out_alone():
    sizes = []

    def resolve(samples):
        sizes.append(len(samples))
        return SamplesInPieces(samples, 1)

    plan = WindowPlan(RankSlice(64), resolve)
    for step in (5, 6, 7, 1000, 3):
        plan.rows(64 * step)

    assert sizes == [64, 128, 64, 64]

"""A Lightning DataModule: batches on the trainer's device, and a checkpoint that goes on at the right one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import lightning

import corpuskit


class Loader:
    """Batches from the step that `first_step` says on, each time that Lightning begins to iterate.

    Lightning may ask for a batch more than it uses, to see whether there is one. So the place in the run is
    what Lightning has counted, and not what was asked for.
    """

    def __init__(self, batches: corpuskit.Batches, first_step: Callable[[], int]) -> None:
        self.batches = batches
        self.first_step = first_step

    def __iter__(self) -> Iterator[Any]:
        self.batches.seek(step=self.first_step())
        return iter(self.batches)

    # Lightning keeps these in its checkpoints.

    def state_dict(self) -> dict[str, Any]:
        here = copy.copy(self.batches)
        here.seek(step=self.first_step())
        return here.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.batches.load_state_dict(state)  # raises if corpus, sampler or seed are others


class CorpusData(lightning.LightningDataModule):
    """The splits of a corpus; the options are those of `Corpus.batches`."""

    def __init__(self, corpus: corpuskit.Corpus, **options: Any) -> None:
        super().__init__()
        self.corpus = corpus
        self.options = options

    def train_dataloader(self) -> Loader:
        progress = self.trainer.fit_loop.epoch_loop.batch_progress.total
        return Loader(self._batches("train"), lambda: progress.processed)

    def val_dataloader(self) -> Loader:
        batches = self._batches("valid", sampler="sequential", sampler_options={"tail": "pad"})
        return Loader(batches, lambda: 0)

    def transfer_batch_to_device(self, batch: Any, device: Any, dataloader_idx: int) -> Any:
        return batch  # it is there

    def _batches(self, split: str, **options: Any) -> corpuskit.Batches:
        place = {
            "rank": self.trainer.global_rank,
            "world_size": self.trainer.world_size,
            "device": str(self.trainer.strategy.root_device),
        }
        return self.corpus.batches(split, **{**self.options, **options, **place})

"""What `batches.py` compares with: the floor, a plain DataLoader, and other libraries that are installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from corpuskit.inspect.timing import Case


def floor_case(tokens: Path, dtype: Any, *, batch_size: int, block_size: int) -> Case:
    signed = np.dtype(f"<i{dtype.itemsize}")
    stream = torch.from_numpy(np.memmap(tokens, signed, "c"))
    view = stream.as_strided((len(stream) - block_size, block_size + 1), (1, 1))
    draws = np.random.default_rng(0).integers(0, len(view), (512, batch_size))
    starts = iter(forever(list(torch.from_numpy(draws))))

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        windows = view.index_select(0, next(starts))
        return windows[:, :-1].to(torch.int64).contiguous(), windows[:, 1:].to(torch.int64).contiguous()

    return batch


def loader_case(tokens: Path, dtype: Any, *, batch_size: int, block_size: int) -> Case:
    class Windows(Dataset[Any]):
        def __init__(self) -> None:
            self.data = np.memmap(tokens, dtype=dtype, mode="r")

        def __len__(self) -> int:
            return (len(self.data) - 1) // block_size

        def __getitem__(self, index: int) -> Any:
            start = index * block_size
            window = torch.from_numpy(self.data[start : start + block_size + 1].astype(np.int64))
            return window[:-1], window[1:]

    def batches() -> Iterator[Any]:
        while True:
            order = np.random.default_rng(0).integers(0, len(dataset), 2000 * batch_size)
            yield from DataLoader(dataset, batch_size=batch_size, sampler=order.tolist(), drop_last=True)

    dataset = Windows()
    iterator = batches()
    return lambda: next(iterator)


def peer_cases(tokens: Path, dtype: Any, *, batch_size: int, block_size: int) -> dict[str, Case]:
    """Other libraries that are installed, each from a copy of the tokens as it keeps them."""
    cases = {}
    if importlib.util.find_spec("litdata"):
        cases["LitData, TokensLoader"] = litdata_case(tokens, dtype, batch_size, block_size)
    if importlib.util.find_spec("datasets"):
        cases["HF datasets, DataLoader"] = datasets_case(tokens, dtype, batch_size, block_size)
    return cases


def pieces(file: tuple[str, str]) -> Iterator[torch.Tensor]:
    """The tokens of a file, in pieces, for LitData."""
    ids = np.memmap(file[0], dtype=np.dtype(file[1]), mode="r")
    for start in range(0, len(ids), 2**20):
        yield torch.from_numpy(ids[start : start + 2**20].astype(np.int32))


def litdata_case(tokens: Path, dtype: Any, batch_size: int, block_size: int) -> Case:
    import litdata

    folder = tokens.with_name(f"litdata-{block_size}")
    if not folder.exists():
        litdata.optimize(
            fn=pieces,
            inputs=[(str(tokens), dtype.str)],
            output_dir=str(folder),
            chunk_size=(block_size + 1) * 2**14,
            num_workers=1,
            item_loader=litdata.TokensLoader(block_size=block_size + 1),
            verbose=False,
        )
    dataset = litdata.StreamingDataset(
        str(folder), item_loader=litdata.TokensLoader(block_size=block_size + 1), shuffle=True
    )
    iterator = halves(litdata.StreamingDataLoader(dataset, batch_size=batch_size, drop_last=True))
    return lambda: next(iterator)


def datasets_case(tokens: Path, dtype: Any, batch_size: int, block_size: int) -> Case:
    import datasets

    folder = tokens.with_name(f"datasets-{block_size}")
    if not folder.exists():
        ids = np.memmap(tokens, dtype=dtype, mode="r")
        datasets.disable_progress_bars()
        whole = len(ids) // (block_size + 1) * (block_size + 1)
        rows = np.asarray(ids[:whole], np.int32).reshape(-1, block_size + 1)
        datasets.Dataset.from_dict({"ids": list(rows)}).save_to_disk(folder)
    dataset = datasets.load_from_disk(folder).with_format("torch")
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, drop_last=True, collate_fn=stacked)
    iterator = halves(loader)
    return lambda: next(iterator)


def stacked(rows: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    return torch.stack([row["ids"] for row in rows])


def halves(loader: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Windows as x and y, int64 and contiguous, epoch after epoch."""
    while True:
        for windows in loader:
            windows = windows.to(torch.int64)
            yield windows[:, :-1].contiguous(), windows[:, 1:].contiguous()


def forever(items: list[Any]) -> Iterator[Any]:
    while True:
        yield from items

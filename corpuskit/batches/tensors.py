"""Engines that need torch: batches on a device, copied there or cut from a corpus that lives there."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from corpuskit.batches.engines import Batch, HostEngine, map_batch
from corpuskit.batches.rows import RowSource, SpanRows, WindowRows
from corpuskit.batches.segments import IGNORED
from corpuskit.batches.stream import TokenStream
from corpuskit.errors import ConfigError

#: Torch can copy unsigned ids but hardly compute with them, so they travel as signed ones of the same width,
#: and are masked after they are widened.
_SIGNED = {2: torch.int16, 4: torch.int32}
_MASKS = {2: 0xFFFF, 4: 0xFFFFFFFF}

_UPLOAD_TOKENS = 2**24
_PINNED_BUFFERS = 2


def open_device(name: str) -> torch.device:
    """The device of a name; "auto" is CUDA, else Apple's Metal, else the CPU.

    Raises:
        ConfigError: If torch does not know it, or it is not there.
    """
    try:
        device = torch.device(_best() if name == "auto" else name)
    except RuntimeError as error:
        words = "must be 'auto', or one of torch's devices such as 'cpu', 'cuda', 'cuda:1' or 'mps'"
        raise ConfigError(f"device = {name!r}: {words}", found=name) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"device = {name!r}: this machine has no CUDA device that torch can use", found=name
        )
    try:
        if name != "auto":
            torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).split("\n")[0].split(". ")[0]
        raise ConfigError(f"device = {name!r}: torch cannot use it here: {reason}", found=name) from error
    return device


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class CopyEngine(HostEngine):
    """Batches made in memory and copied to a device that is neither the CPU nor CUDA."""

    def __init__(self, source: RowSource[Any], device: torch.device, *, documents: bool | str) -> None:
        super().__init__(source, output="torch", documents=documents)
        self._device = device

    def start(self, rows: Any) -> Batch:
        """The batch of rows."""
        return map_batch(super().start(rows), lambda tensor: tensor.to(self._device))


class ResidentEngine:
    """Batches cut on the device from a corpus that lives there as a whole.

    Only the windows' places travel. Every batch is new memory, so it stays what it is.

    Args:
        source: Resolves the rows, and knows the documents.
        stream: The tokens; all of them are copied to the device, in pieces.
        device: Where to.
        documents: False, True, or "mask", which has the loss ignore targets in another document.

    Raises:
        ConfigError: If they do not fit there.
    """

    def __init__(
        self, source: RowSource[Any], stream: TokenStream, device: torch.device, *, documents: bool | str
    ) -> None:
        self._source = source
        self._device = device
        self._documents = documents
        self._mask = _MASKS[stream.dtype.itemsize]
        self._tokens = _upload(stream, device)

    def start(self, rows: WindowRows | SpanRows) -> Batch:
        """The batch of rows."""
        x, y = self._windows(rows) if isinstance(rows, WindowRows) else self._spans(rows)
        if not self._documents:
            return x, y
        documents, foreign = self._source.documents(rows)
        if self._documents == "mask":
            _ignore(y, torch.from_numpy(foreign).to(self._device))
        return x, y, documents.map(lambda array: torch.from_numpy(array).to(self._device))

    def finish(self, started: Batch) -> Batch:
        """The same batch."""
        return started

    def _windows(self, rows: WindowRows) -> tuple[torch.Tensor, torch.Tensor]:
        starts = torch.from_numpy(rows.starts).to(self._device)
        length = self._source.block_size + 1
        view = self._tokens.as_strided((len(self._tokens) - length + 1, length), (1, 1))
        return _widen(view.index_select(0, starts), self._mask)

    def _spans(self, rows: SpanRows) -> tuple[torch.Tensor, torch.Tensor]:
        places = torch.from_numpy(rows.positions()).to(self._device)
        x = self._tokens[places].to(torch.int64).bitwise_and_(self._mask)
        y = self._tokens[places + 1].to(torch.int64).bitwise_and_(self._mask)
        padding = torch.from_numpy(np.repeat(rows.padding, rows.lengths)).to(self._device)
        shape = (len(rows.first) - 1, self._source.block_size)
        y.masked_fill_(padding, IGNORED)
        _ignore(y, torch.from_numpy(rows.broken_places()).to(self._device))
        return x.masked_fill_(padding, 0).view(shape), y.view(shape)


class _Started(NamedTuple):
    """A batch whose copies have been queued, and the event that tells when they are done."""

    batch: Batch
    done: torch.cuda.Event


@dataclasses.dataclass
class _Buffer:
    """Pinned memory for one batch of windows, and the event after which it may be filled again."""

    ids: torch.Tensor
    array: NDArray[Any]
    free: torch.cuda.Event


class CudaEngine:
    """Batches that cross to a CUDA device as narrow ids, beside the computation.

    The windows are gathered as uint16 or uint32 into one of two pinned buffers, copied without waiting, and
    widened on the device, all on a stream of their own: a quarter or half of the bytes of int64 x and y
    cross, and only once. The stream that uses the batch waits for the copy by an event; the host never does,
    unless both buffers are still on their way.
    """

    def __init__(self, source: RowSource[Any], device: torch.device, *, documents: bool | str) -> None:
        self._source = source
        self._device = torch.device("cuda", torch.cuda.current_device()) if device.index is None else device
        self._documents = documents
        self._stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        self._buffers: list[_Buffer] = []
        self._turn = 0
        self._lock = threading.Lock()  # a prefetching thread and `batches[step]` share the buffers

    def start(self, rows: WindowRows | SpanRows) -> _Started:
        """Queue a batch on the side stream."""
        with torch.cuda.stream(self._stream):
            if isinstance(rows, WindowRows):
                batch: Batch = self._windows(rows)
            else:
                batch = map_batch(self._source.read(rows), self._copy)
            if self._documents:
                documents, foreign = self._source.documents(rows)
                if self._documents == "mask":
                    _ignore(batch[1], self._copy(foreign))
                batch = (*batch, documents.map(self._copy))
            done = torch.cuda.Event()  # type: ignore[no-untyped-call]
            done.record(self._stream)
        return _Started(batch, done)

    def finish(self, started: _Started) -> Batch:
        """Have the current stream wait for the batch, and tell the allocator that it is used there."""
        current = torch.cuda.current_stream(self._device)
        current.wait_event(started.done)
        map_batch(started.batch, lambda tensor: tensor.record_stream(current))
        return started.batch

    def _windows(self, rows: WindowRows) -> tuple[torch.Tensor, torch.Tensor]:
        windows = self._source.reader.gather(rows.located)
        with self._lock:
            buffer = self._buffer(windows)
            np.copyto(buffer.array, windows)
            ids = buffer.ids.to(self._device, non_blocking=True)
            buffer.free.record(self._stream)
        return _widen(ids, _MASKS[windows.itemsize])

    def _buffer(self, windows: NDArray[Any]) -> _Buffer:
        """The buffer whose turn it is, once its last copy is done."""
        if len(self._buffers) < _PINNED_BUFFERS:
            ids = torch.empty(windows.shape, dtype=_SIGNED[windows.itemsize], pin_memory=True)
            free = torch.cuda.Event()  # type: ignore[no-untyped-call]
            buffer = _Buffer(ids, ids.numpy().view(windows.dtype), free)
            self._buffers.append(buffer)
            return buffer
        buffer = self._buffers[self._turn]
        self._turn = (self._turn + 1) % _PINNED_BUFFERS
        buffer.free.synchronize()
        return buffer

    def _copy(self, array: NDArray[Any]) -> torch.Tensor:
        # The caching allocator of pinned memory keeps the block until this copy is done.
        return torch.from_numpy(array).pin_memory().to(self._device, non_blocking=True)


def _widen(ids: torch.Tensor, mask: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two contiguous int64 (n, T), x and y, from signed windows of T + 1 ids."""
    x, y = ids[:, :-1].to(torch.int64), ids[:, 1:].to(torch.int64)
    return x.bitwise_and_(mask).contiguous(), y.bitwise_and_(mask).contiguous()


def _ignore(y: torch.Tensor, places: torch.Tensor) -> None:
    y.view(-1).index_fill_(0, places, IGNORED)


def _upload(stream: TokenStream, device: torch.device) -> torch.Tensor:
    """All tokens on the device, as signed ids, copied piece by piece."""
    width = stream.dtype.itemsize
    try:
        tokens = torch.empty(stream.num_tokens, dtype=_SIGNED[width], device=device)
    except RuntimeError as error:
        raise ConfigError(
            f"resident=True: {stream.num_tokens * width:,} bytes of split {stream.name!r} do not fit on "
            f"{device}; leave it out",
            found=stream.num_tokens * width,
        ) from error
    for number, first in enumerate(stream.shard_starts[:-1].tolist()):
        shard = stream.shard(number).view(np.dtype(f"<i{width}"))
        for at in range(0, len(shard), _UPLOAD_TOKENS):
            piece = torch.from_numpy(shard[at : at + _UPLOAD_TOKENS].copy())  # the map is read-only
            tokens[first + at : first + at + len(piece)].copy_(piece)
    return tokens

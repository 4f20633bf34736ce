"""Engines that need torch: batches on a device, copied there or cut from a corpus that lives there."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from corpuskit.arrays import Ints
from corpuskit.batches.engines import Batch, HostEngine, map_batch
from corpuskit.batches.joined import JoinedRows
from corpuskit.batches.labels import LabelRuns
from corpuskit.batches.lengthened import lengthened
from corpuskit.batches.options import BatchOptions
from corpuskit.batches.rows import RowSource, SpanRows, WindowRows
from corpuskit.batches.segments import IGNORED
from corpuskit.batches.stream import Stream, TokenStream, ValueStream
from corpuskit.batches.targets import TargetWatch
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

    def __init__(
        self,
        source: RowSource[Any],
        options: BatchOptions,
        watch: TargetWatch | None = None,
        labels: LabelRuns | None = None,
        *,
        device: torch.device,
    ) -> None:
        super().__init__(source, options, watch, labels)
        self._device = device

    def _place(self, array: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(array).to(self._device)


class ResidentEngine(CopyEngine):
    """Batches cut on the device from a corpus that lives there as a whole.

    Only the windows' places travel, and a byte for each target where some are not to be learned: rows without
    any are counted without waiting for the device. Every batch is new memory, so it stays what it is.

    Args:
        source: Resolves the rows, and knows the documents.
        options: What the run was told.
        watch: Hears of rows without a target; None if nobody wants to.
        labels: The labels of the stream's tokens; None if batches have none.
        stream: The tokens; all of them are copied to the device, in pieces, and so are the values of the
            streams that were asked for.
        device: Where to.
        like: Engines of the same run for rows of other sizes: what one of them has copied is shared.

    Raises:
        ConfigError: If they do not fit there.
    """

    def __init__(
        self,
        source: RowSource[Any],
        options: BatchOptions,
        watch: TargetWatch | None = None,
        labels: LabelRuns | None = None,
        *,
        stream: TokenStream,
        device: torch.device,
        like: Sequence[Any] = (),
    ) -> None:
        super().__init__(source, options, watch, labels, device=device)
        self._mask = _MASKS[stream.dtype.itemsize]
        if like:
            self._tokens, self._resident = like[0]._tokens, like[0]._resident
            return
        least = options.largest_block + 1  # padding is cut, too, whatever is there
        self._tokens = _upload(lengthened(stream, least), device)
        self._resident = {
            name: _upload(lengthened(source.beside[name].stream, least), device) for name in options.streams
        }

    def _ids(
        self, rows: WindowRows | SpanRows, learned: NDArray[np.uint8] | None, foreign: Ints | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if isinstance(rows, WindowRows):
            x, y = self._windows(rows)
        else:
            x, y = self._joined(rows) if isinstance(rows, JoinedRows) else self._spans(rows)
        return x, _ignore(y, learned, foreign, self._place)

    def _windows(self, rows: WindowRows) -> tuple[torch.Tensor, torch.Tensor]:
        return _widen(self._cut(self._tokens, rows.starts, self._source.block_size + 1), self._mask)

    def _cut(self, items: torch.Tensor, starts: Ints, length: int) -> torch.Tensor:
        """Windows of a resident stream's items, (n, length)."""
        view = items.as_strided((len(items) - length + 1, length), (1, 1))
        return view.index_select(0, torch.from_numpy(starts).to(self._device))

    def _joined(self, rows: JoinedRows) -> tuple[torch.Tensor, torch.Tensor]:
        places, front = map(self._place, rows.in_front())
        ids = self._at_places(self._tokens, rows).to(torch.int64).bitwise_and_(self._mask)
        ids.index_copy_(0, places, front)
        ids = ids.view(-1, self._source.block_size + 1)
        # Copies, also of a single row, whose parts are contiguous as they are.
        x, y = (part.clone(memory_format=torch.contiguous_format) for part in (ids[:, :-1], ids[:, 1:]))
        return x, y

    def _at_places(self, items: torch.Tensor, rows: SpanRows) -> torch.Tensor:
        return items[torch.from_numpy(rows.positions()).to(self._device)]

    def _spans(self, rows: SpanRows) -> tuple[torch.Tensor, torch.Tensor]:
        places = torch.from_numpy(rows.positions()).to(self._device)
        x = self._tokens[places].to(torch.int64).bitwise_and_(self._mask)
        if rows.bos is not None:
            at, front = map(self._place, rows.in_front())
            x.index_copy_(0, at, front)
        y = self._tokens[places + 1].to(torch.int64).bitwise_and_(self._mask)
        padding = self._padding(rows)
        shape = (len(rows.first) - 1, self._source.block_size)
        y.masked_fill_(padding, IGNORED)
        y.index_fill_(0, self._place(rows.broken_places()), IGNORED)
        return x.masked_fill_(padding, 0).view(shape), y.view(shape)

    def _values(self, rows: WindowRows | SpanRows, name: str) -> torch.Tensor:
        beside, items = self._source.beside[name], self._resident[name]
        if isinstance(rows, WindowRows):
            return _signed(
                self._cut(items, rows.starts + beside.shift, self._source.block_size), beside.stream
            )
        if isinstance(rows, JoinedRows):
            values = _signed(self._at_places(items, rows), beside.stream)
            values.index_fill_(0, self._place(rows.in_front()[0]), beside.stream.fill)
            values = values.view(-1, self._source.block_size + 1)
            return values[:, beside.shift : beside.shift + self._source.block_size].contiguous()
        places = torch.from_numpy(rows.positions() + beside.shift).to(self._device)
        values = _signed(items[places], beside.stream).masked_fill_(self._padding(rows), beside.stream.fill)
        if rows.bos is not None and not beside.shift:
            values.index_fill_(0, self._place(rows.in_front()[0]), beside.stream.fill)
        if beside.shift:
            values.index_fill_(0, self._place(rows.broken_places()), beside.stream.fill)
        return values.view(len(rows.first) - 1, self._source.block_size)

    def _padding(self, rows: SpanRows) -> torch.Tensor:
        """Whether a place of the rows laid out flat is padding."""
        return torch.from_numpy(np.repeat(rows.padding, rows.places)).to(self._device)


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


class CudaEngine(CopyEngine):
    """Batches that cross to a CUDA device as narrow ids, beside the computation.

    The windows are gathered as uint16 or uint32 into one of two pinned buffers, copied without waiting, and
    widened on the device, all on a stream of their own: a quarter or half of the bytes of int64 x and y
    cross, and only once. The stream that uses the batch waits for the copy by an event; the host never does,
    unless both buffers are still on their way.
    """

    def __init__(
        self,
        source: RowSource[Any],
        options: BatchOptions,
        watch: TargetWatch | None = None,
        labels: LabelRuns | None = None,
        *,
        device: torch.device,
    ) -> None:
        if device.index is None:
            device = torch.device("cuda", torch.cuda.current_device())
        super().__init__(source, options, watch, labels, device=device)
        self._stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        self._buffers: list[_Buffer] = []
        self._turn = 0
        self._lock = threading.Lock()  # a prefetching thread and `batches[step]` share the buffers

    def start(self, rows: WindowRows | SpanRows, samples: Sequence[int] | Ints) -> _Started:
        """Queue a batch on the side stream."""
        with torch.cuda.stream(self._stream):
            batch: Batch = super().start(rows, samples)
            done = torch.cuda.Event()  # type: ignore[no-untyped-call]
            done.record(self._stream)
        return _Started(batch, done)

    def finish(self, started: _Started) -> Batch:
        """Have the current stream wait for the batch, and tell the allocator that it is used there."""
        current = torch.cuda.current_stream(self._device)
        current.wait_event(started.done)
        map_batch(started.batch, lambda tensor: tensor.record_stream(current))
        return started.batch

    def _ids(
        self, rows: WindowRows | SpanRows, learned: NDArray[np.uint8] | None, foreign: Ints | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not isinstance(rows, WindowRows):
            return super()._ids(rows, learned, foreign)
        x, y = self._windows(rows)
        return x, _ignore(y, learned, foreign, self._place)

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
            self._buffers.append(self._new_buffer(windows))
            return self._buffers[-1]
        buffer = self._buffers[self._turn]
        buffer.free.synchronize()
        if buffer.array.shape != windows.shape:  # the batch size has changed
            buffer = self._buffers[self._turn] = self._new_buffer(windows)
        self._turn = (self._turn + 1) % _PINNED_BUFFERS
        return buffer

    def _new_buffer(self, windows: NDArray[Any]) -> _Buffer:
        ids = torch.empty(windows.shape, dtype=_SIGNED[windows.itemsize], pin_memory=True)
        free = torch.cuda.Event()  # type: ignore[no-untyped-call]
        return _Buffer(ids, ids.numpy().view(windows.dtype), free)

    def _place(self, array: NDArray[Any]) -> torch.Tensor:
        # The caching allocator of pinned memory keeps the block until this copy is done.
        return torch.from_numpy(array).pin_memory().to(self._device, non_blocking=True)


def _widen(ids: torch.Tensor, mask: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two contiguous int64 (n, T), x and y, from signed windows of T + 1 ids."""
    x, y = ids[:, :-1].to(torch.int64), ids[:, 1:].to(torch.int64)
    return x.bitwise_and_(mask).contiguous(), y.bitwise_and_(mask).contiguous()


def _ignore(
    y: torch.Tensor,
    learned: NDArray[np.uint8] | None,
    foreign: Ints | None,
    place: Callable[[NDArray[Any]], torch.Tensor],
) -> torch.Tensor:
    """Have y be -100 where `learned` is 0, and at the foreign places of the flat one."""
    if learned is not None:
        y.masked_fill_(place(learned[:, learned.shape[1] - y.shape[1] :] == 0), IGNORED)
    if foreign is not None:
        y.view(-1).index_fill_(0, place(foreign), IGNORED)
    return y


def _signed(items: torch.Tensor, stream: ValueStream) -> torch.Tensor:
    """Items of values that were uploaded, as the other engines give them."""
    width = stream.dtype.itemsize
    if stream.dtype.kind != "u" or width not in _SIGNED:
        return items
    wide = torch.int32 if width == 2 else torch.int64
    return items.to(wide).bitwise_and_(_MASKS[width])


def _upload(stream: Stream, device: torch.device) -> torch.Tensor:
    """All items on the device, unsigned ones of several bytes as signed ones, copied piece by piece."""
    width = stream.dtype.itemsize
    dtype = stream.dtype if stream.dtype.kind != "u" or width == 1 else np.dtype(f"<i{width}")
    try:
        items = torch.empty(
            stream.num_tokens, dtype=torch.from_numpy(np.empty(0, dtype)).dtype, device=device
        )
    except RuntimeError as error:
        raise ConfigError(
            f"resident=True: {stream.num_tokens * width:,} bytes of {stream.noun} {stream.name!r} do not fit "
            f"on {device}; leave it out",
            found=stream.num_tokens * width,
        ) from error
    for number, (first, last) in enumerate(itertools.pairwise(stream.shard_starts.tolist())):
        shard = stream.shard(number)
        if shard is None:
            filled = np.full(1, stream.fill, stream.dtype).view(dtype)
            items[first:last].fill_(filled[0].item())
            continue
        for at in range(0, len(shard), _UPLOAD_TOKENS):
            piece = torch.from_numpy(
                shard.view(dtype)[at : at + _UPLOAD_TOKENS].copy()
            )  # the map is read-only
            items[first + at : first + at + len(piece)].copy_(piece)
    return items

"""Batches on devices. The corpus that lives on a device is tested on the CPU too; pinned copies need CUDA."""

import itertools

import numpy as np
import pytest
import torch

from corpuskit.batches import Batches, tensors
from corpuskit.batches.segments import Segments
from corpuskit.errors import ConfigError

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
DEVICES = ["cpu", pytest.param("cuda", marks=needs_cuda)]
SAMPLERS = ["random", "shuffled", "packed"]


def parts(batch):
    for part in batch:
        if isinstance(part, Segments):
            yield from (part.cu_seqlens, part.document_ids, part.position_ids)
        else:
            yield part


def assert_same_on(device, found, expected):
    for one, other in zip(found, expected, strict=True):
        for tensor, array in zip(parts(one), parts(other), strict=True):
            assert tensor.device.type == device
            assert tensor.is_contiguous()
            np.testing.assert_array_equal(tensor.cpu(), array)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("documents", [False, True, "mask"])
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_resident_batches_are_the_same(wide_batches, device, documents, sampler, dtype):
    options = {"sampler": sampler, "documents": documents}
    resident = wide_batches(dtype, **options, device=device, resident=True)
    host = wide_batches(dtype, **options, output="numpy")

    assert_same_on(device, itertools.islice(resident, 7), itertools.islice(host, 7))


@needs_cuda
@pytest.mark.parametrize("prefetch", [0, 1, 3])
@pytest.mark.parametrize("documents", [False, "mask"])
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_batches_copied_through_pinned_buffers_are_the_same(
    wide_batches, prefetch, documents, sampler, dtype
):
    options = {"sampler": sampler, "documents": documents}
    copied = wide_batches(dtype, **options, device="cuda", prefetch=prefetch)
    host = wide_batches(dtype, **options, output="numpy")

    found = []  # all alive at once: none may be written over
    while len(found) < 40:
        found += itertools.islice(copied, 40 - len(found))
    assert_same_on("cuda", found, [host[step] for step in range(40)])


@needs_cuda
def test_a_batch_is_safe_to_use_on_another_stream_while_the_next_is_copied(wide_batches):
    batches = wide_batches(device="cuda", prefetch=2)
    host = wide_batches(output="numpy")
    stream = torch.cuda.Stream()
    sums = []
    with torch.cuda.stream(stream):
        for x, y in itertools.islice(batches, 200):
            torch.cuda._sleep(100_000)  # the computation is slower than the copies
            sums.append((x * 3 + y).sum())
    torch.cuda.synchronize()

    expected = [int((host[step][0] * 3 + host[step][1]).sum()) for step in range(200)]
    assert [int(total) for total in sums] == expected


@needs_cuda
def test_random_access_and_iteration_agree_on_cuda(wide_batches):
    batches, host = wide_batches(device="cuda"), wide_batches(output="numpy")

    assert_same_on("cuda", [batches[step] for step in (9, 0, 9, 3)], [host[step] for step in (9, 0, 9, 3)])


@needs_cuda
@pytest.mark.parametrize("sampler", ["random", "packed"])
def test_other_targets_are_those_in_memory(wide_batches, sampler):
    fim = {"rate": 0.5, "prefix": 1, "suffix": 2, "middle": 3}
    for options in ({"num_targets": 3}, {"fim": fim}, {"num_targets": 2, "fim": fim, "documents": "mask"}):
        batches = wide_batches(device="cuda", prefetch=2, sampler=sampler, **options)
        host = wide_batches(output="numpy", sampler=sampler, **options)
        assert_same_on(
            "cuda", [batches[step][:2] for step in range(9)], [host[step][:2] for step in range(9)]
        )


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_missing_cuda_device_is_a_config_error(wide_batches):
    with pytest.raises(ConfigError, match="device = 'cuda': this machine has no CUDA device"):
        wide_batches(device="cuda")[0]


def test_other_devices_are_copied_to(wide_batches):
    x, y = wide_batches(device="meta")[0]

    assert x.device.type == y.device.type == "meta"


@pytest.mark.parametrize("device", ["warp", "", "CPU", 0, ["cpu"], "cuda:77"])
def test_an_unknown_device_is_a_config_error(make_split, device):
    with pytest.raises(ConfigError) as caught:
        Batches(make_split(1000), batch_size=2, block_size=4, device=device)[0]
    assert str(caught.value).startswith(f"device = {device!r}: ")
    assert "privateuseone" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_device_that_torch_cannot_use_here_is_a_config_error(make_split, monkeypatch):
    def refuse(*args, **named):
        raise RuntimeError("Could not run it on this backend. This could be because\nof many things")

    monkeypatch.setattr(torch, "empty", refuse)
    with pytest.raises(ConfigError, match="device = 'mps': torch cannot use it here: Could not run it"):
        Batches(make_split(1000), batch_size=2, block_size=4, device="mps")[0]


def test_device_auto_is_a_gpu_where_there_is_one(make_split, monkeypatch):
    import torch

    x, _ = Batches(make_split(10_000), device="auto")[0]
    assert x.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    x, _ = Batches(make_split(10_000), device="auto", resident=True)[0]
    assert x.dtype == torch.int64
    assert isinstance(Batches(make_split(10_000), device="auto", output="numpy")[0][0], np.ndarray)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert tensors.open_device("auto").type == "mps"


quiet = pytest.mark.filterwarnings("ignore:step .* has a row without a single target")
STREAMS = ("weight", "loss", "part", "row")


@quiet
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("documents", [False, True, "mask"])
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("resident", [False, True])
def test_values_and_the_loss_mask_are_the_same_on_a_device(
    wide_batches, device, documents, sampler, resident
):
    options = {"sampler": sampler, "documents": documents, "streams": STREAMS, "has_values": True}
    there = wide_batches(**options, device=device, resident=resident)
    host = wide_batches(**options, output="numpy")

    found, expected = list(itertools.islice(there, 7)), list(itertools.islice(host, 7))
    assert_same_on(device, [batch[:-1] for batch in found], [batch[:-1] for batch in expected])
    for one, other in zip(found, expected, strict=True):
        assert [*one[-1]] == [*other[-1]] == [*STREAMS]
        assert_same_on(device, [one[-1].values()], [other[-1].values()])
    kinds = {name: tensor.dtype for name, tensor in found[0][-1].items()}
    assert kinds == {
        "weight": torch.float32,
        "loss": torch.uint8,
        "part": torch.int32,
        "row": torch.int64,
    }
    assert there.rows_without_targets == host.rows_without_targets


def test_other_devices_are_copied_to_with_values(wide_batches):
    _, y, values = wide_batches(has_values=True, streams=["part", "loss"], device="meta")[0]

    assert {y.device.type, values["part"].device.type, values["loss"].device.type} == {"meta"}


@pytest.mark.parametrize("documents", [False, "mask"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_targets_are_left_out_on_a_device_that_ids_are_copied_to(
    wide_batches, monkeypatch, documents, sampler
):
    """What goes to CUDA, without its streams and pinned memory."""
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: None)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor)
    options = {"sampler": sampler, "documents": documents, "streams": STREAMS, "has_values": True}
    batches = wide_batches(**options)
    source = batches.order.source
    engine = tensors.CudaEngine(source, batches.options, device=torch.device("cpu", 0))

    def windows(rows):
        ids = torch.from_numpy(source.reader.gather(rows.located).view(np.int16))
        return tensors._widen(ids, 0xFFFF)

    monkeypatch.setattr(engine, "_windows", windows)
    rows = source.resolve(np.arange(8))
    found = super(tensors.CudaEngine, engine).start(rows, range(8))
    expected = wide_batches(**options, output="numpy")[0]
    for one, other in zip(parts(found[:-1]), parts(expected[:-1]), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in STREAMS:
        np.testing.assert_array_equal(found[-1][name], expected[-1][name])


SCHEDULE = {"batch_size": [(0, 4), (6, 8)], "block_size": [(0, 8), (10, 32), (14, 16)], "sampler": "shuffled"}


@pytest.mark.parametrize("device", DEVICES)
def test_phases_of_a_schedule_share_one_copy_of_a_resident_corpus(make_split, device):
    resident = Batches(make_split(3000), **SCHEDULE, device=device, resident=True)
    host = Batches(make_split(3000), **SCHEDULE, output="numpy")
    assert_same_on(device, [resident[step] for step in range(18)], [host[step] for step in range(18)])
    assert_same_on(device, itertools.islice(resident, 18), itertools.islice(host, 18))
    engines = [*resident._engines.values()]
    assert len(engines) == 3
    assert len({engine._tokens.data_ptr() for engine in engines}) == 1


@needs_cuda
@pytest.mark.parametrize("prefetch", [0, 3])
def test_pinned_buffers_change_with_the_sizes_of_a_schedule(make_split, prefetch):
    copied = Batches(make_split(3000), **SCHEDULE, device="cuda", prefetch=prefetch)
    host = Batches(make_split(3000), **SCHEDULE, output="numpy")
    found = [*itertools.islice(copied, 18)]
    assert_same_on("cuda", found, [host[step] for step in range(18)])

"""What a run may be told."""

import pytest

from corpuskit.batches import Batches
from corpuskit.batches.engines import HostEngine
from corpuskit.batches.options import options_of
from corpuskit.errors import ConfigError

OPTIONS = {"batch_size": 8, "block_size": 16, "output": "numpy"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block_size": 1000}, "1,000 tokens, a window of block_size 1,000 needs 1,001"),
        ({"batch_size": 0}, "batch_size = 0: must be a whole number, 1 or more"),
        ({"block_size": 2.5}, "block_size = 2.5"),
        ({"batch_size": 8, "world_size": 3}, "batch_size 8 cannot be shared by 3 ranks"),
        ({"rank": 2, "world_size": 2}, "rank = 2: must be from 0 to 1"),
        ({"output": "jax"}, "output = 'jax': must be 'torch' or 'numpy'"),
        ({"device": "cuda"}, "output 'numpy' cannot be on device 'cuda'"),
    ],
)
@pytest.mark.fault("K5")
def test_impossible_options_are_refused(make_split, options, message):
    with pytest.raises(ConfigError, match=message):
        Batches(make_split(1000), **{**OPTIONS, **options})


@pytest.mark.parametrize(
    ("num_tokens", "remedy"), [(0, "take more text"), (1, "take more text"), (2, "a block_size of at most 1")]
)
def test_a_block_size_is_advised_only_where_one_would_do(make_split, num_tokens, remedy):
    with pytest.raises(ConfigError, match=f"a window of block_size 16 needs 17; .*{remedy}$"):
        Batches(make_split(num_tokens), **OPTIONS)


def test_a_sampler_is_a_name(make_split):
    with pytest.raises(ConfigError, match="sampler = 3: must be text, the name of one"):
        Batches(make_split(1000), sampler=3)


def test_the_sizes_have_the_configurations_defaults(make_split):
    batches = Batches(make_split(10_000), output="numpy")
    assert batches[0][0].shape == (64, 128)


def test_context_length_is_another_name_for_block_size(make_split):
    split = make_split(10_000)
    expected = Batches(split, batch_size=4, block_size=8, output="numpy")[5][0]
    assert (Batches(split, batch_size=4, context_length=8, output="numpy")[5][0] == expected).all()
    with pytest.raises(ConfigError, match="block_size = 16 and context_length = 8 are one option"):
        Batches(split, block_size=16, context_length=8)
    with pytest.raises(ConfigError, match="context_length = 0: must be a whole number, 1 or more"):
        Batches(split, context_length=0)


def test_a_block_size_that_is_said_twice_may_be_a_schedule_in_any_writing(make_split):
    split = make_split(10_000)
    said = {"batch_size": 4, "output": "numpy", "block_size": [(0, 8), ("5e2 tokens", 16)]}
    expected = Batches(split, **said)[50][0]
    again = Batches(split, **said, context_length=[[0, 8], ["500 tokens", 16]])
    assert (again[50][0] == expected).all()
    assert options_of(block_size=[(0, 8)], context_length=[[0, 8]]).block_size == 8
    with pytest.raises(ConfigError, match=r"block_size = \[\(0, 8\).* and context_length = \[\[0, 8"):
        Batches(split, **said, context_length=[[0, 8]])


@pytest.mark.parametrize("size", [10**12, [(0, 4), (10, 10**12)]])
@pytest.mark.parametrize("name", ["batch_size", "block_size"])
def test_batches_that_no_machine_holds_are_refused_with_what_they_would_take(name, size):
    size = [(0, 1), (10, 10**12 // 4)] if name == "block_size" and isinstance(size, list) else size
    with pytest.raises(ConfigError, match=r"^(batch|block)_size .*: x and y .* would take [\d,]{17,} bytes"):
        options_of(**{"batch_size": 10**12 // 4, "block_size": 128, name: size})


def test_ranks_share_what_a_batch_takes_and_several_targets_add_to_it():
    shared = options_of(batch_size=2**33, block_size=2**10, world_size=2**10, rank=3)
    assert shared.batch_bytes == 2**23 * 2**10 * 8 * 2
    with pytest.raises(ConfigError, match="num_targets 1,000,000: x and y of a batch would take 64,0"):
        options_of(block_size=10**6, num_targets=10**6, batch_size=8)
    with pytest.raises(ConfigError, match="bytes on each of 2 ranks, and no more than 1,099,511,627,776"):
        options_of(batch_size=2**33, block_size=2**10, world_size=2)


@pytest.mark.parametrize("power", [30, 400, 5000])
@pytest.mark.parametrize(
    "name",
    ["batch_size", "block_size", "world_size", "prefetch", "num_targets", "max_segment", "max_segments"],
)
def test_a_number_beyond_all_counting_is_refused_in_one_line(name, power):
    number = 10**power
    with pytest.raises(ConfigError, match=f"^{name} = .*: must be a whole number, [0-9,]+ or less$"):
        options_of(**{name: number})
    if name.endswith("size") and name != "world_size":
        with pytest.raises(ConfigError, match=f"^{name} from 3 on = .*: must be a whole number, .* or less"):
            options_of(**{name: [(0, 8), (3, number)]})
        with pytest.raises(ConfigError, match=f"^{name}: a place is past 2..62; steps and tokens count from"):
            options_of(**{name: [(0, 8), (number, 16)]})
        with pytest.raises(ConfigError, match=f"^{name}: .* is no place of a schedule"):
            options_of(**{name: [(0, 8), (-number, 16)]})


def test_segments_are_not_counted_past_what_int32_holds():
    assert options_of(batch_size=2**20, block_size=2**11).rows_of_rank == 2**20
    with pytest.raises(ConfigError, match="count places in int32, and 2,147,483,648 are more than 2,147"):
        options_of(batch_size=2**20, block_size=2**11, documents=True)


@pytest.mark.parametrize("iterate", [False, True])
@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_batch_that_memory_is_missing_for_is_an_error_that_says_what_it_takes(
    make_split, monkeypatch, iterate, prefetch
):
    batches = Batches(make_split(1000), **OPTIONS, prefetch=prefetch)

    def start(*_):
        raise MemoryError("Unable to allocate 4.77 GiB")

    monkeypatch.setattr(HostEngine, "start", start)
    with pytest.raises(ConfigError, match="x and y of a batch take 2,048 bytes on each rank, and"):
        next(iter(batches)) if iterate else batches[3]


@pytest.mark.parametrize(("world_size", "rows"), [(1, 2), (2, 1), (8, 1)])
def test_debug_shrinks_to_a_few_short_windows(make_split, world_size, rows):
    batches = Batches(
        make_split(100), batch_size=512, block_size=4096, debug=True, output="numpy", world_size=world_size
    )
    assert batches[0][0].shape == (rows, 8)
    assert batches.batch_size == max(2, world_size)


def test_numpy_cannot_be_resident(make_split):
    with pytest.raises(ConfigError, match="output 'numpy' cannot be resident"):
        Batches(make_split(1000), batch_size=8, block_size=16, output="numpy", resident=True)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("sampler_options", 5),
        ("sampler_options", "x"),
        ("resident", "no"),
        ("debug", "x"),
        ("documents", 1.0),
        ("output", ["torch"]),
        ("device", object()),
    ],
)
def test_a_value_of_another_kind_is_refused_in_one_line(option, value):
    with pytest.raises(ConfigError, match=f"^{option} = .*: must be ") as caught:
        options_of(**{option: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("streams", ["loss", 3, None, ["loss", "loss"], [1], {"loss": 1}])
def test_streams_are_a_list_of_names(make_split, streams):
    with pytest.raises(
        ConfigError, match=r"^streams = .*: must be a list of different names, such as \('loss'"
    ):
        Batches(make_split(1000), **OPTIONS, streams=streams)


def test_loss_is_true_or_false(make_split):
    with pytest.raises(ConfigError, match="loss = 1: must be true or false"):
        Batches(make_split(1000), **OPTIONS, loss=1)


def test_a_stream_that_is_not_there_is_refused_before_any_batch(make_split):
    with pytest.raises(ConfigError, match="split 'train' has no stream 'loss'"):
        Batches(make_split(1000), **OPTIONS, streams=["loss"])
    assert Batches(make_split(1000), **OPTIONS, streams=("loss",)[:0]).options.streams == ()

from __future__ import annotations

import logging
import pickle

import pytest

import corpuskit
from corpuskit.errors import FetchError, HashMismatch, ResumeError, StorageError

pytestmark = pytest.mark.usefixtures("cache_dir", "no_waiting")

#: The size of each shard of the corpus, but for the last.
SHARD_BYTES = 10_000


def test_opening_reads_the_manifest_and_nothing_else(url, s3, local):
    s3.requests.clear()
    corpus = corpuskit.open(url)
    assert {request.name for request in s3.requests} == {"manifest.json"}
    assert corpus.fingerprint == local.fingerprint
    assert str(corpus.path) == url


def test_a_remote_split_gives_what_a_local_one_gives(url, local):
    split, expected = corpuskit.open(url)["train"], local["train"]
    assert split[:].tolist() == expected[:].tolist()
    assert split[9_998:10_003].tolist() == expected[9_998:10_003].tolist()
    assert split.document_ends().tolist() == expected.document_ends().tolist()
    assert split.document_places().tolist() == expected.document_places().tolist()
    assert split.document(0).tolist() == expected.document(0).tolist()


def test_a_random_sampler_fetches_a_shard_once_for_many_batches(url, s3, local):
    options = {"batch_size": 16, "block_size": 128, "seed": 3, "output": "numpy"}
    batches = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES).batches("train", **options)
    for step, (x, _) in zip(range(31), batches, strict=False):
        assert (x == local.batches("train", **options)[step][0]).all()
    # One pass for each block of steps that the plan knows of: 1, 2, 4, 8, 16.
    assert len(s3.seen("GET", ".bin")) <= 5 * 40 + 8


def cut_again(local, shard_bytes, folder):
    """The local corpus in shards of another size, in a bucket."""
    text = local.decode(local["train"][:])
    (folder / "again.txt").write_text(text)
    options = {"encoding": "bytes", "split": "none", "part_bytes": 500_000, "shard_bytes": shard_bytes}
    return corpuskit.prepare(folder / "again.txt", lines=True, workers=1, output=folder / "again", **options)


@pytest.mark.parametrize(("shard_bytes", "prefetch"), [(3_000, 0), (6_000, 2), (10_000, 0)])
def test_shuffled_shards_are_fetched_once_an_epoch_with_a_cache_of_a_seventh(
    local, bucket, s3, uploaded, settled, tmp_path, shard_bytes, prefetch
):
    here = local if shard_bytes == SHARD_BYTES else cut_again(local, shard_bytes, tmp_path)
    url = uploaded(here, f"{bucket}/again")
    size = 2 * len(here["train"])
    told = {"batch_size": 16, "block_size": 128, "seed": 3, "output": "numpy", "sampler": "shard_shuffled"}
    told["sampler_options"] = {"group_tokens": (size // 7 - shard_bytes) // 4}
    batches = corpuskit.open(url, cache_bytes=size // 7).batches("train", prefetch=prefetch, **told)
    expected = here.batches("train", **told)
    s3.sent.clear()
    for _ in range(2):
        for step, (x, y) in enumerate(batches, batches.step):
            assert (x == expected[step][0]).all()
            assert (y == expected[step][1]).all()
    # The first group of the third epoch is fetched ahead, a fourteenth of the corpus.
    assert 1.7 * size < sum(s3.sent) <= 2 * 1.05 * size


def test_ranks_that_keep_in_step_share_what_is_fetched(url, s3, local, settled):
    told = {"batch_size": 16, "block_size": 128, "seed": 3, "output": "numpy", "sampler": "shard_shuffled"}
    told["sampler_options"] = {"group_tokens": 15_000}
    ranks = [
        corpuskit.open(url, cache_bytes=8 * SHARD_BYTES).batches("train", rank=rank, world_size=2, **told)
        for rank in range(2)
    ]
    s3.sent.clear()
    steps = sum(1 for _ in zip(*ranks, strict=True))
    assert steps == ranks[0].samples_per_epoch // 16 + 1
    assert sum(s3.sent) <= 1.15 * 2 * len(local["train"])  # three shards of 40 are of the next epoch


def test_a_run_over_shuffled_shards_goes_on_in_the_middle_of_a_group(url, s3, local, settled):
    told = {"batch_size": 16, "block_size": 128, "seed": 3, "output": "numpy", "sampler": "shard_shuffled"}
    told["sampler_options"] = {"group_tokens": 15_000}
    batches = local.batches("train", **told)
    for _ in zip(range(50), batches, strict=False):
        pass
    state = batches.state_dict()
    s3.requests.clear()
    ranks = [
        corpuskit.open(url, cache_bytes=7 * SHARD_BYTES).batches("train", rank=rank, world_size=2, **told)
        for rank in range(2)
    ]
    for rank, resumed in enumerate(ranks):
        resumed.load_state_dict(state)
        for step, (x, _) in zip(range(50, 60), resumed, strict=False):
            assert (x == batches[step][0][8 * rank : 8 * rank + 8]).all()
    # Ten steps are in two groups, or three, of three shards; another is fetched ahead.
    assert len({request.key for request in s3.seen("GET", ".bin")}) <= 12
    told["sampler_options"] = {"group_tokens": 20_000}
    with pytest.raises(ResumeError, match=r"saved with sampler_options \{'group_tokens': 15000\}, these"):
        local.batches("train", **told).load_state_dict(state)


def test_an_evaluation_fetches_each_shard_once(url, s3, local):
    options = {"split": "train", "block_size": 128, "batch_size": 16, "stride": 50, "output": "numpy"}
    evaluation = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES).evaluation(**options)
    for found, expected in zip(evaluation, local.evaluation(**options), strict=True):
        assert [part.tolist() for part in found] == [part.tolist() for part in expected]
    assert len(s3.seen("GET", ".bin")) == 40
    assert corpuskit.BitsPerByte(evaluation).num_bytes == local["train"].document_text_bytes().sum()


def test_a_shard_that_is_damaged_in_the_store_is_named(own_url):
    import fsspec

    filesystem = fsspec.filesystem("s3")
    data = bytearray(filesystem.cat_file(f"{own_url}/train-00002.bin"))
    data[5] ^= 1
    filesystem.pipe_file(f"{own_url}/train-00002.bin", bytes(data))
    train = corpuskit.open(own_url)["train"]
    train[:10_000]
    with pytest.raises(HashMismatch, match=r"train-00002\.bin: it was fetched twice and is not what the"):
        train[10_000:10_010]
    problems = corpuskit.verify(own_url)
    assert [problem.file for problem in problems] == ["train-00002.bin"]


def test_a_shard_that_is_missing_in_the_store_is_an_error(own_url):
    import fsspec

    fsspec.filesystem("s3").rm_file(f"{own_url}/train-00002.bin")
    with pytest.raises(FetchError, match=r"train-00002\.bin: there is no such file"):
        corpuskit.open(own_url)["train"][:]


@pytest.mark.parametrize("fault", [500, 503, "cut"])
def test_faults_that_pass_are_tried_again(fault, url, s3, local):
    left = [3]

    def check(request):
        if request.method == "GET" and ".bin" in request.key and left[0]:
            left[0] -= 1
            return fault
        return None

    s3.fault = check
    assert corpuskit.open(url)["train"][:].tolist() == local["train"][:].tolist()
    assert left == [0]


def test_corpora_and_splits_travel_to_other_processes(url, local):
    corpus = corpuskit.open(url, cache_bytes="1M")
    again = pickle.loads(pickle.dumps(corpus))
    split = pickle.loads(pickle.dumps(corpus["train"]))
    assert again["train"][:10].tolist() == split[:10].tolist() == local["train"][:10].tolist()
    assert len(pickle.dumps(corpus["train"])) < 1000


def test_dataloader_workers_read_a_remote_corpus(url, local):
    from torch.utils.data import DataLoader

    options = {"batch_size": 8, "block_size": 64, "seed": 1}
    batches = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES).batches("train", **options)
    loader = DataLoader(batches.iterable(), batch_size=None, num_workers=1, multiprocessing_context="spawn")
    expected = local.batches("train", **options)
    for step, (x, _) in zip(range(4), loader, strict=False):
        assert (x == expected[step][0]).all()


def test_a_mixture_of_a_local_and_a_remote_corpus(url, local, tmp_path):
    import shutil

    shutil.copytree(local.path, tmp_path / "copy")
    options = {"batch_size": 8, "block_size": 64, "seed": 1, "output": "numpy"}
    remote = corpuskit.open(url, cache_bytes=8 * SHARD_BYTES)
    mixed = corpuskit.mix({local: 1, remote: 1}).batches("train", **options)
    expected = corpuskit.mix({local: 1, corpuskit.open(tmp_path / "copy"): 1}).batches("train", **options)
    for step in range(5):
        assert (mixed[step][0] == expected[step][0]).all()


def test_verify_reads_past_the_cache_and_leaves_nothing(url, cache_dir, s3):
    corpuskit.open(url)["train"][:]
    s3.requests.clear()
    assert corpuskit.verify(url) == []
    assert len(s3.seen("GET", ".bin")) == 40
    assert list((cache_dir / "work").iterdir()) == []


def test_a_web_server_that_is_down_is_not_said_to_hold_no_corpus():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(StorageError, match=r"cannot read http://127.0.0.1:\d+/x/manifest.json: .*onnect"):
            corpuskit.open(f"http://127.0.0.1:{taken.getsockname()[1]}/x")


@pytest.mark.fault("S4")
def test_errors_and_logs_do_not_hold_what_the_url_holds(caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StorageError) as failed:
        corpuskit.open("ftp://me:CANARY@127.0.0.1:1/corpus")
    assert "CANARY" not in str(failed.value) + repr(failed.value) + caplog.text


def test_kept_fields_come_through_the_cache(bucket, tmp_path):
    lines = (f'{{"text": "text {number}", "n": {number}}}\n' for number in range(300))
    (tmp_path / "a.jsonl").write_text("".join(lines))
    options = {"encoding": "bytes", "keep": "n", "shard_bytes": 1000}
    local = corpuskit.prepare(tmp_path / "a.jsonl", output=tmp_path / "x", **options)
    remote = corpuskit.prepare(tmp_path / "a.jsonl", output=f"{bucket}/kept", **options)
    assert remote["train"].fields().to_pydict() == {"n": list(range(300))}
    assert remote["train"].document_fields(299) == local["train"].document_fields(299) == {"n": 299}
    assert list(corpuskit.select(remote["train"], "n % 100 = 3")) == [3, 103, 203]
    assert remote["train"].document_labels("n")[1].tolist() == list(range(300))
    assert corpuskit.verify(remote) == []


def test_a_remote_stream_gives_what_a_local_one_gives_with_a_cache_smaller_than_the_corpus(
    bucket, said, chat_options, tmp_path
):
    local = corpuskit.prepare(str(said), output=tmp_path / "local", **chat_options)
    url = f"{bucket}/said"
    corpuskit.prepare(str(said), output=url, **chat_options)
    remote = corpuskit.open(url, cache_bytes=24_000)  # 4 shards
    for name in local.splits:
        assert remote[name].stream("loss")[:].tolist() == local[name].stream("loss")[:].tolist()
    told = {"batch_size": 8, "block_size": 32, "sampler": "shuffled", "output": "numpy", "streams": ("loss",)}
    told["sampler_options"] = {"skip_untrained": True}
    there, here = (corpus.batches("train", **told) for corpus in (remote, local))
    for step in range(10):
        for mine, other in zip(there[step][:2], here[step][:2], strict=True):
            assert (mine == other).all()
        assert (there[step][-1]["loss"] == here[step][-1]["loss"]).all()
    assert any((here[step][1] == -100).any() for step in range(10))


def test_a_stream_that_is_damaged_or_missing_in_the_store_is_named(bucket, said, chat_options):
    import fsspec

    url, filesystem = f"{bucket}/said", fsspec.filesystem("s3")
    corpuskit.prepare(str(said), output=url, **chat_options)
    data = bytearray(filesystem.cat_file(f"{url}/train-00000.loss.bin"))
    data[5] ^= 1
    filesystem.pipe_file(f"{url}/train-00000.loss.bin", bytes(data))
    with pytest.raises(
        HashMismatch, match=r"train-00000\.loss\.bin: it was fetched twice and is not what the"
    ):
        corpuskit.open(url)["train"].stream("loss")[:10]
    data = bytearray(filesystem.cat_file(f"{url}/train-00000.idx"))
    data[5] ^= 1
    filesystem.pipe_file(f"{url}/train-00000.idx", bytes(data))
    found = [problem.file for problem in corpuskit.verify(url)]
    assert found == ["train-00000.loss.bin", "train-00000.idx"]
    filesystem.rm_file(f"{url}/train-00000.loss.bin")
    with pytest.raises(FetchError, match=r"train-00000\.loss\.bin: there is no such file"):
        corpuskit.open(url)["train"].stream("loss")[:10]


def test_a_corpus_in_a_store_is_derived_from_like_one_on_this_machine(url, local, tmp_path):
    for name, make in {
        "split": lambda corpus, output: corpuskit.split(corpus, "valid=0.3", output),
        "reshard": lambda corpus, output: corpuskit.reshard(corpus, output, shard_bytes=3000),
        "concat": lambda corpus, output: corpuskit.concat([corpus, corpus], output),
    }.items():
        here, there = make(local, tmp_path / f"{name}-here"), make(url, tmp_path / f"{name}-there")
        assert there.manifest == here.manifest
        assert corpuskit.verify(there.path) == []

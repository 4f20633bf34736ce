"""The executor on a Ray cluster of several nodes, all on this machine."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import corpuskit
from corpuskit import registry
from corpuskit.errors import FetchError, PluginError, SourceError, StorageError, TokenizerError, WorkerError
from corpuskit.preparation.parts.job import save_job
from corpuskit.preparation.parts.record import PartRecord
from corpuskit.preparation.parts.worker import Worker
from corpuskit.testing import ExecutorSuite
from corpuskit.testing.executors import make_job, run

ray = pytest.importorskip("ray", reason="ray has no wheel for this Python")

from ray._private import ray_constants  # noqa: E402 - where there is a ray
from ray.cluster_utils import Cluster  # noqa: E402

from corpuskit_ray import executor as module  # noqa: E402
from corpuskit_ray.executor import RayExecutor  # noqa: E402

OPTIONS = {"encoding": "bytes", "part_bytes": 1}  # a part for each text


@pytest.fixture(scope="module")
def cluster(site: Path) -> Iterator[Cluster]:
    """A head without CPUs and two nodes of one CPU; this process is connected to it."""
    sessions = Path(tempfile.mkdtemp(prefix="ck-"))  # short: the paths of sockets in it are limited
    (sessions / "ray").mkdir()  # Ray writes a cluster's address there, and leaves making it to 'ray start'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", str(sessions))
        patch.setattr(ray_constants, "ENABLE_RAY_CLUSTER", False)  # everything on the loopback interface
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # the same for the processes below
        patch.setenv("RAY_AUTH_MODE", "disabled")  # this process has read its mode when it imported ray
        patch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)  # before what this process was given
        patch.syspath_prepend(site)
        registry.default.cache_clear()
        cluster = Cluster()
        cluster.add_node(**NODE, num_cpus=0, include_dashboard=False, temp_dir=str(sessions / "ray"))
        add_node(cluster)
        add_node(cluster)
        ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        yield cluster
        ray.shutdown()
        cluster.shutdown()
    shutil.rmtree(sessions, ignore_errors=True)
    registry.default.cache_clear()


NODE = {"node_ip_address": "127.0.0.1", "object_store_memory": 80 * 2**20}


def add_node(cluster: Cluster, name: str = "node"):
    """A node of one CPU, whose tasks know its name."""
    return cluster.add_node(**NODE, num_cpus=1, env_vars={"TEST_NODE": name})


def prepare(gates, output: Path, executor: str = "ray", **options) -> Path:
    return corpuskit.prepare(gates.dataset, output=output, executor=executor, **OPTIONS, **options).path


@pytest.fixture
def expected(gates, tmp_path) -> dict[str, bytes]:
    """The files that the default executor makes."""
    made = files(prepare(gates, tmp_path / "expected", "local", workers=1))
    shutil.rmtree(gates.folder / "started")
    (gates.folder / "started").mkdir()
    return made


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a corpus, but not the one that says when and where it was made."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.json"}


def wait_until(condition) -> None:
    while not condition():
        time.sleep(0.02)


class TestRay(ExecutorSuite):
    @pytest.fixture
    def executor(self, cluster) -> RayExecutor:
        return RayExecutor(workers=2)


def test_a_corpus_is_the_one_that_the_default_executor_makes(cluster, gates, tmp_path, expected) -> None:
    assert files(prepare(gates, tmp_path / "x")) == expected
    assert len(expected) > 4
    assert {node for _, node, _ in gates.started()} == {"node"}
    assert len({pid for _, _, pid in gates.started()}) == 2


def test_conversations_have_the_loss_and_the_fields_of_the_default_executor_though_workers_are_killed(
    cluster, tmp_path, caplog
) -> None:
    def said(number: int) -> str:
        messages = [
            {"role": "user", "content": f"{number}"},
            {"role": "assistant", "content": "yes " * (number % 20)},
        ]
        return json.dumps({"id": str(number), "score": number / 2, "messages": messages}) + "\n"

    path, deadly = tmp_path / "said.jsonl", tmp_path / "deadly"
    path.write_text("".join(map(said, range(60))))
    deadly.mkdir()

    def made(executor: str) -> dict[str, bytes]:
        told = {"format": "chat", "template": f"deadly:{deadly}", "keep": "score", "add_tokens": True}
        cut = {"encoding": "bytes", "part_bytes": 1000, "shard_bytes": 900}
        made = corpuskit.prepare(str(path), output=tmp_path / executor, executor=executor, **told, **cut)
        return files(made.path)

    expected = made("local")
    for number in (5, 30, 59):
        (deadly / str(number)).touch()
    assert made("ray") == expected
    assert [*deadly.iterdir()] == []
    assert caplog.text.count("a worker was lost (") >= 3
    for ending in (".loss.bin", ".fields.arrow"):
        assert sum(name.endswith(ending) for name in expected) > 4


@pytest.mark.fault("O1", "O4")
def test_parts_of_a_lost_node_are_made_on_others(cluster, gates, tmp_path, expected, caplog) -> None:
    def lose_the_node() -> None:
        wait_until(on_the_node)
        cluster.remove_node(doomed, allow_graceful=False)
        pid = on_the_node()[0]
        wait_until(lambda: not Path(f"/proc/{pid}").exists())
        gates.open()

    def on_the_node() -> list[int]:
        return [pid for _, node, pid in gates.started() if node == "doomed"]

    doomed = add_node(cluster, "doomed")
    gates.set("closed")
    thread = threading.Thread(target=lose_the_node)
    thread.start()
    made = files(prepare(gates, tmp_path / "x"))
    thread.join()
    assert made == expected
    assert len(on_the_node()) == 1
    assert {name for name, node, _ in gates.started() if node == "node"} == {*gates.names}
    assert "a worker was lost (" in caplog.text
    assert "which is tried again" in caplog.text


@pytest.mark.fault("P5", "O4")
def test_a_part_that_kills_every_worker_fails_the_run_and_the_others_are_kept(
    cluster, gates, tmp_path, expected
) -> None:
    gates.set("deadly", "text-2")
    with pytest.raises(WorkerError, match=r"part 2 of gated:.*: its worker was lost 3 times, .*are kept"):
        prepare(gates, tmp_path / "x", workers=1)
    assert [name for name, _, _ in gates.started()].count("text-2") == 3
    gates.open()
    assert files(prepare(gates, tmp_path / "x")) == expected
    assert [name for name, _, _ in gates.started()].count("text-0") == 1


def test_an_error_of_a_plugin_comes_home_as_the_one_of_ours_that_it_is(cluster, gates, tmp_path) -> None:
    gates.set("rotten", "text-4")
    with pytest.raises(SourceError, match=r"^text-4, line \d+: rotten$") as caught:
        prepare(gates, tmp_path / "x")
    assert type(caught.value) is SourceError
    assert caught.value.path == "text-4"


def test_a_bug_of_a_plugin_is_said_to_be_its_own(cluster, gates, tmp_path) -> None:
    gates.set("buggy", "text-4")
    message = r"^source 'gated' of gated \(gated 1\.0\) failed at text-4, document \d+: KeyError: 'text-4'"
    with pytest.raises(PluginError, match=message):
        prepare(gates, tmp_path / "x")


def test_tasks_are_stopped_when_there_are_enough_tokens(cluster, gates, tmp_path) -> None:
    gates.set("closed", "text-3", "text-4", "text-5")
    corpus = prepare(gates, tmp_path / "x", max_tokens=1000)
    gates.open()
    assert files(corpus) == files(prepare(gates, tmp_path / "y", "local", workers=1, max_tokens=1000))
    assert not list(tmp_path.glob(".*.preparing"))


@pytest.mark.fault("O14")
def test_few_tasks_are_under_way_and_ray_keeps_none_of_their_answers(cluster, tmp_path, monkeypatch) -> None:
    started = []

    class Counting(module._Tasks):
        def _fill(self, todo) -> None:
            super()._fill(todo)
            started.append(len(self._going))

    monkeypatch.setattr(module, "_Tasks", Counting)
    job = make_job(tmp_path)
    run(RayExecutor(workers=2), job, range(6))
    assert max(started) == 2
    run(RayExecutor(), job, range(6))
    assert max(started) in (4, 6)  # 6 while a node of another test is not known to be dead
    assert ray.is_initialized()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
@pytest.mark.fault("O3")
def test_a_new_run_may_start_as_soon_as_the_old_one_is_dead(
    cluster, gates, tmp_path, expected, how, monkeypatch
) -> None:
    gates.set("closed", *gates.names[1:])
    command = [sys.executable, "-m", "corpuskit", "prepare", gates.dataset, "--executor", "ray"]
    command += ["--encoding", "bytes", "--part-bytes", "1", "--output", str(tmp_path / "x")]
    with subprocess.Popen(
        command, env={**os.environ, "RAY_ADDRESS": cluster.address}, stderr=subprocess.PIPE, text=True
    ) as driver:
        wait_until(lambda: len({pid for _, _, pid in gates.started()}) == 2)
        wait_until(lambda: len(gates.started()) == 3)
        driver.send_signal(how)
        _, said = driver.communicate()
    assert driver.returncode == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[how]
    if how != signal.SIGKILL:
        # The third task starts when the first has ended, which the driver may not have heard of yet.
        assert re.search(r"[01] of 6 parts are finished and kept", said)
    gates.open()  # tasks that outlive the driver go on to write beside those of the new run
    assert files(prepare(gates, tmp_path / "x")) == expected
    assert not list(tmp_path.glob(".x.*"))


def test_a_node_that_does_not_see_the_output_says_so(cluster, tmp_path) -> None:
    job = dataclasses.replace(make_job(tmp_path), folder=str(tmp_path / "elsewhere"))
    with pytest.raises(StorageError, match=r"elsewhere of the driver is not on node .*that all nodes of the"):
        run(RayExecutor(), job, [0])


def test_a_node_that_sees_another_folder_under_the_path_says_so(cluster, tmp_path) -> None:
    job = dataclasses.replace(make_job(tmp_path), fingerprint="1" * 64)
    with pytest.raises(StorageError, match=r"/job on node .* holds another job than on the driver"):
        run(RayExecutor(), job, [0])


def test_a_part_that_is_not_to_be_seen_here_is_an_error(cluster, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(module, "_VISIBLE_S", 0.2)
    monkeypatch.setattr(PartRecord, "load", lambda *args, **options: None)
    with pytest.raises(StorageError, match="part 3 is finished on a node and not to be seen in .*/job"):
        run(RayExecutor(), make_job(tmp_path), [3])


def test_an_input_that_is_not_on_a_node_is_named(cluster, tmp_path) -> None:
    job = make_job(tmp_path)
    Path(job.inputs[3].location).unlink()
    with pytest.raises(FetchError, match=r"text-3.txt of the driver is not on node .*CORPUSKIT_CACHE_DIR"):
        run(RayExecutor(), job, [3])


def test_a_dataset_may_be_relative_to_the_drivers_directory(cluster, gates, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(gates.folder / "texts")
    corpus = corpuskit.prepare("text-1", output="../x", executor="ray", encoding="bytes", format="text")
    assert corpus.decode(corpus["train"][:6]) == "text-1"


@pytest.mark.parametrize("name", ["corpuskit", "gated"])
@pytest.mark.fault("O5")
def test_a_node_with_another_version_is_refused(cluster, tmp_path, monkeypatch, name) -> None:
    found = module.versions()
    assert {"corpuskit", "corpuskit-ray", "gated"} <= found.keys()
    monkeypatch.setattr(module, "versions", lambda: {**found, name: "0.0.1", "of-the-driver-only": "1.0"})
    message = f"node .* cannot take part: {name} is {found[name]} there and 0.0.1 on the driver; install the"
    with pytest.raises(PluginError, match=message):
        run(RayExecutor(), make_job(tmp_path), [0])


@pytest.mark.fault("O5")
def test_a_node_with_another_tokenizer_is_refused(cluster, tmp_path) -> None:
    job = make_job(tmp_path)
    worker = Worker(job)
    job = dataclasses.replace(job, tokenizer=job.tokenizer.model_copy(update={"fingerprint": "f" * 64}))
    save_job(job)
    with pytest.raises(TokenizerError, match="'bytes' of this machine is not the one of the plan: expected"):
        RayExecutor().run(job, [0], worker=worker, on_part=pytest.fail, on_work=pytest.fail)


def test_a_node_that_cannot_run_the_task_is_an_error(cluster, tmp_path, monkeypatch) -> None:
    def not_there(request: str) -> str:
        raise ModuleNotFoundError("No module named 'corpuskit_ray'")

    monkeypatch.setattr(module, "make_part", not_there)
    message = "part 0 of .*: a node could not run it: .*No module named 'corpuskit_ray'; install the same"
    with pytest.raises(WorkerError, match=message):
        run(RayExecutor(), make_job(tmp_path), [0])

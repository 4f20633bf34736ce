"""seed_all and deterministic: the same numbers again, for each generator."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from corpuskit.errors import ConfigError
from corpuskit.reproducibility import deterministic, seed_all

GENERATORS = {
    "python": lambda: [random.random() for _ in range(5)],
    "python shuffle": lambda: random.sample(range(1000), 10),
    "numpy": lambda: np.random.rand(5).tolist(),
    "torch": lambda: torch.rand(5).tolist(),
    "torch permutation": lambda: torch.randperm(100).tolist(),
    "torch layer": lambda: torch.nn.Linear(3, 3).weight.tolist(),
}


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Leaves the global generators and torch's settings as they were."""
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    benchmark = torch.backends.cudnn.benchmark
    yield
    random.setstate(python)
    np.random.set_state(numpy)
    torch.set_rng_state(cpu)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = False
    torch.backends.cudnn.benchmark = benchmark


@pytest.mark.parametrize("draw", GENERATORS.values(), ids=GENERATORS)
def test_a_seed_repeats_what_a_generator_draws(draw):
    seed_all(2024)
    first = draw()
    draw()
    seed_all(2024)
    assert draw() == first
    seed_all(2025)
    assert draw() != first


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_seed_repeats_what_cuda_draws():
    seed_all(2024)
    first = torch.rand(5, device="cuda").tolist()
    seed_all(2024)
    assert torch.rand(5, device="cuda").tolist() == first


def test_a_seed_repeats_in_another_process():
    program = (
        "import random, numpy, torch, corpuskit; corpuskit.seed_all(7);"
        "print(random.random(), numpy.random.rand(), torch.rand(1).item())"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    seed_all(7)
    assert found.split() == [str(random.random()), str(np.random.rand()), str(torch.rand(1).item())]


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_the_ends_of_the_range_are_seeds(seed):
    assert seed_all(seed) == seed


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "7", None, True])
def test_what_is_no_seed_is_an_error(seed):
    with pytest.raises(ConfigError, match=r"^seed .*: expected an integer from 0 to 4294967295$"):
        seed_all(seed)


def test_seeding_leaves_algorithms_alone_unless_asked():
    seed_all(1)
    assert not torch.are_deterministic_algorithms_enabled()
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    seed_all(1, deterministic=True)
    assert torch.are_deterministic_algorithms_enabled()


def test_deterministic_stays_on_until_it_is_switched_off():
    torch.backends.cudnn.benchmark = True
    deterministic()
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
    assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.benchmark
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    deterministic(False)
    assert not torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.deterministic


def test_deterministic_as_a_context_manager_restores_what_was():
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = True
    with deterministic():
        assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert not torch.backends.cudnn.benchmark
    assert torch.is_deterministic_algorithms_warn_only_enabled()
    assert torch.backends.cudnn.benchmark


def test_deterministic_refuses_what_has_no_deterministic_version():
    with deterministic():
        values = torch.zeros(3).put_(torch.tensor([0, 1]), torch.ones(2), accumulate=True)
        assert values.tolist() == [1.0, 1.0, 0.0]
        with pytest.raises(RuntimeError, match="deterministic"):
            torch.zeros(3).put_(torch.tensor([0, 1]), torch.ones(2), accumulate=False)


def test_a_workspace_that_the_user_chose_is_kept(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    deterministic()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


def test_a_workspace_that_is_not_deterministic_is_an_error(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":0:0")
    with pytest.raises(ConfigError, match="CUBLAS_WORKSPACE_CONFIG=:0:0 is not deterministic; unset it"):
        deterministic()
    assert not torch.are_deterministic_algorithms_enabled()


def test_without_torch_the_rest_is_seeded(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "torch", None)
        seed_all(3, deterministic=True)
        first = random.random(), np.random.rand()
        seed_all(3)
        assert (random.random(), np.random.rand()) == first


def test_seed_all_returns_its_seed():
    assert seed_all(np.int64(2024)) == 2024
    assert type(seed_all(np.int64(7))) is int

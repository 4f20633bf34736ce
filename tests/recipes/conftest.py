"""What the documentation's recipes run on: their scripts, and a small corpus of documents."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import corpuskit

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs/recipes"


@pytest.fixture(autouse=True)
def _one_thread():
    """Models this small gain nothing from more, and lose much where the cores are shared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def recipes():
    """The folder of the recipes."""
    return RECIPES


@pytest.fixture(scope="session")
def recipe():
    """Imports a recipe by its name."""

    def load(name):
        spec = importlib.util.spec_from_file_location(f"recipes_{name}", RECIPES / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def run_script(tmp_path, shared_cache):
    """Runs a recipe as a script in an empty folder; gives what it printed, line by line."""
    environ = {
        **os.environ,
        "CORPUSKIT_CACHE_DIR": str(shared_cache),
        "CORPUSKIT_OFFLINE": "1",
        "CORPUSKIT_PLUGINS": "",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }

    def run(name, *arguments, launcher=(), **variables):
        done = subprocess.run(
            [sys.executable, *launcher, str(RECIPES / name), *arguments],
            cwd=tmp_path,
            env={**environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


@pytest.fixture(scope="session")
def corpus(tmp_path_factory, shared_cache):
    """500 short documents as bytes, a tenth of them for validation."""
    folder = tmp_path_factory.mktemp("recipes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORPUSKIT_CACHE_DIR", str(shared_cache))
        lines = [f'{{"text": "document {number} {"ab" * (number % 13)}"}}\n' for number in range(500)]
        (folder / "lines.jsonl").write_text("".join(lines))
        return corpuskit.prepare(
            str(folder / "lines.jsonl"),
            encoding="bytes",
            name="lines",
            output=folder / "corpus",
            split="valid=0.1",
        )

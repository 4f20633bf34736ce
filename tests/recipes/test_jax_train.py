"""The JAX script: its loss falls, and it imports no torch."""

import importlib.util
import re

import pytest


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="the JAX recipe needs the package jax")
def test_the_loss_falls_without_torch(run_script, recipes, tmp_path):
    runner = tmp_path / "run.py"
    runner.write_text(
        "import runpy, sys\n"
        "sys.modules['torch'] = None  # importing it raises\n"
        f"runpy.run_path({str(recipes / 'jax_train.py')!r})\n"
    )
    lines = run_script(runner, JAX_PLATFORMS="cpu")

    losses = [float(re.fullmatch(r"step \d+: loss (.*)", line)[1]) for line in lines]
    assert len(losses) == 3
    assert losses[2] < losses[0] < 5.5  # log(257) = 5.55 before the first step

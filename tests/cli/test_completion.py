"""corpuskit completion."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from corpuskit.cli import root


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_printed(shell):
    done = CliRunner().invoke(root, ["completion", shell])
    assert done.exit_code == 0
    assert f"_CORPUSKIT_COMPLETE={shell}_complete" in done.output
    assert "_corpuskit_completion" in done.output

"""Values with how a user said them."""

from __future__ import annotations

import pytest

from corpuskit.config import PrepareConfig, read_toml
from corpuskit.errors import ConfigError


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('encodign = "x"', r"corpuskit.toml:1: unknown field 'encodign'; did you mean 'encoding'\?"),
        (
            "# x\n\n[prepare]\nworkers = 0",
            r"corpuskit.toml:4: workers = 0: must be a whole number, 1 or more",
        ),
        ("workers = 2\n[prepare]\n'workers'=0", r"corpuskit.toml:3: workers = 0: must be"),
        ("prepare.workers = 0", r"corpuskit.toml:1: workers = 0: must be"),
        ("[prepre]\nworkers = 2", r"corpuskit.toml:1: unknown table \[prepre\]; did you mean \[prepare\]\?"),
        ("[x]", r"corpuskit.toml:1: unknown table \[x\]; known: \[prepare\], \[batches\]"),
        ('output = ""', r"corpuskit.toml:1: output = '': it is empty"),
        ('[prepare]\nfrom = ""', r"corpuskit.toml:2: from = '': it is empty"),
        ("parts = '5/4'", r"corpuskit.toml:1: parts = '5/4': must be of the form K/N"),
    ],
)
def test_values_of_a_file_are_refused_with_their_line_and_key(tmp_path, content, message):
    path = tmp_path / "corpuskit.toml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message):
        PrepareConfig.make({"dataset": "x"}, read_toml(path, PrepareConfig))


def test_a_value_that_a_later_layer_replaces_is_not_the_one_to_blame(tmp_path):
    path = tmp_path / "corpuskit.toml"
    path.write_text("workers = 3\n")
    with pytest.raises(ConfigError, match=r"^workers = 0: "):
        PrepareConfig.make({"dataset": "x"}, read_toml(path, PrepareConfig), {"workers": 0})

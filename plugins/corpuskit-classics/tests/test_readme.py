"""The package that the README shows works as it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import corpuskit
from corpuskit import registry
from corpuskit.testing import fake_distribution

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
RECIPE = README.partition("## Register your own corpus")[2]


def block(language: str) -> str:
    """The first block in a language of the recipe."""
    found = re.search(rf"```{language}\n(.*?)```", RECIPE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def alice(tmp_path, monkeypatch):
    """The README's package, installed; a folder that holds its files."""
    project = tomllib.loads(block("toml"))["project"]
    (module,) = project["entry-points"]["corpuskit"].values()
    fake_distribution(
        tmp_path / "site",
        project["name"],
        version=project["version"],
        entry_points=project["entry-points"]["corpuskit"],
        modules={module: block("python")},
    )
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "my-files"
    files.mkdir()
    (files / "pg11.txt").write_text("Alice was beginning to get very tired")
    (files / "pg12.txt").write_text("One thing was certain")
    registry.default.cache_clear()
    yield files
    sys.modules.pop(module, None)
    registry.default.cache_clear()


def test_the_recipe_is_a_package_that_prepares(alice) -> None:
    corpus = corpuskit.prepare("alice", encoding="bytes", location=str(alice), workers=1)
    assert corpus.decode(corpus["train"][:9]) == "Alice was"
    assert corpus.decode(corpus["valid"][:9]) == "One thing"


def test_the_recipe_has_an_owner_in_listings(alice) -> None:
    component = registry.default().find(corpuskit.SourceSpec, "alice")
    assert str(component.owner.distribution) == "corpuskit-alice"
    assert component.spec.summary == "Alice in Wonderland and behind the looking-glass, by Lewis Carroll"


def test_the_recipe_says_every_field_by_its_name() -> None:
    fields = {*corpuskit.SourceSpec.__dataclass_fields__, *corpuskit.RemoteFile.__dataclass_fields__}
    mentioned = set(re.findall(r"^- `(?:RemoteFile\(url, )?(\w+)=", RECIPE, re.MULTILINE))
    assert mentioned
    assert mentioned <= fields

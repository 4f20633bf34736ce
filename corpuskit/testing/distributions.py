"""Fake installed distributions, so that a plugin's registration is tested without installing anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def fake_distribution(
    folder: Path,
    name: str,
    *,
    version: str = "1.0",
    entry_points: Mapping[str, str] | None = None,
    modules: Mapping[str, str] | None = None,
) -> Path:
    """Write what an installer would leave of a distribution, and its modules beside it.

    Args:
        folder: Where to write it; put it on `sys.path` (`monkeypatch.syspath_prepend(folder)`).
        name: The distribution's name.
        version: Its version.
        entry_points: What it declares in the group `corpuskit`: names to "module" or "module:attribute".
        modules: Module names to their source text.

    Returns:
        The `*.dist-info` folder.

    Example:
        ```python
        def test_the_corpus_is_registered(tmp_path, monkeypatch):
            fake_distribution(tmp_path, "corpuskit-books", entry_points={"books": "corpuskit_books"})
            monkeypatch.syspath_prepend(tmp_path)
            assert Registry().find(SourceSpec, "books").owner.distribution == "corpuskit-books"
        ```
    """
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in (entry_points or {}).items()]
    (info / "entry_points.txt").write_text("\n".join(["[corpuskit]", *lines, ""]))
    for module, text in (modules or {}).items():
        (folder / f"{module}.py").write_text(text)
    return info


__all__ = ["fake_distribution"]

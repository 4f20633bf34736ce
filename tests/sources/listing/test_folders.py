"""Every file below a folder, once, or an error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from glob import glob
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpuskit.errors import ConfigError
from corpuskit.sources.listing.folders import FileFilter, Glob, list_folder, list_store


class ButB(FileFilter):
    """Everything but what lies in a folder called b."""

    def below(self, state, name):
        return None if name == "b" else super().below(state, name)


@pytest.fixture
def tree(tmp_path):
    for name in ("a.txt", "b/c.txt", "b/d/e.txt", "b/.f/g.txt", "h[1]/i.txt"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "tree"


def test_every_file_is_listed_relative_to_the_folder(tree):
    assert sorted(list_folder(str(tree), FileFilter())) == [
        "a.txt",
        "b/.f/",
        "b/c.txt",
        "b/d/e.txt",
        "h[1]/i.txt",
    ]


def test_folders_that_are_not_looked_into_are_listed_themselves(tree):
    assert sorted(list_folder(str(tree), ButB())) == ["a.txt", "b/", "h[1]/i.txt"]
    system = fsspec.filesystem("file")
    assert sorted(list_store(system, str(tree), ButB())) == ["a.txt", "b/", "h[1]/i.txt"]


def test_links_to_folders_are_followed_once_however_many_there_are(tree):
    for folder in (tree, tree / "b", tree / "b/d", tree / "h[1]"):
        for number in range(20):
            if folder != tree:
                (folder / f"up{number}").symlink_to("..")
            (folder / f"self{number}").symlink_to(".")
            (folder / f"a-link{number}").symlink_to(tree / "b")
    outside = tree.parent / "tree/../outside"
    outside.mkdir()
    (outside / "o.txt").write_text("o")
    (tree / "out").symlink_to(outside)
    found = sorted(list_folder(str(tree), FileFilter()))
    assert found == ["a.txt", "b/.f/", "b/c.txt", "b/d/e.txt", "h[1]/i.txt", "out/o.txt"]
    for pattern in ("**/*.txt", "*/*/*/*/*/*/*/*/*/*/*/*/c.txt", "**/up*/**/self1/**/c.txt"):
        made = Glob(f"{tree}/{pattern}", is_folder=os.path.isdir)
        names = {Path(name).name for name in list_folder(made.folder, made) if made.matches(name)}
        assert "c.txt" in names


def test_a_glob_finds_a_folder_under_the_name_that_it_matches(tree):
    (tree / "a-link").symlink_to("b/d")
    for pattern in ("a*/*.txt", "*/*/*.txt", "**/a*/*.txt", "**/d/*.txt"):
        made = Glob(f"{tree}/{pattern}", is_folder=os.path.isdir)
        found = {
            os.path.realpath(tree / name) for name in list_folder(made.folder, made) if made.matches(name)
        }
        assert f"{os.path.realpath(tree)}/b/d/e.txt" in found


def as_another_user(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python without root's right to read everything."""
    prefix: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("there is no setpriv to drop root's rights with")
        prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    done = subprocess.run([*prefix, "ls", str(folder)], capture_output=True)
    if done.returncode == 0:
        pytest.skip("root's rights cannot be dropped here")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [*prefix, sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )


@pytest.mark.parametrize("pattern", ["{}", "{}/**/*.txt", "{}/*/*.txt", "file://{}", "local://{}/**", "{}/b"])
def test_a_folder_that_may_not_be_read_is_an_error_that_names_it(tree, pattern):
    (tree / "b").chmod(0)
    try:
        done = as_another_user(
            "from corpuskit.sources.user_files import UserFiles\n"
            f"UserFiles([{pattern.format(tree)!r}]).inputs()",
            tree / "b",
        )
    finally:
        (tree / "b").chmod(0o755)
    assert f"StorageError: {tree}/b" in done.stderr
    assert "cannot be listed: Permission denied" in done.stderr


def test_an_unreadable_folder_that_a_glob_does_not_ask_for_is_no_matter(tree):
    (tree / "b").chmod(0)
    try:
        done = as_another_user(
            "from corpuskit.sources.user_files import UserFiles\n"
            f"print(len(UserFiles([{str(tree)!r} + '/h*/*.txt']).inputs()))",
            tree / "b",
        )
    finally:
        (tree / "b").chmod(0o755)
    assert done.stdout == "1\n", done.stderr


def test_a_store_that_fails_while_it_is_listed_is_an_error(tree):
    class Broken(LocalFileSystem):
        def ls(self, path, detail=False, **kwargs):
            if path.endswith("/b"):
                raise PermissionError(13, "Permission denied", path)
            return super().ls(path, detail=detail, **kwargs)

    system = Broken(skip_instance_cache=True)
    assert len(system.find(str(tree))) == 2  # what its own listing makes of it
    with pytest.raises(PermissionError):
        list(list_store(system, str(tree), FileFilter()))


_NAMES = ["a", "b", "ab", "a.txt", "b.txt", "[a]", "a-b"]
_PARTS = ["*", "**", "?", "a*", "[ab]", "[!a]*", "*.txt", "a", "b"]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3), max_size=8),
    parts=st.lists(st.sampled_from(_PARTS), min_size=1, max_size=3).filter(
        lambda parts: any(set(part) & set("*?[") for part in parts)
    ),
)
def test_globs_match_what_pythons_match(tmp_path_factory, files, parts):
    folder = tmp_path_factory.mktemp("globs")
    for names in files:
        path = folder.joinpath(*[f"{name}-" for name in names[:-1]], names[-1])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    pattern = "/".join(parts)
    matches = glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 (the one to agree with)
    expected = {name for name in matches if (folder / name).is_file() and not name.endswith("/")}
    made = Glob(f"{folder}/{pattern}", is_folder=os.path.isdir)
    found = {os.path.relpath(f"{made.folder}/{name}", folder) for name in _matching(made)}
    assert found == expected


def _matching(made: Glob) -> list[str]:
    if not Path(made.folder).is_dir():
        return []
    names = list_folder(made.folder, made)
    return [name for name in names if made.matches(name) and not name.endswith("/")]


def test_what_is_no_glob_is_an_error():
    with pytest.raises(ConfigError, match=r"a\*\*b/c: not a glob: .*entire path component"):
        Glob("a**b/c", is_folder=os.path.isdir)


def test_a_folder_with_brackets_in_front_of_a_glob_is_taken_literally_first(tree):
    (tree / "h1").mkdir()
    (tree / "h1/no.txt").write_text("no")
    made = Glob(f"{tree}/h[1]/*.txt", is_folder=os.path.isdir)
    assert (made.folder, _matching(made)) == (f"{tree}/h[1]", ["i.txt"])
    made = Glob(f"{tree}/[h]1/*.txt", is_folder=os.path.isdir)
    assert (made.folder, _matching(made)) == (str(tree), ["h1/no.txt"])

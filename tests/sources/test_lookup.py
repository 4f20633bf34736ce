"""What a word means: the name of a corpus, or files; never the one because the other failed."""

import logging
import sys
from pathlib import Path

import pytest

from corpuskit import registry
from corpuskit.config import PrepareConfig
from corpuskit.errors import DuplicateName, UnavailableName, UnknownName
from corpuskit.registry import discovery
from corpuskit.sources.lookup import is_bare, open_source
from corpuskit.sources.python_docs import PythonDocs
from corpuskit.sources.user_files import UserFiles
from corpuskit.testing.distributions import fake_distribution

WORKS = """
import corpuskit

@corpuskit.hookimpl
def corpuskit_sources():
    return [corpuskit.SourceSpec({name!r}, "A summary")]
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty folder to work in."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture(autouse=True)
def install(tmp_path, monkeypatch):
    """Installs plugins of one module each; only these are found."""
    names, real, before = set(), discovery.installed, set(sys.modules)
    monkeypatch.setattr(
        discovery, "installed", lambda: (found for found in real() if found.owner.distribution in names)
    )

    def install(distribution, text, *, plugin=None):
        module = f"{distribution}_module".replace("-", "_").replace(".", "_")
        folder = tmp_path / distribution
        entry_points = {plugin or distribution.removeprefix("corpuskit-"): module}
        fake_distribution(folder, distribution, entry_points=entry_points, modules={module: text})
        monkeypatch.syspath_prepend(folder)
        names.add(distribution)
        registry.default.cache_clear()
        return names

    registry.default.cache_clear()
    yield install
    registry.default.cache_clear()
    for name in set(sys.modules) - before:
        if name.endswith("_module"):
            del sys.modules[name]


def folder_of(name):
    Path(name).mkdir()
    Path(name, "text.txt").write_text("text")


@pytest.mark.parametrize(
    "word", ["books", "Books-2", "my books", "hf:org/name", "hf:org/name.txt", "a:*", "本"]
)
def test_a_bare_word_is_a_name_and_nothing_else(word):
    assert is_bare(word)
    with pytest.raises(UnknownName, match=f", and there is no file or folder '{word}'".replace("*", r"\*")):
        open_source(word)


@pytest.mark.parametrize(
    "word",
    [
        "./b",
        "b/",
        "b/c",
        "b.txt",
        ".b",
        "..",
        "~/b",
        "~",
        "@b",
        "s3://b",
        "*",
        "b?",
        "[b]",
        "b.d:1",
        "zip://a::b",
    ],
)
def test_files_are_what_has_a_slash_a_dot_or_another_sign_of_files(word):
    assert not is_bare(word)
    assert isinstance(open_source(word), UserFiles)


@pytest.mark.parametrize(("name", "written"), [("books", "./books"), ("my books", "'./my books'")])
def test_a_word_that_is_no_name_means_the_folder_or_the_file_and_a_line_says_so(name, written, caplog):
    folder_of(name)
    assert isinstance(open_source(name), UserFiles)
    line = f"{name}: no corpus has this name, so {written} is read; write it like that to say so"
    assert caplog.messages == [line]
    assert open_source(f"./{name}").inputs()
    Path("plain").write_text("text")
    assert isinstance(open_source("plain"), UserFiles)


def test_what_has_the_form_of_an_argument_is_never_a_folder():
    folder_of("hf:x")
    with pytest.raises(UnknownName, match="unknown source 'hf:x'"):
        open_source("hf:x")
    assert open_source("./hf:x").inputs()


def test_a_near_miss_is_named_where_there_is_no_folder():
    message = r", and there is no file or folder 'tinyshakespear'; did you mean 'tinyshakespeare'\?"
    with pytest.raises(UnknownName, match=message):
        open_source("tinyshakespear")


@pytest.mark.parametrize("dataset", ["python-docs", ["python-docs"]])
def test_a_name_wins_over_a_folder_and_a_line_says_so(caplog, dataset):
    caplog.set_level(logging.INFO, "corpuskit")
    assert isinstance(open_source(dataset), PythonDocs)
    assert not caplog.messages
    folder_of("python-docs")
    assert isinstance(open_source(dataset), PythonDocs)
    line = "python-docs: the corpus of this name is meant; ./python-docs means the file or folder"
    assert caplog.messages == [line]
    assert isinstance(open_source("./python-docs"), UserFiles)


def test_several_are_files():
    folder_of("books")
    Path("mine.txt").write_text("text")
    assert len(open_source(["mine.txt", "books"]).inputs()) == 2


def test_a_path_object_is_a_path():
    folder_of("books")
    for dataset in (Path("books"), [Path("books")]):
        config = PrepareConfig.make({"dataset": dataset})
        assert config.dataset in ("./books", ["./books"])
        assert open_source(config.dataset).inputs()
    assert PrepareConfig.make({"dataset": Path("/a/b")}).dataset == "/a/b"


@pytest.mark.parametrize("text", ["def", "raise OSError('no disk')", "import no_such_module"])
@pytest.mark.parametrize(
    ("distribution", "plugin"),
    [
        ("corpuskit-books", "books"),
        ("corpuskit-books", "x"),
        ("y", "books"),
        ("corpuskit-library", "library"),
    ],
)
def test_a_plugin_that_failed_keeps_its_name_from_a_folder(install, distribution, plugin, text):
    install(distribution, text, plugin=plugin)
    folder_of("books")
    message = (
        rf"source 'books' is unknown, and may be of a plugin that failed: plugin {plugin} \({distribution} "
    )
    for dataset in ("books", "books:part"):
        with pytest.raises(UnavailableName, match=message.replace("'books'", f"'{dataset}'")) as caught:
            open_source(dataset)
        assert caught.value.exit_code == 6
    assert isinstance(open_source("./books"), UserFiles)


def test_a_name_with_a_dot_is_kept_from_a_file_too(install):
    install("wiki.en", "def")
    Path("wiki.en").write_text("text")
    Path("mine.txt").write_text("text")
    with pytest.raises(UnavailableName, match=r"plugin wiki\.en .* failed: SyntaxError"):
        open_source("wiki.en")
    assert isinstance(open_source("mine.txt"), UserFiles)


def test_plugins_that_conflict_keep_their_name_from_a_folder(install):
    install("corpuskit-books", WORKS.format(name="books"))
    install("more-books", WORKS.format(name="books"), plugin="books")
    folder_of("books")
    with pytest.raises(
        UnavailableName, match="failed: DuplicateName: plugin 'books' is provided by"
    ) as caught:
        open_source("books")
    assert caught.value.exit_code == 6


def test_a_name_of_two_plugins_is_kept_from_a_folder(install):
    install("one", WORKS.format(name="books"))
    install("two", WORKS.format(name="books"))
    folder_of("books")
    with pytest.raises(DuplicateName, match="one .* and by two"):
        open_source("books")


def test_a_folder_with_the_name_of_a_plugin_that_is_gone_is_said_to_be_read(install, caplog):
    installed = install("corpuskit-books", WORKS.format(name="books"))
    folder_of("books")
    assert not isinstance(open_source("books"), UserFiles)
    installed.clear()
    registry.default.cache_clear()
    assert isinstance(open_source("books"), UserFiles)
    assert "books: no corpus has this name, so ./books is read" in caplog.text


def test_a_near_miss_is_no_matter_of_a_failed_plugin_of_another_name(install):
    install("corpuskit-library", "def")
    with pytest.raises(UnknownName, match="did you mean 'tinyshakespeare'") as caught:
        open_source("tinyshakespear")
    assert caught.value.exit_code == 2

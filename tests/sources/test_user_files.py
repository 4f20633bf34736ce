"""What a user types, as inputs."""

from __future__ import annotations

import functools
import gzip
import http.server
import logging
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import fsspec
import pytest

import corpuskit
from corpuskit.errors import ConfigError, FetchError, SourceError
from corpuskit.sources.base import SourceOptions
from corpuskit.sources.lookup import open_source
from corpuskit.sources.user_files import UserFiles


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A folder of files, in which the test stands."""
    for name in ["b.txt", "a.txt", "sub/c.txt.gz", "sub/d.jsonl", "sub/e.bin", ".hidden.txt", ".git/f.txt"]:
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {"jsonl": b'{"text": "d"}\n'}.get(path.suffix[1:], path.name[:1].encode())
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"


def names(*patterns, **options):
    return [item.name for item in UserFiles(patterns, options=SourceOptions(**options)).inputs()]


def documents(source):
    found = []
    for item in source.inputs():
        for part in source.slices(item, target_bytes=100):
            for batch in source.read(item, part, lambda *bad: None):
                found += batch.texts
    return found


def test_a_folder_is_its_text_files_in_the_order_of_their_names(corpus):
    source = UserFiles(["corpus"])
    assert [(i.name, i.format) for i in source.inputs()] == [
        ("a.txt", "text"),
        ("b.txt", "text"),
        ("sub/c.txt.gz", "text"),
        ("sub/d.jsonl", "jsonl"),
    ]
    assert documents(source) == [b"a", b"b", b"c", b"d"]


def test_names_do_not_depend_on_where_the_corpus_is(corpus, tmp_path):
    expected = names("corpus")
    shutil.move(corpus, tmp_path / "elsewhere")
    assert (
        names("elsewhere")
        == names(str(tmp_path / "elsewhere"))
        == names("./elsewhere/../elsewhere")
        == expected
    )


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["corpus/*.txt"], ["a.txt", "b.txt"]),
        (["corpus/**/*.*"], ["a.txt", "b.txt", "sub/c.txt.gz", "sub/d.jsonl"]),
        (["corpus/b.txt", "corpus/a.txt"], ["b.txt", "a.txt"]),
        (["corpus/[ab].txt", "corpus/sub"], ["a.txt", "b.txt", "sub/c.txt.gz", "sub/d.jsonl"]),
        (["corpus/b.txt"], ["b.txt"]),
        (["corpus/sub/../b.txt", "corpus"], ["b.txt", "a.txt", "sub/c.txt.gz", "sub/d.jsonl"]),
    ],
)
def test_globs_and_several_arguments(corpus, patterns, expected):
    assert names(*patterns) == expected


def test_a_list_stands_for_what_its_lines_stand_for(corpus):
    Path("list.txt").write_text("corpus/b.txt\n\ncorpus/a.txt\ncorpus/s*/*.jsonl\n")
    assert names("@list.txt") == ["b.txt", "a.txt", "sub/d.jsonl"]


def test_a_list_may_be_a_pipe_and_is_read_once(corpus):
    reader, writer = os.pipe()
    os.write(writer, b"corpus/a.txt\n")
    os.close(writer)
    try:
        source = UserFiles([f"@/dev/fd/{reader}"])
        assert source.reads("/run.json") is None
        assert [item.name for item in source.inputs()] == ["a.txt"]
    finally:
        os.close(reader)


def test_a_file_whose_name_begins_with_an_at_sign_is_told_how_to_be_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("@at.txt").write_text("hi")
    with pytest.raises(SourceError, match=r"'at\.txt' cannot be read: No such .* is written \./@at\.txt$"):
        names("@at.txt")
    assert names("./@at.txt") == ["@at.txt"]


@pytest.mark.fault("T20")
def test_a_file_that_is_found_twice_is_used_once_and_said_so(corpus, caplog):
    Path("corpus/link.txt").symlink_to("a.txt")
    with caplog.at_level(logging.WARNING):
        assert names("corpus/*.txt", "corpus/a.txt") == ["a.txt", "b.txt"]
    assert "left out 1 hidden (.hidden.txt), 2 found twice (corpus/link.txt, corpus/a.txt); " in caplog.text


@pytest.mark.fault("T20")
def test_loops_of_links_end(corpus):
    Path("corpus/sub/loop").symlink_to(corpus)
    assert names("corpus", format="text") == ["a.txt", "b.txt", "sub/c.txt.gz", "sub/d.jsonl", "sub/e.bin"]


@pytest.mark.parametrize("target", ["self.txt", "nothing"])
def test_a_link_that_leads_nowhere_is_an_error_and_no_silent_gap(corpus, target):
    Path("corpus/self.txt").symlink_to(target)
    with pytest.raises(SourceError, match="self.txt: cannot be read: (Too many levels|No such file)"):
        names("corpus")


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes on POSIX only")
@pytest.mark.parametrize(
    "name", [b"a\nb.txt", b"caf\xff.txt", b" sp ace .txt", "\u202ertl.txt".encode(), b"x" * 251 + b".txt"]
)
@pytest.mark.fault("T19")
def test_every_file_name_works(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(b"text")
    for pattern in (str(path), str(tmp_path)):
        source = UserFiles([pattern])
        assert [item.name for item in source.inputs()] == [name.decode("utf-8", "backslashreplace")]
        assert documents(source) == [b"text"]


def test_a_file_whose_name_is_a_glob_is_itself(tmp_path):
    (tmp_path / "a[1].txt").write_text("x")
    (tmp_path / "a1.txt").write_text("y")
    assert names(str(tmp_path / "a[1].txt")) == ["a[1].txt"]


def test_what_is_no_text_is_named_or_left_out(corpus, caplog):
    os.mkfifo("corpus/pipe.txt")
    assert "pipe.txt" not in names("corpus")
    assert "1 not a regular file (pipe.txt)" in caplog.text
    for pattern in ("corpus/pipe.txt", "/dev/zero"):
        with pytest.raises(SourceError, match="not a regular file but a pipe, a socket or a device"):
            names(pattern, format="text")
    with pytest.raises(
        ConfigError, match=r"e\.bin: its extension says no known format; say which with --format"
    ):
        names("corpus/sub/e.bin")
    with pytest.raises(SourceError, match="nothing: no such file or folder"):
        names("nothing")
    with pytest.raises(SourceError, match=r"corpus/\*\.md: no files there"):
        names("corpus/*.md")
    nothing = r"corpus/sub/\*\.bin: no file that is text \(left out 1 of unknown format \(e\.bin\)\); name"
    with pytest.raises(SourceError, match=nothing):
        names("corpus/sub/*.bin")


def test_a_file_without_an_extension_is_text(tmp_path):
    (tmp_path / "README").write_text("x")
    (item,) = UserFiles([str(tmp_path / "README")]).inputs()
    assert item.format == "text"


def test_an_archive_is_documents_whether_or_not_a_format_is_chosen_for_them(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for member in ("a.txt", "b.txt"):
            archive.writestr(member, member)
    for format in (None, "text"):
        source = UserFiles([str(tmp_path / "a.zip")], options=SourceOptions(format=format))
        assert (source.default_split, source.default_eot) == ("", True)
        assert documents(source) == [b"a.txt", b"b.txt"]


def test_a_folder_with_brackets_is_taken_literally_in_front_of_a_glob(tmp_path):
    for name in ("x[1]", "x1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
    system = fsspec.filesystem("memory")
    system.put(str(tmp_path), "/brackets", recursive=True)
    for place in (str(tmp_path), f"file://{tmp_path}", "memory://brackets"):
        assert documents(UserFiles([f"{place}/x[1]/*.txt"])) == [b"x[1]"]
        assert documents(UserFiles([f"{place}/[x]1/*.txt"])) == [b"x1"]


def test_python_hears_what_is_left_out_where_no_logging_is_set_up(corpus):
    code = "import corpuskit; corpuskit.prepare('./corpus', encoding='bytes', output='out')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "corpus: left out 2 hidden (.git/, .hidden.txt), 1 of unknown format (sub/e.bin)" in done.stderr


@pytest.mark.fault("S4")
def test_urls_are_read_in_place_and_recorded_without_credentials(tmp_path):
    system = fsspec.filesystem("memory")
    for name in ("b.txt", "a.txt", "sub/c.jsonl"):
        system.pipe_file(f"/local/{name}", b'{"text": "c"}\n' if "json" in name else name[:1].encode())
    source = UserFiles(["memory://local"])
    assert [i.name for i in source.inputs()] == [
        "memory:///local/a.txt",
        "memory:///local/b.txt",
        "memory:///local/sub/c.jsonl",
    ]
    assert documents(source) == [b"a", b"b", b"c"]
    assert names("memory://local/*.txt") == ["memory:///local/a.txt", "memory:///local/b.txt"]
    assert names("memory://local/a.txt") == ["memory://local/a.txt"]
    with pytest.raises(SourceError, match="memory://local/none.txt: cannot be read: there is no such file"):
        names("memory://local/none.txt")
    with pytest.raises(
        FetchError, match="nosuch://x: cannot be listed: no installed package reads nosuch:// URLs"
    ):
        names("nosuch://x")
    (tmp_path / "f.txt").write_text("f")
    assert names(f"file://{tmp_path}/f.txt") == names(f"local://{tmp_path}") == ["f.txt"]
    with pytest.raises(ConfigError, match="file://elsewhere/x names a host; a local file is file:///path"):
        names("file://elsewhere/x")


def test_a_folder_behind_a_url_means_what_a_local_one_means(corpus):
    system = fsspec.filesystem("memory")
    system.put(str(corpus), "/same", recursive=True)
    patterns = {
        "": "",
        "/*": "/*",
        "/**/*": "/**/*",
        "/[ab].txt": "/[ab].txt",
        "/.h*": "/.h*",
        "/s*/*": "/s*/*",
    }
    for remote, local in patterns.items():
        found = [name.removeprefix("memory:///same/") for name in names(f"memory://same{remote}")]
        expected = UserFiles([f"corpus{local}"]).inputs()
        assert found == [os.path.relpath(item.location, corpus) for item in expected]


def test_a_name_with_brackets_behind_a_url_is_taken_literally_first():
    system = fsspec.filesystem("memory")
    system.pipe_file("/b[1]/a[2].txt", b"x")
    system.pipe_file("/b1/a2.txt", b"y")
    assert names("memory://b[1]/a[2].txt") == ["memory://b[1]/a[2].txt"]
    assert names("memory://b[1]") == ["memory:///b[1]/a[2].txt"]
    assert names("memory://b?/*") == ["memory:///b1/a2.txt"]


def test_what_is_left_out_is_said_once_and_counted(corpus, caplog):
    for name in ("_SUCCESS", "LICENSE", "README.md", "x.jsonl.1", "__MACOSX/._a.txt", "dataset_infos.json"):
        path = corpus / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    source = UserFiles(["corpus"])
    source.inputs()
    source.inputs()  # counts anew
    assert source.left_out.counts == {
        "bookkeeping": 2,
        "hidden": 2,
        "license": 1,
        "metadata": 1,
        "readme": 1,
        "unknown-format": 2,
    }
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said[0] == (
        "corpus: left out 2 hidden (.git/, .hidden.txt), 2 bookkeeping (_SUCCESS, __MACOSX/), 1 metadata "
        "(dataset_infos.json), 1 license (LICENSE), 1 readme (README.md), 2 of unknown format (sub/e.bin, "
        "x.jsonl.1); to read a file all the same, name it, with --format where its format is unknown"
    )
    assert said[1].startswith(
        "corpus: files of several formats are read together: 1 jsonl (sub/d.jsonl), 3 text (a.txt, b.txt, "
    )


def test_a_file_that_is_named_is_read_whatever_it_is_called(corpus, caplog):
    for name in ("_x.txt", ".hidden.txt", "LICENSE", "README.md", "state.json"):
        Path("corpus", name).write_text('{"text": 1}')
        assert names(f"corpus/{name}") == [name]
    assert caplog.text == ""


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_a_url_is_fetched_once_and_named_without_credentials(tmp_path, monkeypatch, scheme):
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    served = tmp_path / "served"
    served.mkdir()
    (served / "b.jsonl").write_text('{"text": "from afar"}\n')
    requests = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            requests.append(self.path)

    handler = functools.partial(Handler, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            port = server.server_address[1]
            source = UserFiles([f"{scheme}://me:pw@127.0.0.1:{port}/b.jsonl?token=abc"])
            (item,) = source.inputs()
            assert documents(source) == [b"from afar"]
        finally:
            server.shutdown()
    assert (item.name, item.format) == (f"{scheme}://127.0.0.1:{port}/b.jsonl?token=REDACTED", "jsonl")
    assert len(item.sha256) == 64
    assert len(requests) == 1


def test_one_text_is_split_by_characters_and_documents_are_not(corpus):
    def kind(*patterns, **reader):
        source = UserFiles(patterns, options=SourceOptions(reader=reader))
        return source.name, source.default_split, source.default_eot

    assert kind("corpus/a.txt") == ("a", "characters:0.1", False)
    assert kind("corpus/a.txt", lines=True) == ("a", "", True)
    assert kind("corpus/a.txt", separator="--") == ("a", "", True)
    assert kind("corpus/sub/d.jsonl") == ("d", "", True)
    assert kind("corpus") == ("corpus", "", True)
    assert kind("corpus/*.txt") == ("corpus", "", True)
    for url in (f"file://{corpus}", f"local://{corpus}"):
        assert kind(f"{url}/a.txt") == ("a", "characters:0.1", False)
        assert kind(url) == kind(f"{url}/") == ("corpus", "", True)
        assert kind(f"{url}/*.txt") == ("corpus", "", True)
    Path("one.txt").write_text("corpus/a.txt\n")
    assert kind("@one.txt") == ("one", "", True)


def test_options_go_to_the_readers_that_have_them(corpus):
    source = UserFiles(["corpus"], options=SourceOptions(reader={"text_field": "text", "lines": None}))
    assert documents(source) == [b"a", b"b", b"c", b"d"]
    with pytest.raises(ConfigError, match=r"--text-field: no reader of these files \(text\) has it"):
        UserFiles(["corpus/a.txt"], options=SourceOptions(reader={"text_field": "x"})).inputs()
    with pytest.raises(ConfigError, match=r"--template: .* or read conversations with --format chat$"):
        UserFiles(["corpus/a.txt"], options=SourceOptions(reader={"template": "chatml"})).inputs()
    with pytest.raises(ConfigError, match="--from takes a named corpus's bytes from elsewhere; here, name"):
        UserFiles(["corpus"], options=SourceOptions(location="x")).inputs()


def test_a_fresh_source_reads_what_another_listed(corpus):
    items = UserFiles(["corpus"]).inputs()
    fresh = open_source("./corpus")
    assert [b.texts for i in items for b in fresh.read(i, fresh.slices(i, target_bytes=9)[0], print)] == [
        [b"a"],
        [b"b"],
        [b"c"],
        [b"d"],
    ]


@pytest.mark.fault("T9")
def test_ten_thousand_files_are_listed_and_read(tmp_path):
    for number in range(10_000):
        (tmp_path / f"{number:05d}.txt").write_bytes(b"line %d\n" % number)
    source = UserFiles([str(tmp_path)])
    assert documents(source) == [b"line %d\n" % number for number in range(10_000)]


@pytest.mark.fault("T9")
def test_the_directory_of_an_archive_is_read_once_and_again_when_the_archive_is_another(
    tmp_path, monkeypatch
):
    read = []
    real = zipfile.ZipFile._RealGetContents
    monkeypatch.setattr(
        zipfile.ZipFile, "_RealGetContents", lambda archive: read.append(archive) or real(archive)
    )
    path = tmp_path / "many.zip"
    for word in ("one", "another"):
        with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
            for number in range(300):
                archive.writestr(f"{number:03d}.txt", f"{word} {number}\n")
        (tmp_path / "new.zip").replace(path)
        assert documents(UserFiles([str(path)])) == [b"%s %d\n" % (word.encode(), n) for n in range(300)]
    assert len(read) == 2


@pytest.mark.parametrize("start", ["file://", "local://", "file://LocalHost", "FILE://"])
def test_a_file_url_means_the_file_that_its_escapes_spell(tmp_path, start):
    (tmp_path / "a b.txt").write_text("text")
    found = UserFiles([f"{start}{tmp_path}/a%20b.txt"])
    assert [item.name for item in found.inputs()] == ["a b.txt"]
    assert found.name == "a b"


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes on POSIX only")
def test_a_file_url_may_spell_a_name_that_is_no_unicode(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("text")
    assert names(f"file://{tmp_path}/caf%E9.txt") == ["caf\\xe9.txt"]


@pytest.mark.parametrize("start", ["", "file://"])
def test_a_prepared_corpus_is_not_taken_for_text(tmp_path, start):
    (tmp_path / "a.txt").write_text("text")
    corpus = corpuskit.prepare(tmp_path / "a.txt", encoding="bytes", output=tmp_path / "made", progress=False)
    with pytest.raises(
        SourceError, match=r"made: this is a prepared corpus, which 'corpuskit info .*made' shows"
    ):
        UserFiles([f"{start}{corpus.path}"]).inputs()

"""Small copies of the corpora, in the same shapes, on a loopback server."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpuskit import RemoteFile, SourceSpec, registry
from corpuskit.preparation.split_rule import parse_rule
from corpuskit.testing import fake_distribution
from corpuskit_classics import CORPORA

#: What a document may hold: markup, other scripts, an emoji, a special token, a line break at either end.
TEXTS = (
    "One day, a little girl found a needle.\n\nThe end.\n",
    " = Valkyria Chronicles III = \n \n Senj\u014d no Valkyria 3 : <unk> Chronicles",
    "<page>\n  <title>A & B</title> \u2603 \U0001f409",
    "anarchism originated as a term of abuse first used against early working class radicals",
    '"quoted" \\ and a tab\tand \u4e2d\u6587',
)

MODULE = """\
import corpuskit
from corpuskit import RemoteFile, SourceSpec


@corpuskit.hookimpl
def corpuskit_sources():
    return [{spec!r}]
"""


@dataclasses.dataclass(frozen=True)
class Small:
    """A small copy of a corpus.

    Args:
        spec: Its spec, the URLs at the loopback server.
        documents: The documents of each split, in order.
    """

    spec: SourceSpec
    documents: dict[str, list[str]]

    def encode(self, members: dict[str | None, list[str]]) -> bytes:
        """A file of the corpus's format with other documents."""
        return encode(self.spec, members)


class Server:
    """Serves bytes by path, and counts the requests."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.requests.append(self.path)
                data = outer.files.get(self.path)
                self.send_response(404 if data is None else 200)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    yield server
    server.close()


@pytest.fixture(params=CORPORA, ids=lambda spec: spec.name)
def small(
    request: pytest.FixtureRequest, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Small]:
    """A small copy of each corpus, registered by a plugin under the name `small-NAME`."""
    copy = make_small(request.param, server)
    module = copy.spec.name.replace("-", "_")
    text = MODULE.format(spec=copy.spec)
    fake_distribution(tmp_path / "site", module, entry_points={module: module}, modules={module: text})
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    registry.default.cache_clear()
    yield copy
    sys.modules.pop(module, None)  # the next test's server is at another port
    registry.default.cache_clear()


def make_small(spec: SourceSpec, server: Server) -> Small:
    """Copy a spec's shape: at most two files a split, a few documents in each."""
    kept: dict[str | None, list[RemoteFile]] = {}
    for file in spec.files:
        if len(kept.setdefault(file.split, [])) < 2:
            kept[file.split].append(file)
    chosen = [file for files in kept.values() for file in files]
    texts = {file: documents_of(spec, number) for number, file in enumerate(chosen)}
    for url in {file.url: None for file in chosen}:
        members = {file.member: texts[file] for file in chosen if file.url == url}
        server.files[urlsplit(url).path] = encode(spec, members)

    def moved(file: RemoteFile) -> RemoteFile:
        path = urlsplit(file.url).path
        data = server.files[path]
        return dataclasses.replace(
            file,
            url=server.url + path,
            mirrors=(),
            sha256=hashlib.sha256(data).hexdigest() if file.sha256 else None,
            size_bytes=len(data) if file.size_bytes else None,
        )

    small = dataclasses.replace(spec, name=f"small-{spec.name}", files=tuple(map(moved, chosen)))
    return Small(small, split_documents(spec, texts))


def documents_of(spec: SourceSpec, number: int) -> list[str]:
    """The documents of one file, different in each file; of every split where documents are held out."""
    rule = parse_rule(spec.split, given=True)
    if spec.format == "text" and not spec.reader_options:
        return ["".join(TEXTS) * 20 + str(number)]
    texts = [f"{text}{number}" for text in TEXTS]
    if spec.reader_options.get("separator"):
        texts.insert(1, "")  # TinyStories has stories without a word
    if rule.kind == "documents":
        many = (f"page {n} of file {number}" for n in range(10**6))
        texts.append(next(text for text in many if rule.split_of(text.encode()) == "valid"))
    return texts


def encode(spec: SourceSpec, members: dict[str | None, Sequence[str]]) -> bytes:
    """A file of the format that a spec says, with these documents."""
    stream = io.BytesIO()
    if None not in members:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, texts in members.items():
                archive.writestr(str(member), "".join(texts))
        return stream.getvalue()
    (texts,) = members.values()
    if spec.format == "parquet":
        numbers = pa.array(range(len(texts)), pa.int64())
        pq.write_table(
            pa.table({"id": numbers, "text": pa.array(texts, pa.string())}), stream, row_group_size=2
        )
        return stream.getvalue()
    if spec.format == "jsonl":
        lines = [json.dumps({"text": text, "url": "https://example.org"}) + "\n" for text in texts]
        return gzip.compress("".join(lines).encode())
    separator = spec.reader_options["separator"]
    return separator.join([*texts, ""]).encode()


def split_documents(spec: SourceSpec, texts: dict[RemoteFile, list[str]]) -> dict[str, list[str]]:
    """The documents of each split in order, as the spec's rule says; those without text are left out."""
    rule = parse_rule(spec.split, given=True)
    documents: dict[str, list[str]] = {name: [] for name in rule.names}
    for file, own in texts.items():
        for text in own:
            if rule.kind == "characters":
                cut = int(len(text) * (1 - rule.fractions[0][1]))
                documents["train"].append(text[:cut])
                documents["valid"].append(text[cut:])
            elif text:
                split = file.split or rule.split_of(text.encode())
                documents.setdefault(split, []).append(text)
    return documents

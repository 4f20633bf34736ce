"""Tiny tokenizers of each kind, trained once, and a working folder."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import re
import threading
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # before a thread of one test meets another's fork

import pyarrow as pa
import pytest
from huggingface_hub import constants
from pyarrow import parquet
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from corpuskit_huggingface.cutting import PATTERNS

SENTENCE = "the quick brown fox jumps over lazy dogs and they don't mind 12 \u65e5\u672c na\u00efve"
WORDS = SENTENCE.split()
EOT = "<|endoftext|>"
LLAMA3, QWEN2 = sorted((p for p in PATTERNS if p.startswith("(?i:'s") and "[\\r\\n]*" in p), key=len)[::-1]
O200K = next(p for p in PATTERNS if "\\p{Lu}" in p)


def byte_level(pattern: str | None = None, *, normalizer=None, before=(), added=()) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    steps = (
        [*before, bytes_] if pattern is None else [pre_tokenizers.Split(Regex(pattern), "isolated"), bytes_]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps) if len(steps) > 1 else bytes_
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    return _train(
        tokenizer,
        trainers.BpeTrainer,
        special_tokens=[EOT],
        added=added,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )


def sentencepiece_bpe() -> Tokenizer:
    """As Llama 2's."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("\u2581", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trained = _train(tokenizer, trainers.BpeTrainer, special_tokens=special, limit_alphabet=60, size=450)
    # Bytes are ordinary tokens of the model, as in the files of the Hub.
    data = json.loads(trained.to_str())
    data["added_tokens"] = [token for token in data["added_tokens"] if not token["content"].startswith("<0x")]
    data["post_processor"] = json.loads(
        processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)]).__getstate__()
    )
    return Tokenizer.from_str(json.dumps(data))


def unigram() -> Tokenizer:
    """As T5's."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return _train(
        tokenizer, trainers.UnigramTrainer, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>"
    )


def word_level() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return _train(tokenizer, trainers.WordLevelTrainer, special_tokens=["[UNK]", "[EOS]"])


def word_piece() -> Tokenizer:
    """As BERT's."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trained = _train(tokenizer, trainers.WordPieceTrainer, special_tokens=["[UNK]", "[CLS]", "[SEP]"])
    trained.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    trained.enable_truncation(4)
    trained.enable_padding(length=8)
    return trained


MAKERS = {
    "gpt2": byte_level,
    "llama3": lambda: byte_level(LLAMA3),
    "qwen2": lambda: byte_level(QWEN2, normalizer=normalizers.NFC()),
    "qwen3": lambda: byte_level(
        QWEN2,
        normalizer=normalizers.NFC(),
        added=[AddedToken(name, normalized=False) for name in ("<tool_call>", "</tool_call>", "<think>")],
    ),
    "o200k": lambda: byte_level(O200K),
    "digits": lambda: byte_level(before=[pre_tokenizers.Digits(individual_digits=True)]),
    "neox": lambda: byte_level(added=[AddedToken(" " * n, normalized=False) for n in range(2, 9)]),
    "tags": lambda: byte_level(added=[AddedToken("<tag>", rstrip=True, normalized=False)]),
    "llama2": sentencepiece_bpe,
    "unigram": unigram,
    "word-level": word_level,
    "word-piece": word_piece,
}


@cache
def made(name: str) -> str:
    """A tokenizer.json; takes some 10 ms."""
    return MAKERS[name]().to_str()


def _train(tokenizer: Tokenizer, trainer: type, *, added=(), size: int = 400, **options) -> Tokenizer:
    sentences = [f"{' '.join(words)}." for words in itertools.islice(itertools.permutations(WORDS, 3), 800)]
    tokenizer.train_from_iterator(sentences, trainer(vocab_size=size, show_progress=False, **options))
    tokenizer.add_tokens(list(added))
    return tokenizer


@pytest.fixture(scope="session")
def tokenizer_json():
    """Gives a tokenizer.json by its name in `MAKERS`."""
    return made


@pytest.fixture
def tokenizer_path(request, tmp_path):
    """The file of the tokenizer that the test is parametrized with, else of `gpt2`."""
    path = tmp_path / "tokenizer.json"
    path.write_text(made(getattr(request, "param", "gpt2")), encoding="utf-8")
    return path


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A working folder with its own cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


#: What a document may hold.
TEXTS = (
    "One day, a little girl found a needle.\n\nThe end.\n",
    "\u2603 \U0001f409 \u65e5\u672c",
    "text <|endoftext|> text",
    "  two  spaces",
    "the last one",
)


class FakeHub:
    """The part of the Hub's HTTP interface that files are listed, downloaded and committed through.

    Repositories are made with `add`, or over HTTP; each change of one is a new commit, and old commits stay.
    Writing needs the token hf_key; others are known, and may read. `fault(method, path)` may say what becomes
    of a request: a status to answer, "cut" (half of the answer's body), or "lose" (done and not answered).
    """

    def __init__(self) -> None:
        self.commits: dict[str, list[dict[str, bytes]]] = {}  # by "datasets/org/name" or "org/name"
        self.private: set[str] = set()
        self.requests: list[str] = []
        self.large: set[str] = set()  # files stored as large ones, whose sha256 is listed
        self.objects: dict[str, bytes] = {}  # large files that were uploaded, by sha256
        self.visibility: dict[str, str | None] = {}  # of repositories that were made over HTTP
        self.messages: list[str] = []  # of commits
        self.ignored: set[str] = set()  # what a .gitignore would name
        self.redirects = False  # whether large files are at another server, which takes no token
        self.limits = {"X-Error-Message": "too many"}
        self.fault = lambda method, path: None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement

            def do_GET(self) -> None:
                outer.requests.append(f"{self.command} {self.path}")
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Transfer-Encoding") == "chunked":
                    sent = self.read_chunks()
                url = urlsplit(self.path)
                fault = outer.fault(self.command, url.path)
                if isinstance(fault, int):
                    status, headers, body = fault, dict(outer.limits), b"{}"
                elif self.command in ("GET", "HEAD"):
                    path, query = unquote(url.path), parse_qs(url.query)
                    status, headers, body = outer.answer(path, self.headers, query)
                    status, headers, body = outer.part(status, headers, body, self.headers.get("Range"))
                else:
                    status, headers, body = outer.write(unquote(url.path), self.headers, sent)
                if fault == "lose":
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
                self.close_connection |= fault == "cut"

            do_HEAD = do_POST = do_PUT = do_GET

            def read_chunks(self) -> bytes:
                data = b""
                while size := int(self.rfile.readline(), 16):
                    data += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return data

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def add(self, repo: str, files: dict[str, bytes]) -> str:
        """Commit these files and no others; returns the commit."""
        self.commits.setdefault(repo, []).append(files)
        return self.commit(repo, len(self.commits[repo]) - 1)

    def commit(self, repo: str, number: int) -> str:
        return hashlib.sha1(f"{repo} {number}".encode()).hexdigest()

    def part(self, status: int, headers: dict[str, str], body: bytes, asked: str | None):
        """The range of an answer that was asked for."""
        if status != 200 or not asked:
            return status, headers, body
        start, _, end = asked.removeprefix("bytes=").partition("-")
        piece = body[int(start) : int(end) + 1 if end else None]
        at = f"bytes {start}-{int(start) + len(piece) - 1}/{len(body)}"
        return 206, {**headers, "Content-Range": at}, piece

    def write(self, path: str, headers, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        """What a POST or a PUT does."""

        def json_of(value: object, status: int = 200) -> tuple[int, dict[str, str], bytes]:
            return status, {"Content-Type": "application/json"}, json.dumps(value).encode()

        if path.startswith("/lfs/"):
            if hashlib.sha256(sent).hexdigest() != path.removeprefix("/lfs/"):
                return 400, {}, b""
            self.objects[path.removeprefix("/lfs/")] = sent
            return 200, {}, b""
        if path == "/api/validate-yaml":
            wrong = "[broken" in json.loads(sent)["content"]
            errors = [{"message": '"license" must be one of'}] if wrong else []
            return json_of({"errors": errors, "warnings": []}, 400 if wrong else 200)
        if (said := headers.get("Authorization")) != "Bearer hf_key":
            return (403 if said else 401), {"X-Error-Message": "no"}, b"{}"
        if path == "/api/repos/create":
            value = json.loads(sent)
            repo = f"datasets/{value['organization']}/{value['name']}"
            assert value["type"] == "dataset"
            if repo in self.commits:
                return json_of({}, 409)
            self.visibility[repo] = value.get("visibility") or ("private" if value.get("private") else None)
            self.add(repo, {".gitattributes": b"*.bin filter=lfs\n"})
            return json_of({"url": f"{self.url}/{repo}"})
        if path.endswith(".git/info/lfs/objects/batch"):
            asked = json.loads(sent)["objects"]
            for one in asked:
                if one["oid"] not in self.objects:
                    one["actions"] = {"upload": {"href": f"{self.url}/lfs/{one['oid']}"}}
            return json_of({"transfer": "basic", "objects": asked})
        match = re.fullmatch(r"/api/(datasets/[^/]+/[^/]+)/(preupload|commit)/(.+)", path)
        if match is None or match[1] not in self.commits:
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        if match[3] != "main":
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        if match[2] == "preupload":
            return json_of({"files": [self._mode(file) for file in json.loads(sent)["files"]]})
        return self._commit(match[1], [json.loads(line) for line in sent.splitlines()], json_of)

    def _mode(self, file: dict[str, Any]) -> dict[str, Any]:
        mode = "lfs" if file["path"].endswith((".bin", ".arrow")) else "regular"
        return {"path": file["path"], "uploadMode": mode, "shouldIgnore": file["path"] in self.ignored}

    def _commit(self, repo: str, lines: list[dict[str, Any]], json_of):
        files = dict(self.commits[repo][-1])
        head = self.commit(repo, len(self.commits[repo]) - 1)
        for line in lines:
            value = line["value"]
            if line["key"] == "header" and value.get("parentCommit", head) != head:
                return json_of({"error": "A commit has happened since. Please refresh and try again."}, 412)
            if line["key"] == "header":
                self.messages.append(value["summary"])
            elif line["key"] == "file":
                files[value["path"]] = b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.objects[value["oid"]]
                self.large.add(value["path"])
            else:
                del files[value["path"]]
        oid = self.add(repo, files)
        return json_of({"commitUrl": f"{self.url}/{repo}/commit/{oid}", "commitOid": oid})

    def answer(self, path: str, headers, query=None) -> tuple[int, dict[str, str], bytes]:
        if path.startswith("/cdn/"):
            assert "Authorization" not in headers, "a token was sent to another server"
            sha256 = path.removeprefix("/cdn/")
            return 200, {"ETag": f'"{sha256}"'}, self.objects[sha256]
        if re.fullmatch(r"/api/(datasets|models)/[^/]+/[^/]+", path):
            path += "/revision/main"
        api = re.fullmatch(
            r"/api/((?:datasets/|models/)?[^/]+/[^/]+)/(revision|tree)/([0-9a-f]{40}(?=/)|.+)(?:/(.+))?", path
        )
        file = re.fullmatch(r"/((?:datasets/)?[^/]+/[^/]+)/resolve/(refs/[^/]+/[^/]+|[^/]+)/(.+)", path)
        repo, revision = (api[1], api[3]) if api else (file[1], file[2]) if file else ("", "")
        if api and api[1].startswith("models/"):
            repo = api[1].removeprefix("models/")
        if repo not in self.commits or (
            repo in self.private and headers.get("Authorization") != "Bearer hf_key"
        ):
            return 401, {"X-Error-Code": "RepoNotFound"}, b"{}"
        if revision == "gated":
            return 403, {"X-Error-Code": "GatedRepo"}, b"{}"
        known = {self.commit(repo, n): files for n, files in enumerate(self.commits[repo])}
        commit = [*known][-1] if revision == "main" else revision
        if commit not in known:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        files = known[commit]
        if file:
            return self._file(commit, files, file[3])
        if api and api[2] == "revision":
            value = {"id": repo.removeprefix("datasets/"), "sha": commit, "siblings": [], "tags": []}
            return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()
        under = f"{api[4]}/" if api and api[4] else ""
        if under and not any(name.startswith(under) for name in files):
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        tree = [self._entry(name, data) for name, data in sorted(files.items()) if name.startswith(under)]
        if query and query.get("recursive", [""])[0].lower() == "false":
            tree = [entry for entry in tree if "/" not in str(entry["path"]).removeprefix(under)]
        return 200, {"Content-Type": "application/json"}, json.dumps(tree).encode()

    def _file(self, commit: str, files: dict[str, bytes], name: str) -> tuple[int, dict[str, str], bytes]:
        headers = {"X-Repo-Commit": commit}
        if name not in files:
            return 404, {**headers, "X-Error-Code": "EntryNotFound"}, b""
        entry = self._entry(name, files[name])
        if self.redirects and name in self.large:
            there = self.url.replace("127.0.0.1", "localhost")
            return 302, {**headers, "Location": f"{there}/cdn/{hashlib.sha256(files[name]).hexdigest()}"}, b""
        return 200, {**headers, "ETag": f'"{entry["oid"]}"'}, files[name]

    def _entry(self, name: str, data: bytes) -> dict[str, object]:
        entry: dict[str, object] = {"type": "file", "path": name, "size": len(data)}
        entry["oid"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        if name in self.large:
            entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return entry


@pytest.fixture
def fake_hub(monkeypatch, tmp_path) -> Iterator[FakeHub]:
    """A Hub on loopback, which `huggingface_hub` takes for the real one."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    hub = FakeHub()
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf-home" / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # which is another protocol
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf-home" / "token"))
    monkeypatch.setenv("CORPUSKIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield hub
    hub.close()


@pytest.fixture(scope="session")
def texts() -> tuple[str, ...]:
    return TEXTS


@pytest.fixture(scope="session")
def as_parquet():
    """Gives a Parquet file with these texts."""

    def encode(texts) -> bytes:
        stream = io.BytesIO()
        parquet.write_table(
            pa.table({"n": range(len(texts)), "text": pa.array(texts, pa.string())}), stream, row_group_size=2
        )
        return stream.getvalue()

    return encode


@pytest.fixture(scope="session")
def as_jsonl():
    """Gives a JSON Lines file with these texts."""
    return lambda texts: "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()


@pytest.fixture(scope="session")
def write():
    """Writes files into a folder, by their relative paths."""

    def write(folder: Path, files: dict[str, bytes]) -> Path:
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder

    return write


@pytest.fixture
def folder(write, tmp_path):
    """Makes a model's folder with this template."""

    def make(template: str | None, special=("<|im_start|>", "<|im_end|>"), **config) -> str:
        files = {
            "tokenizer_config.json": json.dumps({"additional_special_tokens": [*special], **config}).encode()
        }
        if template is not None:
            files["chat_template.jinja"] = template.encode()
        return str(write(tmp_path / "model", files))

    return make

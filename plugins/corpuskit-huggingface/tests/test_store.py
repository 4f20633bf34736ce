"""Corpora on the Hub: one commit in, verified shards out, over a Hub on loopback."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil

import numpy as np
import pytest
from huggingface_hub import constants

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError, FetchError, HashMismatch, StorageError

REPO = "datasets/me/stories"
URL = "hf://me/stories"
#: Small shards, so that there are many.
OPTIONS = {"encoding": "bytes", "split": "valid=0.1", "lines": True, "shard_bytes": 2_000, "workers": 1}


@pytest.fixture
def no_waiting(monkeypatch):
    """Neither corpuskit nor `huggingface_hub` waits between attempts."""
    from corpuskit.plugin import FetchOptions

    plain = FetchOptions.__init__
    monkeypatch.setattr(
        FetchOptions,
        "__init__",
        lambda self, *a, **named: plain(self, *a, **{"random": lambda: 0.0, **named}),
    )
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)


pytestmark = [
    pytest.mark.usefixtures("fake_hub", "no_waiting"),
    # What huggingface_hub's upload says of how it calls the library below it.
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]


@pytest.fixture
def hub(fake_hub, monkeypatch):
    """The Hub, where the test may write."""
    monkeypatch.setenv("HF_TOKEN", "hf_key")
    fake_hub.redirects = True
    return fake_hub


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Three corpora of lines of text, which nobody changes: of one text in two cuts, and of a longer text."""
    made = {}
    for name, extra, options in (
        ("local", "", {}),
        ("cut", "", {"shard_bytes": 4_000}),
        ("longer", "more\n", {}),
    ):
        folder = tmp_path_factory.mktemp(name)
        (folder / "text.txt").write_text("".join(f"line {number}\n" for number in range(900)) + extra)
        output = folder / "corpus"
        corpuskit.prepare(folder / "text.txt", name="stories", output=output, **{**OPTIONS, **options})
        made[name] = output
    return made


@pytest.fixture
def make(prepared, tmp_path):
    """Gives a copy of one of these corpora."""
    return lambda name: corpuskit.open(shutil.copytree(prepared[name], tmp_path / name, dirs_exist_ok=True))


@pytest.fixture
def local(make):
    return make("local")


def there(hub) -> dict[str, bytes]:
    return hub.commits[REPO][-1]


def test_a_corpus_is_one_commit_with_its_manifest_and_card(hub, local) -> None:
    corpus = corpuskit.publish(local, URL)
    assert len(hub.commits[REPO]) == 2  # the first one is the Hub's own
    assert hub.messages == [f"corpuskit: stories, bytes, {local.fingerprint:.16}"]
    files = there(hub)
    names = {path.name for path in local.path.iterdir()}
    assert {*files} == names | {".gitattributes", "README.md"}
    assert all(files[name] == (local.path / name).read_bytes() for name in names - {"run.json"})
    folder = json.loads((local.path / "run.json").read_bytes())["inputs_folder"]
    assert folder not in files["run.json"].decode()
    assert b'pretty_name: "stories"' in files["README.md"]
    assert str(corpus.path) == f"{URL}@{hub.commit(REPO, 1)}"


def test_the_same_corpus_again_makes_no_commit(hub, local, caplog) -> None:
    corpuskit.publish(local, URL)
    (local.path / "run.json").write_text('{"elapsed_s": 9}')  # another machine took longer
    corpuskit.publish(local, URL)
    corpus = corpuskit.publish(local, URL, overwrite=True)
    assert len(hub.commits[REPO]) == 2
    assert corpus.fingerprint == local.fingerprint
    assert not caplog.records


def test_another_corpus_is_replaced_only_when_asked_and_in_one_commit(hub, local, make) -> None:
    corpuskit.publish(local, URL)
    shorter = make("cut")
    with pytest.raises(
        ConfigError, match=r"hf://me/stories holds another corpus; replace it with --overwrite"
    ):
        corpuskit.publish(shorter, URL)
    assert len(hub.commits[REPO]) == 2
    corpuskit.publish(shorter, URL, overwrite=True)
    assert len(hub.commits[REPO]) == 3
    names = {path.name for path in shorter.path.iterdir()}
    assert {*there(hub)} == names | {".gitattributes", "README.md"}
    assert corpuskit.verify(URL) == []


def test_what_is_read_is_what_is_on_this_machine(hub, local, tmp_path) -> None:
    corpuskit.publish(local, URL)
    corpus = corpuskit.open(URL, cache_bytes=16_000)
    assert corpus.fingerprint == local.fingerprint
    assert {*corpus} == {*local}
    for name in local:
        np.testing.assert_array_equal(corpus[name][:], local[name][:])
        np.testing.assert_array_equal(corpus[name].document_ends(), local[name].document_ends())
    kept = [path for path in (tmp_path / "cache/shards/files").rglob("*") if path.is_file()]
    assert 0 < sum(path.stat().st_size for path in kept) <= 16_000
    options = {"batch_size": 4, "block_size": 16, "seed": 5, "output": "numpy", "sampler": "shuffled"}
    ours, theirs = corpus.batches("train", **options), local.batches("train", **options)
    for step in (0, 7, 3):
        np.testing.assert_array_equal(ours[step], theirs[step])
    next(iter(theirs))
    ours.load_state_dict(theirs.state_dict())
    assert ours.state_dict() == theirs.state_dict()
    assert corpuskit.verify(URL) == []


def test_a_branch_is_resolved_once(hub, local, make) -> None:
    corpuskit.publish(local, URL)
    opened = corpuskit.open(URL)
    corpuskit.publish(make("longer"), URL, overwrite=True)
    np.testing.assert_array_equal(opened["train"][:], local["train"][:])
    again = pickle.loads(pickle.dumps(opened["train"]))
    np.testing.assert_array_equal(again[:], local["train"][:])
    assert corpuskit.open(URL).fingerprint != local.fingerprint
    assert corpuskit.open(f"{URL}@{hub.commit(REPO, 1)}").fingerprint == local.fingerprint
    assert corpuskit.open(f"hf://datasets/me/stories@{hub.commit(REPO, 1)}").fingerprint == local.fingerprint


def test_a_folder_of_a_repository_is_a_place(hub, local, make) -> None:
    hub.add(REPO, {"data/train.csv": b"a\n"})
    corpuskit.publish(local, f"{URL}/bytes/small")
    corpuskit.publish(make("cut"), f"{URL}/bytes/large")
    assert "data/train.csv" in there(hub)
    assert "bytes/small/README.md" in there(hub)
    for folder in ("small", "large"):
        corpus = corpuskit.open(f"{URL}/bytes/{folder}")
        np.testing.assert_array_equal(corpus["train"][:], local["train"][:])
        assert str(corpus.path).endswith(f"/bytes/{folder}")


def test_prepare_has_a_repository_as_its_output(hub, local, prepared) -> None:
    text = prepared["local"].with_name("text.txt")
    corpus = corpuskit.prepare(text, name="stories", output=URL, **OPTIONS)
    assert len(hub.commits[REPO]) == 2
    np.testing.assert_array_equal(corpus["train"][:], local["train"][:])
    corpuskit.prepare(text, name="stories", output=URL, **OPTIONS)
    assert len(hub.commits[REPO]) == 2


def test_what_was_opened_once_is_there_without_a_network(hub, local, monkeypatch) -> None:
    corpuskit.publish(local, URL)
    first = corpuskit.open(URL)
    np.testing.assert_array_equal(first["valid"][:], local["valid"][:])
    for name in ("CORPUSKIT_OFFLINE", "HF_HUB_OFFLINE"):
        with monkeypatch.context() as patch:
            patch.setenv(name, "1")
            patch.setattr(constants, "HF_HUB_OFFLINE", name == "HF_HUB_OFFLINE")
            hub.requests.clear()
            corpus = corpuskit.open(URL)
            np.testing.assert_array_equal(corpus["valid"][:], local["valid"][:])
            with pytest.raises(FetchError, match=rf"is not on this machine and {name} forbids the network"):
                corpus["train"][:]
            with pytest.raises(StorageError, match=r"hf://me/other: .*not in the cache"):
                corpuskit.open("hf://me/other")
            with pytest.raises(StorageError, match="OFFLINE forbids the network"):
                corpuskit.publish(local, URL)
            assert hub.requests == []


def test_a_card_that_people_have_edited_stays(hub, local, make, caplog) -> None:
    (local.path / "README.md").write_text("---\nlicense: mit\n---\n# mine\n")
    corpuskit.publish(local, URL)
    assert there(hub)["README.md"].endswith(b"# mine\n")
    hub.add(REPO, {**there(hub), "README.md": b"# edited on the Hub\n"})
    corpuskit.publish(local, URL)
    assert there(hub)["README.md"] == b"# edited on the Hub\n"
    assert "README.md is another one than" in caplog.text
    corpuskit.publish(make("longer"), URL, overwrite=True)
    assert there(hub)["README.md"] == b"# edited on the Hub\n"
    assert "is not about the new corpus" in caplog.text
    corpuskit.publish(local, URL, overwrite=True)
    assert there(hub)["README.md"].endswith(b"# mine\n")


def test_files_that_were_damaged_there_are_put_again(hub, local) -> None:
    corpuskit.publish(local, URL)
    files = dict(there(hub))
    del files["train-00001.bin"]
    hub.add(REPO, files)
    with pytest.raises(FetchError):
        corpuskit.open(URL)["train"][:]
    corpuskit.publish(local, URL)
    assert corpuskit.verify(URL) == []


def test_uploads_that_were_stopped_are_not_made_again(hub, local, monkeypatch) -> None:
    from corpuskit_huggingface import store

    monkeypatch.setattr(store, "_GROUP_FILES", 2)
    seen = []
    hub.fault = lambda method, path: (
        (seen.append(path) or (400 if len(seen) > 3 else None)) if method == "PUT" else None
    )
    with pytest.raises(StorageError, match="cannot write hf://me/stories"):
        corpuskit.publish(local, URL)
    assert len(hub.commits[REPO]) == 1
    kept, hub.fault = {*hub.objects}, lambda method, path: None
    assert kept
    hub.requests.clear()
    corpuskit.publish(local, URL)
    put = {request.rpartition("/")[2] for request in hub.requests if request.startswith("PUT")}
    assert put
    assert not put & kept


def test_a_commit_whose_answer_is_lost_was_made(hub, local) -> None:
    hub.fault = lambda method, path: "lose" if "/commit/" in path else None
    with pytest.raises(StorageError, match="cannot write hf://me/stories"):
        corpuskit.publish(local, URL)
    hub.fault = lambda method, path: None
    corpuskit.publish(local, URL)
    assert len(hub.commits[REPO]) == 2


@pytest.mark.parametrize("also", ["# edited\n", None])
def test_what_others_commit_meanwhile_is_seen(hub, local, make, also) -> None:
    corpuskit.publish(local, URL)
    other = make("longer")

    def commit_first(method, path):
        if "/commit/" in path and method == "POST":
            hub.fault = lambda method, path: None
            changed = {"README.md": also.encode()} if also else {"manifest.json": b"{}"}
            hub.add(REPO, {**there(hub), **changed})

    hub.fault = commit_first
    corpuskit.publish(other, URL, overwrite=True)
    assert len(hub.commits[REPO]) == 4
    assert corpuskit.open(URL).fingerprint == other.fingerprint
    if also:
        assert there(hub)["README.md"] == also.encode()


def test_of_two_that_publish_at_once_the_second_is_refused(hub, local, make) -> None:
    other = make("longer")

    def commit_first(method, path):
        if "/commit/" in path and method == "POST":
            hub.fault = lambda method, path: None
            corpuskit.publish(other, URL)

    hub.fault = commit_first
    with pytest.raises(ConfigError, match="holds another corpus"):
        corpuskit.publish(local, URL)
    assert corpuskit.open(URL).fingerprint == other.fingerprint


def test_files_that_are_of_no_corpus_are_not_replaced_unasked(hub, local) -> None:
    hub.add(REPO, {"train-00000.idx": b"something else"})
    with pytest.raises(ConfigError, match=r"stories/train-00000.idx is there and is not part of a corpus"):
        corpuskit.publish(local, URL)
    assert there(hub) == {"train-00000.idx": b"something else"}
    corpuskit.publish(local, URL, overwrite=True)
    assert corpuskit.verify(URL) == []


def test_a_repository_may_be_private(hub, local) -> None:
    corpuskit.publish(local, URL, private=True)
    assert hub.visibility[REPO] == "private"
    hub.private.add(REPO)
    np.testing.assert_array_equal(corpuskit.open(URL)["train"][:], local["train"][:])


def test_a_file_that_the_repository_ignores_is_noticed(hub, local) -> None:
    hub.ignored.add("valid-00000.idx")
    with pytest.raises(StorageError, match=r"valid-00000.idx: it was left out, as .gitignore there may say"):
        corpuskit.publish(local, URL)


def test_a_damaged_corpus_is_not_published(hub, local) -> None:
    shard = local.path / "train-00001.bin"
    shard.write_bytes(b"x" * shard.stat().st_size)
    with pytest.raises(CorpusFormatError, match=r"train-00001.bin: sha256 .* the manifest says"):
        corpuskit.publish(local, URL)
    assert not hub.commits


def test_a_shard_that_changes_on_its_way_is_not_committed(hub, local) -> None:
    shard = local.path / "train-00001.bin"

    def change(method, path):
        if "/preupload/" in path:
            shard.write_bytes(b"x" * shard.stat().st_size)

    hub.fault = change
    with pytest.raises(CorpusFormatError, match=r"train-00001.bin: .*changed while it was uploaded"):
        corpuskit.publish(local, URL)
    assert len(hub.commits[REPO]) == 1


@pytest.mark.parametrize("fault", ["cut", 500, 503])
def test_downloads_that_fail_go_on(hub, local, fault) -> None:
    corpuskit.publish(local, URL)
    left = [3]

    def fail(method, path):
        if method == "GET" and "/cdn/" in path and left[0]:
            left[0] -= 1
            return fault
        return None

    hub.fault = fail
    np.testing.assert_array_equal(corpuskit.open(URL)["train"][:], local["train"][:])
    assert left == [0]


def test_a_shard_that_is_another_one_is_refused(hub, local) -> None:
    corpuskit.publish(local, URL)
    name = local.manifest.splits["train"].shards[1].file
    hub.objects[hashlib.sha256(there(hub)[name]).hexdigest()] = b"x" * len(there(hub)[name])
    with pytest.raises(
        HashMismatch, match=rf"{name}: it was fetched twice and is not what the manifest says"
    ):
        corpuskit.open(URL)["train"][:]


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (None, "asks who you are: set HF_TOKEN or run 'hf auth login'"),
        ("hf_reader", "does not allow that with this token: make one that may"),
    ],
)
def test_who_may_not_write_is_told(hub, local, monkeypatch, token, message) -> None:
    monkeypatch.delenv("HF_TOKEN")
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(StorageError, match=message):
        corpuskit.publish(local, URL)
    assert not hub.commits


def test_too_many_requests_are_told(hub, local) -> None:
    corpuskit.publish(local, URL)
    hub.fault = lambda method, path: 429 if "/resolve/" in path or "/api/" in path else None
    with pytest.raises(
        StorageError, match="too many requests: wait some minutes; with HF_TOKEN it allows more"
    ):
        corpuskit.publish(local, URL)


@pytest.mark.parametrize(
    ("url", "kind", "message"),
    [
        ("hf://me", ConfigError, r"hf://me: not a place for a corpus; expected hf://org/name"),
        ("hf://models/me/stories", ConfigError, "not a place for a corpus"),
        ("hf://me/stories/../../other", ConfigError, "not a place for a corpus"),
        ("hf://me/stories@../../other", ConfigError, "not a place for a corpus"),
        ("hf://me/stories/a//b", ConfigError, "not a place for a corpus"),
        (
            "hf://me/none",
            StorageError,
            "no such repository, or it is private: check the name, and set HF_TOKEN",
        ),
        ("hf://me/model", StorageError, "me/model is a model, and corpora are in dataset repositories"),
        ("hf://me/stories@none", StorageError, "there is no such revision; see its branches and tags"),
        ("hf://me/stories@gated", StorageError, "access is gated; accept its terms at "),
        ("hf://me/stories", CorpusFormatError, "hf://me/stories: not a corpus: it has no manifest.json"),
        ("hf://me/wrong", CorpusFormatError, "manifest.json: not a manifest"),
    ],
)
def test_what_is_no_corpus_is_told_in_one_line(hub, url, kind, message) -> None:
    hub.add(REPO, {"data.csv": b"a\n"})
    hub.add("datasets/me/wrong", {"manifest.json": b'{"a": 1}'})
    hub.add("me/model", {"config.json": b"{}"})
    with pytest.raises(kind, match=message) as caught:
        corpuskit.open(url)
    assert "\n" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_told(hub, local) -> None:
    corpuskit.publish(local, URL)
    with pytest.raises(ConfigError, match="a commit cannot be changed; name a branch"):
        corpuskit.publish(local, f"{URL}@{hub.commit(REPO, 1)}")
    with pytest.raises(StorageError, match="there is no such revision"):
        corpuskit.publish(local, f"{URL}@other-branch")
    with pytest.raises(ConfigError, match="is not on this machine; download its files into a folder"):
        corpuskit.publish(URL, "hf://me/copy")


def test_a_card_that_the_hub_refuses_is_told(hub, local) -> None:
    (local.path / "README.md").write_text("---\nlicense: [broken\n---\n")
    with pytest.raises(
        StorageError, match='cannot write .*Invalid metadata in README.md.*"license" must be one of'
    ):
        corpuskit.publish(local, URL)
    assert len(hub.commits[REPO]) == 1


#: The requests of publishing and opening, and what each answer to one of them is told with.
REQUESTS = {
    "look": lambda method, path: method == "GET" and path == "/api/datasets/me/stories",
    "list": lambda method, path: "/tree/" in path,
    "make": lambda method, path: path == "/api/repos/create",
    "sort": lambda method, path: "/preupload/" in path,
    "upload": lambda method, path: path.endswith("/objects/batch"),
    "put": lambda method, path: method == "PUT",
    "commit": lambda method, path: "/commit/" in path,
    "read": lambda method, path: "/resolve/" in path,
}
ANSWERS = {
    400: r"does not take the request \(too many\): mend what it names",
    401: "asks who you are: set HF_TOKEN",
    403: "does not allow that with this token",
    404: r"has nothing there \(too many\): check the name and the revision",
    409: r"something else is done there at the moment \(too many\): try again when",
    412: r"was changed meanwhile \(too many\): try again",
    413: r"too large \(too many\): make smaller files, with a smaller --shard-bytes",
    422: r"cannot use what was sent \(too many\): mend what it names",
    429: "too many requests: wait some minutes",
    500: r"trouble of its own, status 500 \(too many\): try again in some minutes",
    503: r"trouble of its own, status 503 \(too many\): try again in some minutes",
}


@pytest.mark.parametrize("status", ANSWERS)
@pytest.mark.parametrize("request_of", REQUESTS)
def test_each_answer_to_each_request_says_what_to_do(hub, local, request_of, status) -> None:
    if request_of == "read":
        corpuskit.publish(local, URL)
        shutil.rmtree(constants.HF_HUB_CACHE)
    matches = REQUESTS[request_of]
    hub.fault = lambda method, path: status if matches(method, path) else None
    if (request_of, status) == ("make", 409):  # it is there already: what was meant
        hub.fault = lambda method, path: status if matches(method, path) and hub.add(REPO, {}) else None
        corpuskit.publish(local, URL)
        return
    if request_of == "list":
        hub.add(REPO, {})
    message = ANSWERS[status]
    if request_of == "commit" and status in (409, 412):  # which is tried again before it is told
        message = "others commit to it all the time; try again when they are done"
    with pytest.raises(StorageError, match=message) as caught:
        corpuskit.open(URL) if request_of == "read" else corpuskit.publish(local, URL)
    assert "\n" not in str(caught.value)
    assert "connection" not in str(caught.value)


def test_an_answer_that_nobody_has_heard_of_is_told(hub, local) -> None:
    hub.fault = lambda method, path: 418
    with pytest.raises(StorageError, match=r"answered with status 418 \(too many\): try again later"):
        corpuskit.publish(local, URL)


@pytest.mark.parametrize("token", ["hf_schlüssel", "hf_\u2013key", "hf key\x07"])
def test_a_token_that_cannot_be_sent_is_told_and_not_shown(hub, local, monkeypatch, token) -> None:
    corpuskit.publish(local, URL)
    monkeypatch.setenv("HF_TOKEN", token)
    for use in (lambda: corpuskit.publish(local, URL), lambda: corpuskit.open(URL)):
        with pytest.raises(
            StorageError, match="HF_TOKEN, or the token .*, has characters that no token"
        ) as caught:
            use()
        assert token not in str(caught.value)

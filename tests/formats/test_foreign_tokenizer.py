"""Vocabularies that files of ids do not have: added control tokens, and characters of a text."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError, TokenizerError

NAMES = ("<|im_start|>", "<|im_end|>")


@pytest.fixture
def chats(tmp_path):
    """Conversations, with control tokens that `bytes` lacks, exported as datatrove's files."""
    (tmp_path / "chat.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "hé"}, {"role": "assistant", "content": "b"}]}\n' * 3
    )
    corpus = corpuskit.prepare(
        str(tmp_path / "chat.jsonl"),
        encoding="bytes",
        output=tmp_path / "chat",
        format="chat",
        template="chatml",
        add_tokens=True,
    )
    assert corpus.manifest.tokenizer.added_tokens == [*NAMES]
    corpuskit.export(corpus, "datatrove", tmp_path / "out")
    return corpus


def imported(tmp_path, format, encoding="bytes", **options):
    given = {"name": "back", "encoding": encoding, "output": tmp_path / "back"} | options
    return corpuskit.import_tokens(tmp_path / "out", format, **given)


@pytest.mark.parametrize("said", [NAMES, ()])
def test_added_tokens_come_back_named_or_as_the_export_says(chats, tmp_path, said):
    if said:
        (tmp_path / "out" / "export.json").unlink()
    back = imported(tmp_path, "datatrove", added_tokens=said)
    assert back.manifest.tokenizer.model_dump() == chats.manifest.tokenizer.model_dump()
    assert back.decode(back["train"][:]) == chats.decode(chats["train"][:])
    assert back["train"].document_text_bytes().tolist() == chats["train"].document_text_bytes().tolist()
    there = corpuskit.open_foreign(tmp_path / "out", "datatrove", encoding="bytes", added_tokens=said)
    assert there.decode(pickle.loads(pickle.dumps(there))["train"][:]) == chats.decode(chats["train"][:])


def test_ids_of_added_tokens_that_nobody_names_are_refused_with_what_names_them(chats, tmp_path):
    (tmp_path / "out" / "export.json").unlink()
    with pytest.raises(CorpusFormatError, match=r"is 25[78], and the ids of 'bytes' go .* --added-token"):
        imported(tmp_path, "datatrove")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("<|endoftext|>",), r"'<\|endoftext\|>' is there already"),
        (("a", "a"), "'a' is there already"),
        (("",), "one is named ''"),
    ],
)
def test_names_are_checked_as_preparing_checks_them(chats, tmp_path, names, message):
    with pytest.raises(TokenizerError, match=message):
        imported(tmp_path, "datatrove", added_tokens=names)
    with pytest.raises(TokenizerError, match=message):
        corpuskit.open_foreign(tmp_path / "out", "datatrove", encoding="bytes", added_tokens=names)


def test_one_name_is_no_list_of_them(chats, tmp_path):
    with pytest.raises(ConfigError, match="expected a list of names, found 'ab'"):
        imported(tmp_path, "datatrove", added_tokens="ab")
    with pytest.raises(ConfigError, match="expected a list of names, found 'ab'"):
        corpuskit.open_foreign(tmp_path / "out", "datatrove", encoding="bytes", added_tokens="ab")


def test_an_export_of_another_tokenizer_names_nothing(chats, tmp_path):
    said = tmp_path / "out" / "export.json"
    said.write_text(said.read_text().replace('"fingerprint": "', '"fingerprint": "0'))
    with pytest.raises(CorpusFormatError, match="go from 0 to 256"):
        imported(tmp_path, "datatrove")
    said.write_text('{"tokenizer": 1}')
    with pytest.raises(CorpusFormatError, match="go from 0 to 256"):
        imported(tmp_path, "datatrove")


def test_the_same_files_with_other_names_are_another_corpus(chats, tmp_path):
    first = imported(tmp_path, "datatrove", added_tokens=NAMES)
    assert imported(tmp_path, "datatrove").fingerprint == first.fingerprint
    with pytest.raises(ConfigError, match="its vocabulary or its added tokens are others; choose another"):
        imported(tmp_path, "datatrove", added_tokens=("<a>", "<b>"))


def nanogpt_characters(folder, text):
    """What nanoGPT's data/shakespeare_char/prepare.py writes, but for the pickle."""
    folder.mkdir()
    ids = {character: number for number, character in enumerate(sorted(set(text)))}
    at = int(len(text) * 0.9)
    for name, part in (("train", text[:at]), ("val", text[at:])):
        (folder / f"{name}.bin").write_bytes(np.array([ids[one] for one in part], "<u2").tobytes())
    (folder / "meta.pkl").write_bytes(b"never read")


@pytest.mark.parametrize("piece_bytes", [3, 2**20])
def test_characters_are_those_of_the_text(tmp_path, monkeypatch, piece_bytes):
    monkeypatch.setattr("corpuskit.formats.foreign_tokenizer._PIECE_BYTES", piece_bytes)
    text = "To be, or not — 是 𝄞!\n" * 9
    nanogpt_characters(tmp_path / "out", text)
    (tmp_path / "input.txt").write_text(text, encoding="utf-8")
    said = {"vocabulary_from": tmp_path / "input.txt"}
    back = imported(tmp_path, "nanogpt", "chars", **said)
    there = corpuskit.open_foreign(tmp_path / "out", "nanogpt", encoding="chars", **said)
    for corpus in (back, there, corpuskit.open(tmp_path / "back")):
        assert corpus.decode(corpus["train"][:]) + corpus.decode(corpus["valid"][:]) == text
    assert sum(back[name].document_text_bytes().sum() for name in back) == len(text.encode())


def test_an_export_of_characters_has_them(tmp_path):
    (tmp_path / "a.txt").write_text("héllo")
    corpus = corpuskit.prepare(
        str(tmp_path / "a.txt"), encoding="chars", split="none", output=tmp_path / "chars"
    )
    corpuskit.export(corpus, "nanogpt", tmp_path / "out")
    back = imported(tmp_path, "nanogpt", "chars")
    assert back.decode(back["train"][:]) == "héllo"
    there = corpuskit.open_foreign(tmp_path / "out" / "train.bin", "nanogpt", encoding="chars")
    assert there.decode(there["train"][:]) == "héllo"


def test_characters_that_nobody_names_are_asked_for(tmp_path):
    nanogpt_characters(tmp_path / "out", "abc" * 9)
    with pytest.raises(ConfigError, match="does not have it; name the text .* --vocabulary-from"):
        imported(tmp_path, "nanogpt", "chars")
    with pytest.raises(ConfigError, match="does not have it; name the text .* --vocabulary-from"):
        corpuskit.open_foreign(tmp_path / "out", "nanogpt", encoding="chars")


def test_a_text_with_too_few_characters_is_refused(tmp_path):
    nanogpt_characters(tmp_path / "out", "abc" * 9)
    (tmp_path / "input.txt").write_text("ab")
    with pytest.raises(
        CorpusFormatError, match="token 2 is 2, and the ids of 'chars' go from 0 to 1; name their own text"
    ):
        imported(tmp_path, "nanogpt", "chars", vocabulary_from=tmp_path / "input.txt")


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (b"ab\xff", {}, ConfigError, "no text in UTF-8 .* near byte 2"),
        (b"ab\xc3", {}, ConfigError, "no text in UTF-8 .* near byte 2"),
        (b"", {}, TokenizerError, "no characters"),
        (
            None,
            {},
            CorpusFormatError,
            "--vocabulary-from .*: cannot be read: No such file or directory; name the text",
        ),
        (b"ab", {"encoding": "bytes"}, ConfigError, "bytes has a vocabulary of its own; leave it out"),
    ],
)
def test_a_text_that_gives_no_vocabulary_is_refused(tmp_path, data, options, error, message):
    nanogpt_characters(tmp_path / "out", "abc" * 9)
    if data is not None:
        (tmp_path / "input.txt").write_bytes(data)
    with pytest.raises(error, match=message):
        imported(
            tmp_path, "nanogpt", **{"encoding": "chars", "vocabulary_from": tmp_path / "input.txt"} | options
        )
    assert not (tmp_path / "back").exists()

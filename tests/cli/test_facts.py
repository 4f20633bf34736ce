"""Defaults that say themselves, and what `info` says of a corpus."""

from __future__ import annotations

import re
import zipfile

import corpuskit

P = ("prepare", "--encoding", "bytes", "-o", "x")


def test_info_says_what_a_corpus_is(typed):
    typed(*P, "./a.txt", "./c.jsonl", "./d.csv")
    out, _ = typed("info", "x")
    facts = {line[:11].strip(): line[12:] for line in out.splitlines()[5:] if line[:1] != " "}
    assert facts["inputs"].endswith("1 csv, 1 jsonl, 1 text")
    tokens, documents, size = 1000 + 9 * 8 + 2 * 7 + 12, 12, 1000 + 9 * 8 + 2 * 7
    assert facts["rates"] == f"{size / tokens:.2f} bytes a token, {tokens / documents:.1f} tokens a document"
    assert re.fullmatch(r"corpuskit-core \S+", facts["made by"])
    assert facts["options"].startswith("split none, eot yes, format by extension, invalid_utf8 error")
    assert "part_bytes 16M" in facts["options"]
    assert "'" not in facts["options"]


def test_info_counts_an_archive_as_text(typed, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "text")
    typed(*P, "./a.zip")
    out, _ = typed("info", "x")
    assert re.search(r"^inputs .*: text$", out, re.MULTILINE)


def test_info_says_no_rate_of_text_that_is_not_all_in_the_corpus(typed):
    typed(*P, "./a.txt", "./c.jsonl", "--max-tokens", "3")
    out, _ = typed("info", "x")
    assert "bytes a token" not in out
    assert "tokens a document" in out


def test_info_says_the_license_of_a_named_corpus(typed):
    typed(*P, "python-docs")
    out, _ = typed("info", "x")
    assert re.search(r"^license +PSF-2.0$", out, re.MULTILINE)


def test_info_works_without_the_record_of_the_run(typed, tmp_path):
    typed(*P, "./a.txt")
    for content in (None, "{", "[]", '{"num_tokens": "x", "plugins": 3}'):
        (tmp_path / "x" / "run.json").unlink(missing_ok=True)
        if content is not None:
            (tmp_path / "x" / "run.json").write_text(content)
        out, _ = typed("info", "x")
        assert "tokens a document" in out


def test_what_a_corpus_was_made_of_is_said_step_by_step(typed, small_corpus):
    typed("reshard", str(small_corpus), "--shard-bytes", "100", "-o", "small")
    typed("concat", "small", str(small_corpus), "-o", "both")
    out, _ = typed("info", "both")
    parents = [corpuskit.open(path).fingerprint[:12] for path in ("small", small_corpus)]
    assert f"derived     concat of text ({parents[0]}), text ({parents[1]})\n" in out
    assert "derived" not in typed("info", str(small_corpus))[0]
    typed("reshard", "small", "--shard-bytes", "64", "-o", "smaller")
    assert (
        "reshard (shard_bytes 100) of text ("
        in typed("info", "smaller")[0].partition("derived")[2].partition(", then ")[0]
    )


def test_info_and_trace_say_documents_of_trainers_files_by_their_number(typed):
    typed(*P, "./a.txt", "./c.jsonl")
    typed("export", "x", "--format", "megatron", "-o", "files")
    typed("import", "files", "--format", "megatron", "--name", "y", "--encoding", "bytes", "-o", "back")
    out, _ = typed("info", "back")
    assert re.search(r"^inputs +2, .*: megatron$", out, re.MULTILINE)
    typed("concat", "x", "back", "-o", "both")
    out, _ = typed("info", "both")
    assert re.search(r"^inputs +4, .*: of several corpora$", out, re.MULTILINE)
    out, _ = typed("where", "back", "--input", "train.bin#1", "--inputs", ".")
    assert "train.bin#1" in out
    assert "byte" not in out

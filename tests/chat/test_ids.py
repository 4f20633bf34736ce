"""Conversations that were marked by hand are prepared as the ids and loss that tiktoken and the marks give.

The oracle shares no code with corpuskit: tiktoken's `Encoding` is given the text as it was written by hand,
with `«im_end»` for a control token, which is a special token of that name there. A token is learned if a byte
of it lies between `⟦` and `⟧`.
"""

from __future__ import annotations

import json
import re

import pytest
import tiktoken
from marked_conversations import RECORDS, rendered

import corpuskit

#: What is added to gpt2 for each template, in the order of the ids that follow its 50,257.
ADDED = {
    "chatml": ["«im_start»", "«im_end»"],
    "llama3": ["«begin_of_text»", "«start_header_id»", "«end_header_id»", "«eot_id»"],
    "plain": [],
}
#: OpenAI's own numbers.
HARMONY = {
    "«return»": 200002, "«constrain»": 200003, "«channel»": 200005, "«start»": 200006, "«end»": 200007,
    "«message»": 200008, "«call»": 200012,
}  # fmt: skip


def signs(template: str, encoding: str) -> dict[str, int]:
    """The ids of the control tokens, as the texts that were written by hand spell them."""
    if template == "harmony":
        return HARMONY
    first, end_of_text = {"gpt2": (50257, 50256), "bytes": (257, 256)}[encoding]
    return {"«»": end_of_text, **{name: first + n for n, name in enumerate(ADDED[template])}}


def tokens(text: str, control: dict[str, int], encoding: str) -> list[tuple[int, int]]:
    """The (id, bytes) of a text, whose control tokens have the bytes of their signs."""
    if encoding == "bytes":
        found = []
        for part in re.split(f"({'|'.join(control)})", text):
            is_control = part in control
            found += [(control[part], len(part.encode()))] if is_control else [(n, 1) for n in part.encode()]
        return found
    known = tiktoken.get_encoding(encoding)
    marked = tiktoken.Encoding(
        "marked", pat_str=known._pat_str, mergeable_ranks=known._mergeable_ranks, special_tokens=control
    )
    ids = marked.encode(text, allowed_special="all")
    return [(number, len(marked.decode_single_token_bytes(number))) for number in ids]


def expected(marked: str, control: dict[str, int], encoding: str) -> tuple[list[int], list[int]]:
    """The ids of a conversation that was marked by hand, and its loss."""
    text, learned, is_learned = "", [], False
    for character in marked:
        if character in "⟦⟧":
            is_learned = character == "⟦"
            continue
        text += character
        learned += [is_learned] * len(character.encode())
    ids, loss, at = [], [], 0
    for number, size in tokens(text, control, encoding):
        ids.append(number)
        loss.append(int(any(learned[at : at + size])))
        at += size
    assert at == len(learned)
    return ids, loss


@pytest.mark.parametrize(
    ("template", "encoding"),
    [
        ("harmony", "o200k_harmony"),
        ("chatml", "gpt2"),
        ("llama3", "gpt2"),
        ("plain", "gpt2"),
        ("chatml", "bytes"),
        ("plain", "bytes"),
    ],
)
def test_ids_and_loss_are_those_that_were_marked_by_hand(tmp_path, template, encoding):
    path = tmp_path / "conversations.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS.values()))
    corpus = corpuskit.prepare(
        str(path), format="chat", template=template, encoding=encoding, add_tokens=True, split="none",
        output=tmp_path / "corpus", workers=1,
    )  # fmt: skip
    split, control, conversations = corpus["train"], signs(template, encoding), rendered(template)
    assert split.num_documents == len(conversations) >= 20
    loss = split.stream("loss")
    for number, (name, marked) in enumerate(conversations.items()):
        piece = split.document_piece(number)
        found = split[piece.start : piece.stop].tolist(), loss[piece.start : piece.stop].tolist()
        assert found == expected(marked, control, encoding), name

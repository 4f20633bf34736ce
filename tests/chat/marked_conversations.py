"""Conversations as the tests write them down: `«im_end»` is a control token, and `⟦...⟧` is to be learned."""

import json
import re
from pathlib import Path

from corpuskit.tokenizers.pieces import DocumentPiece

FOLDER = Path(__file__).parent
#: Records by what they show; what each template makes of them is in `rendered/`, written by hand.
RECORDS = json.loads((FOLDER / "conversations.json").read_text())
_SIGN = re.compile("«([^»]*)»|(⟦|⟧)")


def rendered(template: str) -> dict[str, str]:
    """What a template makes of each conversation, marked."""
    text = (FOLDER / f"rendered/{template}.txt").read_text()
    parts = re.split(r"^=== (.*)\n", text, flags=re.MULTILINE)
    return {name: body.removesuffix("\n") for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def runs(marked: str) -> list[tuple[bytes, bool, bool]]:
    """What is marked as pieces, neighbouring text that is alike as one."""
    found: list[DocumentPiece] = []
    is_trained, at = False, 0
    for sign in _SIGN.finditer(marked):
        found.append(DocumentPiece(marked[at : sign.start()].encode(), False, is_trained))
        at = sign.end()
        if sign[2]:
            is_trained = sign[2] == "⟦"
        else:
            name = f"<|{sign[1]}|>" if sign[1] else ""
            found.append(DocumentPiece(name.encode(), True, is_trained))
    return joined([*found, DocumentPiece(marked[at:].encode(), False, is_trained)])


def joined(pieces: list[DocumentPiece]) -> list[tuple[bytes, bool, bool]]:
    """Pieces with neighbouring text that is alike as one, and without empty text."""
    found: list[tuple[bytes, bool, bool]] = []
    for text, is_control, is_trained in pieces:
        if not is_control and found and found[-1][1:] == (False, is_trained):
            found[-1] = (found[-1][0] + text, False, is_trained)
        elif is_control or text:
            found.append((text, is_control, is_trained))
    return found

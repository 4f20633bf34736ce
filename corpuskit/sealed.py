"""JSON files that carry a digest of themselves: any changed bit shows.

The last field is `sha256`, the digest of all bytes of the file in front of the digest's own. Nothing but the
end of the object and of the line follows it, so there is no byte that the two do not cover.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from corpuskit import storage

FIELD = "sha256"
_BEFORE = b',\n  "sha256": "'
_AFTER = b'"\n}\n'
_DIGEST_BYTES = 64


def to_bytes(value: Mapping[str, Any], *, indented: bool = True) -> bytes:
    """A JSON object with at least one field, as the bytes of a file that carries its digest.

    Args:
        value: The object.
        indented: Whether people may read it. Not indented it takes a fraction of the time.
    """
    fields = {key: item for key, item in value.items() if key != FIELD}
    if indented:
        head = storage.json_bytes(fields).removesuffix(b"\n}\n") + _BEFORE
    else:
        head = json.dumps(fields).encode().removesuffix(b"}") + _BEFORE
    return head + hashlib.sha256(head).hexdigest().encode() + _AFTER


def is_whole(data: bytes) -> bool:
    """Whether bytes are as `to_bytes` made them."""
    end = len(data) - len(_AFTER)
    head, stated = memoryview(data)[: end - _DIGEST_BYTES], data[end - _DIGEST_BYTES : end]
    return (
        end - _DIGEST_BYTES > len(_BEFORE)
        and data.endswith(_AFTER)
        and head[-len(_BEFORE) :] == _BEFORE
        and hashlib.sha256(head).hexdigest().encode() == stated
    )

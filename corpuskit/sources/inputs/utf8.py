"""Whether bytes are UTF-8, and what to call those that are not."""

from __future__ import annotations

import codecs

_VALIDATE_BYTES = 32 * 1024


def invalid_utf8(text: bytes, error: UnicodeDecodeError) -> str:
    """What to call broken bytes."""
    return f"invalid UTF-8 (0x{text[error.start]:02x}, {error.reason})"


def is_valid(block: bytes, *, final: bool = False) -> bool:
    """Whether a block is UTF-8; unless it is final, its end may cut a character."""
    view, at = memoryview(block), 0
    try:
        while at < len(view):
            # Decoding is how Python validates; in small steps, what it makes stays in the processor's cache.
            end = min(at + _VALIDATE_BYTES, len(view))
            _, used = codecs.utf_8_decode(view[at:end], "strict", final and end == len(view))
            if used == 0:
                break
            at += used
    except UnicodeDecodeError:
        return False
    return True


__all__ = ["invalid_utf8", "is_valid"]

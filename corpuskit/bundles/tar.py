"""The few bytes that make a tar archive of files: one way to spell each, so that a reader can compare them.

A member is a header of 512 bytes, the file's bytes, and zeros up to a multiple of 512. Two blocks of zeros
end the archive. All that a header says beside the name and the size is fixed (mode 0644, nobody's, 1970), so
a header that names anything but a plain file beside the others is never equal to one that is made here.
"""

from __future__ import annotations

import re

BLOCK_BYTES = 512
END = bytes(2 * BLOCK_BYTES)

_NAME_BYTES = 100
_SIZE_AT, _SIZE_BYTES = 124, 12
_CHECKSUM_AT = 148
_NOBODY = b"0000000\0"
#: The largest size that the format has octal digits for; GNU tar's way to spell others is used beyond.
_MAX_OCTAL = 8**11 - 1


def header(name: str, size_bytes: int) -> bytes:
    """The header of one file.

    Args:
        name: Its name, at most 100 ASCII characters.
        size_bytes: Its size.
    """
    spelled = name.encode("ascii")
    assert 0 < len(spelled) <= _NAME_BYTES
    if size_bytes <= _MAX_OCTAL:
        size = b"%011o\0" % size_bytes
    else:
        size = b"\x80" + size_bytes.to_bytes(_SIZE_BYTES - 1, "big")
    block = b"".join(
        (
            spelled.ljust(_NAME_BYTES, b"\0"),
            b"0000644\0",  # the mode
            _NOBODY,  # the user
            _NOBODY,  # the group
            size,
            b"00000000000\0",  # the time
            b" " * 8,  # the checksum, while it is computed
            b"0",  # a file
            bytes(100),  # no link
            b"ustar\0",
            b"00",
            bytes(64),  # names of user and group
            _NOBODY,  # no device
            _NOBODY,
            bytes(167),  # no prefix
        )
    )
    checksum = b"%06o\0 " % sum(block)
    return block[:_CHECKSUM_AT] + checksum + block[_CHECKSUM_AT + len(checksum) :]


def size_in(block: bytes) -> int:
    """The size in a header that may be anybody's; -1 if it has none. `header` says if the rest is right."""
    size = block[_SIZE_AT : _SIZE_AT + _SIZE_BYTES]
    return int(size[:-1], 8) if re.fullmatch(rb"[0-7]{11}\0", size) else -1


def named(block: bytes, name: str) -> bool:
    """Whether a header is of a file of this name."""
    return block.startswith(name.encode("ascii") + b"\0")


def padding(size_bytes: int) -> bytes:
    """The zeros after so many bytes of a file."""
    return bytes(-size_bytes % BLOCK_BYTES)


def archive_bytes(sizes: list[int]) -> int:
    """The size of an archive of files of these sizes."""
    return sum(BLOCK_BYTES + size + len(padding(size)) for size in sizes) + len(END)

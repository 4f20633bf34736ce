"""What a file is that is not the text it is taken for, told from its first bytes.

Each rule is one that no text in UTF-8 meets by chance: what a file is called decides how it is read, and its
first bytes only say why that cannot work.
"""

from __future__ import annotations

import re

#: How many first bytes the rules look at.
HEAD_BYTES = 2**12

#: The second is what the program was called before 2014.
_LFS = (b"version https://git-lfs.github.com/spec/v1", b"version https://hawser.github.com/spec/v1")
_LFS_WORDS = "a Git LFS pointer and not the file itself; get it with git lfs pull"
_HTML = re.compile(rb"\s*(?:<!doctype html|<html)", re.IGNORECASE)

_TEXT_ONLY = "leave it out, or write its text into a file"
_TWICE = "compressed data inside another compression; unpack it once"
_UNPACK = "unpack it and name the files in it"
_BINARY = (
    (re.compile(rb"PK\x03\x04"), f"a zip archive or an Office document under another name; {_UNPACK}"),
    (re.compile(rb"PAR1[\x00-\x1f]"), "a Parquet file; read it with --format parquet"),
    (re.compile(rb"ARROW1\x00\x00"), "an Arrow file; read it with --format arrow"),
    (re.compile(rb"%PDF-[12]\.\d[\r\n ]"), "a PDF document; turn it into text (pdftotext)"),
    (re.compile(rb"SQLite format 3\x00"), "an SQLite database; write its text into a file"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), f"a 7z archive; {_UNPACK}"),
    (re.compile(rb"Rar!\x1a\x07"), f"a RAR archive; {_UNPACK}"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an Office document; save it as text"),
    (re.compile(rb"\x93NUMPY"), "a NumPy array; write its text into a file"),
    (re.compile(rb"Obj\x01"), "an Avro file; write its text into a file of JSON Lines"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), f"a PNG image; {_TEXT_ONLY}"),
    (re.compile(rb"\xff\xd8\xff"), f"a JPEG image; {_TEXT_ONLY}"),
    (re.compile(rb"GIF8[79]a.{4}[\x80-\xff].\x00", re.DOTALL), f"a GIF image; {_TEXT_ONLY}"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), f"a WebP image; {_TEXT_ONLY}"),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), f"a WAVE recording; {_TEXT_ONLY}"),
    (re.compile(rb"\x89HDF\r\n\x1a\n"), f"an HDF5 file; {_TEXT_ONLY}"),
    (re.compile(rb"II\*\x00|MM\x00\*"), f"a TIFF image; {_TEXT_ONLY}"),
    (re.compile(rb"OggS\x00|ID3[\x02-\x04]\x00|fLaC\x00"), f"a sound recording; {_TEXT_ONLY}"),
    (re.compile(rb"\x00\x00\x00.ftyp|\x1a\x45\xdf\xa3", re.DOTALL), f"a video; {_TEXT_ONLY}"),
    (re.compile(rb"\x7fELF[\x01\x02]|MZ\x90\x00"), f"a program; {_TEXT_ONLY}"),
    (
        re.compile(rb"GGUF[\x01-\x09]\x00|.{4}\x00{4}\{\"", re.DOTALL),
        f"a file of a model's weights; {_TEXT_ONLY}",
    ),
    (re.compile(rb"\x80[\x02-\x05][\x28-\x95]"), "a Python pickle; write its text into a file"),
    (re.compile(rb"\x1f\x8b\x08|\x28\xb5\x2f\xfd|\xfd7zXZ\x00|BZh[1-9]1AY&SY|\x04\x22\x4d\x18"), _TWICE),
)
#: A tar archive's header holds the sum of its own bytes, in octal digits; a new one has a word, too.
_TAR_HEADER_BYTES, _TAR_MAGIC_AT, _TAR_SUM = 512, 257, slice(148, 156)

#: Control characters that no text has, and that every second byte of UTF-16 is in most alphabets.
_RARE = bytes(range(9))
#: What the planes of Unicode are numbered with: a character of UTF-32 has this and a zero before it.
_PLANES = bytes(range(17))
#: Where Western text has its letters among zeros: encoding, bytes a character, and the letter's place.
_LATIN = (("UTF-32LE", 4, 0), ("UTF-32BE", 4, 3), ("UTF-16LE", 2, 0), ("UTF-16BE", 2, 1))
_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\f\r"})
#: How many pairs of bytes must be seen, and which share of them must look like UTF-16 where there are many.
_FEW_PAIRS, _MANY_PAIRS, _SHARE = 8, 64, 0.8


def other_than_text(head: bytes) -> str | None:
    """What a file is whose text should begin like this, and what to do; None for what may be text.

    Args:
        head: Its first `HEAD_BYTES` bytes, decompressed, or all there are.
    """
    if head.startswith(_LFS):
        return _LFS_WORDS
    if _is_tar(head):
        return f"a tar archive; {_UNPACK}"
    for pattern, words in _BINARY:
        if pattern.match(head):
            return words
    encoding = _wide_encoding(head)
    if encoding is None:
        return None
    name = encoding.removesuffix("LE").removesuffix("BE")
    return f"text in {name} without a byte order mark; convert it to UTF-8 (iconv -f {encoding} -t UTF-8)"


def other_than_stored(head: bytes) -> str | None:
    """What a file is that should be compressed, an archive or a table, and is not; None if it cannot be told.

    Args:
        head: Its first `HEAD_BYTES` bytes as they are stored, or all there are.
    """
    if head.startswith(_LFS):
        return _LFS_WORDS
    if is_html(head):
        return "a page of HTML, such as a server sends instead of a file; get the file again"
    return None


def is_html(head: bytes) -> bool:
    """Whether a file that begins like this is a page of HTML."""
    return _HTML.match(head) is not None


def _is_tar(head: bytes) -> bool:
    """Whether a file begins as a tar archive does, which has zeros after its first member's name."""
    if b"\0" not in head[:_TAR_MAGIC_AT]:
        return False
    if head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar":
        return True
    header, digits = head[:_TAR_HEADER_BYTES], head[_TAR_SUM].strip(b" \0")
    if len(header) < _TAR_HEADER_BYTES or not digits or digits.strip(b"01234567"):
        return False
    return sum(header) - sum(header[_TAR_SUM]) + 8 * ord(" ") == int(digits, 8)


def _wide_encoding(head: bytes) -> str | None:
    """The encoding of two or four bytes a character that text seems to be in, or None."""
    if b"\0" not in head or not head.strip(b"\0") or len(head) % 2:
        return None
    for encoding, width, at in _LATIN:
        others = [head[other::width] for other in range(width) if other != at]
        if len(head) >= 2 * width and not any(other.strip(b"\0") for other in others):
            return encoding if len(head[at::width].translate(None, _CONTROLS)) * width == len(head) else None
    if len(head) >= 4 * _FEW_PAIRS:
        planes = [not head[at : len(head) // 4 * 4 : 4].translate(None, _PLANES) for at in range(4)]
        zeros = [not head[at : len(head) // 4 * 4 : 4].strip(b"\0") for at in range(4)]
        if (zeros[3] and planes[2]) or (zeros[0] and planes[1]):
            return "UTF-32LE" if zeros[3] else "UTF-32BE"
    pairs = len(head) // 2
    even, odd = _count_rare(head[::2]), _count_rare(head[1::2])
    needed = pairs if pairs < _MANY_PAIRS else _SHARE * pairs
    if pairs < _FEW_PAIRS or max(even, odd) < needed or min(even, odd) > pairs // 16:
        return None
    return "UTF-16LE" if odd > even else "UTF-16BE"


def _count_rare(data: bytes) -> int:
    return len(data) - len(data.translate(None, _RARE))

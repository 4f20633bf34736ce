"""Which inputs are no longer those of a manifest, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

#: How many names of each kind of change are given.
_NAMES_SHOWN = 3

#: An input as a manifest has it: its name, size in bytes, sha256 and split.
Recorded = tuple[str, int, str, "str | None"]
#: An input as it is found: its name, and its size and sha256 as far as they are known or can be computed.
Found = tuple[str, "int | None", "str | Callable[[], str] | None"]


def changes(recorded: Sequence[Recorded], found: Sequence[Found]) -> str:
    """What became of a manifest's inputs: "a.txt has changed; b.txt is new; c.txt is gone".

    Args:
        recorded: (name, size in bytes, sha256, split) of each input, in order.
        found: The inputs now.
    """
    before = {name: (size_bytes, sha256) for name, size_bytes, sha256, _ in recorded}
    now = {name for name, _, _ in found}
    new = [name for name in dict.fromkeys(name for name, _, _ in found) if name not in before]
    gone = [name for name in before if name not in now]
    # Where names have come or gone that is the answer; content is hashed only where nothing else differs.
    hashed = not new and not gone and all(before[n][0] == size for n, size, _ in found if size is not None)
    changed = _first(
        name for name, size, sha256 in found if _differs(before.get(name), size, sha256, hashed=hashed)
    )
    phrases = [
        _phrase(changed, "has changed", "have changed"),
        _phrase(new, "is new", "are new"),
        _phrase(gone, "is gone", "are gone"),
    ]
    return "; ".join(filter(None, phrases)) or "their order or their splits have changed"


def _differs(
    before: tuple[int, str] | None, size: int | None, sha256: str | Callable[[], str] | None, *, hashed: bool
) -> bool:
    if before is None:
        return False
    if size is not None and size != before[0]:
        return True
    if callable(sha256):
        sha256 = sha256() if hashed else None
    return bool(sha256) and sha256 != before[1]


def _first(names: Iterator[str]) -> list[str]:
    """As many names as tell whether there are more than are shown."""
    return [name for name, _ in zip(names, range(_NAMES_SHOWN + 1), strict=False)]


def _phrase(names: Sequence[str], one: str, several: str) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = " and more" if len(names) > _NAMES_SHOWN else ""
    return f"{shown}{more} {one if len(names) == 1 else several}"

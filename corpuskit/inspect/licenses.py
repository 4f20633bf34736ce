"""Licences by SPDX expressions, and by the identifiers that Hugging Face has for some of them."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Sequence

from packaging.licenses import canonicalize_license_expression

#: What Hugging Face takes in a card's `license`, in lower case as SPDX spells it.
_SAME = frozenset(
    [
        "apache-2.0",
        "mit",
        "afl-3.0",
        "artistic-2.0",
        "bsl-1.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cdla-sharing-1.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "wtfpl",
        "ecl-2.0",
        "epl-1.0",
        "epl-2.0",
        "etalab-2.0",
        "eupl-1.1",
        "isc",
        "lppl-1.3c",
        "ms-pl",
        "mpl-2.0",
        "osl-3.0",
        "postgresql",
        "ofl-1.1",
        "ncsa",
        "unlicense",
        "zlib",
    ]
)
#: And what it calls otherwise.
_OTHERWISE = {
    "c-uda-1.0": "c-uda",
    "odbl-1.0": "odbl",
    "odc-by-1.0": "odc-by",
    "pddl-1.0": "pddl",
    **{
        f"gfdl-{version}-{which}": "gfdl"
        for version in ("1.1", "1.2", "1.3")
        for which in ("only", "or-later")
    },
    **{f"{name}-only": name for name in ("agpl-3.0", "gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0")},
}
#: Longer ones are taken for phrases.
_MAX_EXPRESSION = 1000
_MAX_REFERENCE = 64


@dataclasses.dataclass(frozen=True)
class License:
    """The licence of a text.

    Args:
        said: What the source says of it.
        expression: An SPDX expression; for a phrase that is none, a reference of its own, `LicenseRef-...`.
        is_expression: Whether the source said an SPDX expression.
    """

    said: str
    expression: str
    is_expression: bool = True

    @property
    def hub_id(self) -> str | None:
        """The identifier that Hugging Face has for it; None if it has none."""
        name = self.expression.lower()
        return name if name in _SAME else _OTHERWISE.get(name)

    @property
    def url(self) -> str | None:
        """Where SPDX has its text; None for what is not one licence of its list."""
        is_listed = re.fullmatch(r"(?!LicenseRef-)[A-Za-z0-9.-]+", self.expression)
        return f"https://spdx.org/licenses/{self.expression}" if is_listed else None


def license_of(said: str | None) -> License | None:
    """The licence that a source names; None where it names none.

    Args:
        said: An SPDX expression in any case, or a short phrase such as "Public domain".
    """
    if said is None or not said.strip():
        return None
    with contextlib.suppress(ValueError):
        if len(said) <= _MAX_EXPRESSION:
            return License(said, canonicalize_license_expression(said))
    name = re.sub(r"[^A-Za-z0-9.]+", "-", said)[:_MAX_REFERENCE].strip("-.")
    return License(said, f"LicenseRef-{name or 'unnamed'}", is_expression=False)


def all_of(licenses: Sequence[License]) -> License:
    """What holds where several licences hold together, for at least one."""
    unique = {one.expression: one.said for one in licenses}
    if len(unique) == 1:
        return licenses[0]
    parts = sorted(f"({each})" if " OR " in each or " AND " in each else each for each in unique)
    return License(" and ".join(unique.values()), " AND ".join(parts))


__all__ = ["License", "all_of", "license_of"]

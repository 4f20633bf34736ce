"""The fields of records that are kept beside the text: which, and of what type.

`url,lang,score:float,meta.source,labels:str` names five, two of them with the type that they are to have.
Where nothing is said, the field `id` is kept of records that have one, whatever it holds: it becomes text
where it is not a whole number everywhere. A field that nobody asked for is never an error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from corpuskit.errors import ConfigError

#: The types that kept fields have, with the Python type of their values.
FieldType = Literal["str", "int", "float", "bool"]
TYPES: Mapping[FieldType, type] = {"str": str, "int": int, "float": float, "bool": bool}
#: The most fields that are kept of one corpus.
MAX_FIELDS = 256


@dataclasses.dataclass(frozen=True, slots=True)
class KeptField:
    """A field that is kept.

    Args:
        name: Its name; dots lead into nested objects where no field has the name as it is.
        type: One of `TYPES` that its values are turned into or must have; None where the first value decides.
        is_asked: Whether the user asked for it; else it is kept where there is one, and never an error.
    """

    name: str
    type: FieldType | None = None
    is_asked: bool = True


#: What is kept where the user says nothing.
DEFAULT = (KeptField("id", is_asked=False),)


def parse_keep(said: str | None) -> tuple[KeptField, ...]:
    """The fields that `--keep` names, in its order.

    Args:
        said: What the user said; empty keeps none, None is the default.

    Raises:
        ConfigError: If a name is empty or named twice, or there are too many.
    """
    if said is None:
        return DEFAULT
    if not isinstance(said, str):
        expected = "fields' names such as url,lang,score:float"
        raise ConfigError(f"--keep {said!r}: expected {expected}", expected=expected, found=said)
    fields: list[KeptField] = []
    for one in said.split(",") if said else ():
        name, colon, said_type = one.strip().rpartition(":")
        type = next((known for known in TYPES if known == said_type), None) if colon else None
        if type is None:
            name = one.strip()
        if not name:
            raise ConfigError(
                f"--keep {said!r}: expected fields' names with commas between them, found an empty one; "
                "--keep '' keeps none",
                found=said,
            )
        if any(name == field.name for field in fields):
            raise ConfigError(f"--keep {said!r}: {name!r} is named twice; leave one out", found=name)
        fields.append(KeptField(name, type))
    if len(fields) > MAX_FIELDS:
        raise ConfigError(f"--keep: {len(fields):,} fields, expected at most {MAX_FIELDS}", found=len(fields))
    return tuple(fields)


__all__ = ["DEFAULT", "MAX_FIELDS", "TYPES", "FieldType", "KeptField", "parse_keep"]

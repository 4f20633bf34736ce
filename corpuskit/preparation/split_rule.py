"""How a corpus is divided into splits: by its source, by characters, or document by document.

Three rules, each of which depends on the text only:

- given: each input belongs to the split that its source says;
- characters: the text's last part, counted in characters, is the valid split, as in nanoGPT;
- documents: a document's own content decides, through a hash. Equal documents fall on one side, and
  adding documents moves none of those that were there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re

from corpuskit.corpus.manifest import SPLIT_NAME
from corpuskit.errors import ConfigError
from corpuskit.units import parse_fraction

_SYNTAX = "'characters:0.1', 'valid=0.01,test=0.01' or 'none'"


@dataclasses.dataclass(frozen=True, slots=True)
class SplitRule:
    """How documents find their split.

    Args:
        kind: "given", "characters", "documents" or "none".
        fractions: Each split other than train, in order, with its share of the corpus, 0 < share < 1.
    """

    kind: str
    fractions: tuple[tuple[str, float], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The splits that the rule makes, in the order of the manifest; empty where inputs say it."""
        return () if self.kind == "given" else ("train", *(name for name, _ in self.fractions))

    def split_of(self, text: bytes) -> str:
        """The split of a document under a "documents" rule: a pure function of its text.

        The first 8 bytes of the text's sha256, read as a fraction of 2**64, fall into [0, f1) for the
        first split, [f1, f1 + f2) for the second, and so on; what is left is train.
        """
        point = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") / 2**64
        for name, fraction in self.fractions:
            point -= fraction
            if point < 0:
                return name
        return "train"


def parse_rule(text: str, *, given: bool) -> SplitRule:
    """The rule that `--split` or a source's spec says.

    Args:
        text: "characters:0.1", "valid=0.01,test=0.01", "none", or "" for what the source gives.
        given: Whether the source's inputs say their splits.

    Raises:
        ConfigError: If the text is none of these, or the fractions leave nothing for train.
    """
    if text == "":
        return SplitRule("given" if given else "none")
    if text == "none":
        return SplitRule("none")
    if text.startswith("characters:"):
        return SplitRule("characters", (("valid", _fraction(text, text.removeprefix("characters:"))),))
    fractions = []
    for item in text.split(","):
        found = re.fullmatch(rf"\s*({SPLIT_NAME})\s*=\s*(\S+)\s*", item)
        if found is None:
            raise ConfigError(f"--split {text!r}: expected {_SYNTAX}", found=text)
        fractions.append((found[1], _fraction(text, found[2])))
    names = [name for name, _ in fractions]
    if "train" in names or len(set(names)) != len(names):
        raise ConfigError(
            f"--split {text!r}: each split once, and train is what the others leave", found=text
        )
    if sum(fraction for _, fraction in fractions) >= 1:
        raise ConfigError(
            f"--split {text!r}: the fractions add up to 1 or more and leave nothing for train", found=text
        )
    return SplitRule("documents", tuple(fractions))


def _fraction(whole: str, text: str) -> float:
    try:
        value = parse_fraction(text)
    except ValueError:
        raise ConfigError(
            f"--split {whole!r}: {text!r} is not a number; expected {_SYNTAX}", found=whole
        ) from None
    if not 0 < value < 1:
        raise ConfigError(f"--split {whole!r}: {text} is not between 0 and 1", found=whole)
    return value

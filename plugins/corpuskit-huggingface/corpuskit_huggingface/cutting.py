r"""Whether a tokenizer.json lets a text be cut at the places of `corpuskit.tokenizers.boundaries`.

Those places (before a space that follows a visible character, after a single line feed between visible
characters, before a CJK comma or full stop) are shown there for tiktoken's patterns. They are safe here too
if every step of the tokenizer respects them:

- the normalizer is missing or NFC: no character composes with a space, a line feed, an ideograph or CJK
  punctuation that it follows or precedes there, and marks are not reordered across them;
- the added tokens that are found in text hold nothing but white space, or nothing but visible characters of
  ASCII, and take nothing from around them: each lies on one side of each place, and what is split begins or
  ends with one as a text does. Special tokens are not found in text, and none may have white space or CJK
  punctuation in its name, or it would hide such a token across a place;
- text is split by one of the patterns below, digits perhaps before that. Each is one of tiktoken's with other
  words for the same classes: after a visible character a space begins a piece; a line feed goes with the
  punctuation before it or is a piece of its own, whatever comes next; letters are followed by letters, marks
  and contractions only. `tokenizers` has the same white space and letters for the characters concerned;
- byte pairs are merged inside a piece, always in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: GPT-2's pattern, which the pre-tokenizer ByteLevel has built in.
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
#: A place may be before one of these.
_CJK_MARKS = "\u3001\u3002\uff0c"
#: GPT-2's, Llama 3's, Qwen 2's, and that of o200k.
PATTERNS = frozenset({GPT2, _CL100K % r"\p{N}{1,3}", _CL100K % r"\p{N}", _O200K})


def may_be_cut(data: Mapping[str, Any]) -> bool:
    """Whether the places are safe for a tokenizer, given its parsed tokenizer.json."""
    normalizer = data.get("normalizer")
    return (
        data["model"].get("type") == "BPE"
        and (normalizer is None or normalizer == {"type": "NFC"})
        and pattern_of(data) in PATTERNS
        and _added_tokens_stay_whole(data["added_tokens"])
    )


def pattern_of(data: Mapping[str, Any]) -> str | None:
    """The one pattern that splits text into the pieces that bytes are merged in; None for anything else."""
    steps = _flat(data.get("pre_tokenizer"))
    if steps and steps[0].get("type") == "Digits":
        steps = steps[1:]
    *before, last = steps or [{}]
    if last.get("type") != "ByteLevel" or last.get("add_prefix_space", True):
        return None
    if last.get("use_regex", True):
        return None if before else GPT2
    if len(before) != 1 or before[0].get("type") != "Split":
        return None
    split = before[0]
    if split.get("behavior") != "Isolated" or split.get("invert"):
        return None
    pattern = split.get("pattern", {}).get("Regex")
    return pattern if isinstance(pattern, str) else None


def _flat(step: Any) -> list[dict[str, Any]]:
    if not isinstance(step, dict):
        return []
    if step.get("type") == "Sequence":
        return [flat for inner in step.get("pretokenizers", []) for flat in _flat(inner)]
    return [step]


def _added_tokens_stay_whole(added: list[dict[str, Any]]) -> bool:
    ordinary = [token for token in added if not token.get("special")]
    if not ordinary:
        return True
    if any(token[flag] for token in ordinary for flag in ("lstrip", "rstrip", "single_word")):
        return False
    special = "".join(token["content"] for token in added if token.get("special"))
    return all(_is_of_one_kind(token["content"]) for token in ordinary) and not any(
        character.isspace() or character in _CJK_MARKS for character in special
    )


def _is_of_one_kind(name: str) -> bool:
    """Whether a name is all white space, or all visible ASCII."""
    return name.isspace() or (name.isascii() and name.isprintable() and " " not in name and name != "")


__all__ = ["GPT2", "PATTERNS", "may_be_cut", "pattern_of"]

"""Corpora whose ids mean the same: those of a mixture."""

from __future__ import annotations

from collections.abc import Mapping

from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError
from corpuskit.tokenizers.added_tokens import fingerprint_with


def check_tokenizers(corpora: Mapping[str, Corpus]) -> None:
    """Check that one vocabulary holds all ids: that of the corpus to which control tokens were added, if any.

    Args:
        corpora: The corpora by name.

    Raises:
        ConfigError: If it does not.
    """
    if not corpora:
        raise ConfigError("a mixture needs a corpus")
    manifests = {name: corpus.manifest for name, corpus in corpora.items()}
    widest = max(manifests, key=lambda name: len(manifests[name].tokenizer.added_tokens))
    expected = manifests[widest].tokenizer
    for name, manifest in manifests.items():
        found = manifest.tokenizer
        extended = found.fingerprint
        if not found.added_tokens:
            extended = fingerprint_with(found.fingerprint, expected.added_tokens)
        if expected.fingerprint not in (found.fingerprint, extended):
            differ = found.added_tokens and found.added_tokens != expected.added_tokens
            same = "--template, or an --encoding that has all control tokens" if differ else "--encoding"
            raise ConfigError(
                f"{name} was prepared with another tokenizer than {widest} (fingerprint "
                f"{found.fingerprint:.12}, expected {expected.fingerprint:.12}); ids of one mean nothing in "
                f"the other, prepare them with the same {same}",
                expected=expected.fingerprint,
                found=found.fingerprint,
            )
        if manifest.dtype != manifests[widest].dtype:
            raise ConfigError(
                f"{name} has ids of {manifest.dtype[1:]} and {widest}, with its added control tokens, of "
                f"{manifests[widest].dtype[1:]}; choose an --encoding that has the control tokens",
                expected=manifests[widest].dtype,
                found=manifest.dtype,
            )


__all__ = ["check_tokenizers"]

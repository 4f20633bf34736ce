"""nanoGPT's token files: one bare .bin a split, which train.py maps as uint16.

```
corpuskit export data/tinyshakespeare/gpt2 --format nanogpt -o nanoGPT/data/mine
python train.py --dataset=mine
```

nanoGPT's own prepare.py for characters also writes `meta.pkl`: train.py takes the vocabulary's size from it,
and sample.py the characters. Without one train.py takes 50,304 ids and sample.py GPT-2's text, which is right
for gpt2 only. `--meta` writes it, for whoever wants a pickle; corpuskit reads none.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import ClassVar

from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError, TokenizerError
from corpuskit.formats.base import Export, Format
from corpuskit.formats.dividing import short_name
from corpuskit.formats.foreign import ForeignFile, ForeignPlace, MappedFile
from corpuskit.formats.foreign_bytes import size_of, whole_items
from corpuskit.formats.limits import check_smallest_type
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.pickled import Value, dumps
from corpuskit.tokenizers.base import Tokenizer

log = logging.getLogger(__name__)

#: The encodings that nanoGPT takes ids for where nothing says otherwise.
_KNOWN = ("gpt2", "r50k_base")


class NanoGPT(Format):
    """One file a split of uint16 ids, little-endian, without a header; "valid" is called val.bin."""

    name: ClassVar[str] = "nanogpt"
    splits_read: ClassVar[tuple[str, ...]] = ("train", "valid")
    meta_file: ClassVar[str | None] = "meta.pkl"
    options_taken: ClassVar[tuple[str, ...]] = ("meta", "link")

    def check(self, corpus: Corpus, splits: Sequence[str], options: ExportOptions) -> None:
        """Refuse ids of four bytes, which nanoGPT would read as two ids each."""
        check_smallest_type(corpus, "nanoGPT")
        if corpus.manifest.dtype != "<u2":
            raise ConfigError(
                f"{corpus.path} has ids of {corpus.manifest.tokenizer.vocab_size:,} as uint32, and nanoGPT "
                "reads uint16 only; prepare it with an encoding of at most 65,536 ids, such as gpt2",
                expected="uint16",
                found="uint32",
            )

    def check_meta(self, corpus: Corpus) -> None:
        """Refuse what train.py and sample.py know without being told."""
        name = corpus.manifest.tokenizer.name
        if name in _KNOWN:
            raise ConfigError(
                f"--meta: train.py and sample.py know {name} by themselves, and would decode it worse with a "
                f"{self.meta_file}; leave --meta out",
                found=name,
            )

    def without_meta(self, corpus: Corpus) -> str | None:
        """Say what the scripts do without it."""
        tokenizer = corpus.manifest.tokenizer
        if tokenizer.name in _KNOWN:
            return None
        return (
            f"without a {self.meta_file}, train.py takes a vocabulary of 50,304 ids instead of "
            f"{tokenizer.vocab_size:,}, and sample.py reads them as GPT-2's; --meta writes one"
        )

    def write_meta(self, export: Export) -> None:
        """Write `vocab_size`, `itos` and `stoi` as sample.py reads them.

        It encodes a text character by character and decodes id by id. For a tokenizer of characters that is
        exact; for another one, what an id alone does not spell reads as U+FFFD.
        """
        tokenizer = export.corpus.tokenizer
        texts = {number: _text_of(tokenizer, number) for number in range(tokenizer.vocab_size)}
        characters = {text: number for number, text in reversed(texts.items()) if len(text) == 1}
        if len(characters) < len(texts):
            log.warning(
                "%s: sample.py encodes by characters and decodes id by id, so with %s it shows some text as "
                "U+FFFD",
                self.meta_file,
                tokenizer.name,
            )
        meta: dict[str, Value] = {
            "vocab_size": tokenizer.vocab_size,
            "itos": texts,
            "stoi": dict(reversed(characters.items())),
        }
        with export.file(str(self.meta_file)) as file:
            file.write(dumps(meta))

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's ids as they are."""
        name = f"{short_name(split)}.bin"
        if export.options.link and export.link(split, name):
            return
        with export.file(name) as file:
            for ids in export.tokens(split):
                file.write(ids.data)

    def read(self, place: ForeignPlace) -> Sequence[ForeignFile]:
        """Each .bin as it is: nothing in it says what its ids are. A meta.pkl is never read."""
        dtype = place.item_type()
        return [
            MappedFile(
                split=place.split_of(path.stem),
                paths=(path,),
                dtype=dtype,
                num_tokens=whole_items(path, size_of(path), dtype.itemsize),
                continues=True,
            )
            for path in place.files(".bin")
        ]


def _text_of(tokenizer: Tokenizer, number: int) -> str:
    """What an id spells alone; nothing for one that is not used."""
    try:
        return tokenizer.decode([number])
    except TokenizerError:
        return ""


__all__ = ["NanoGPT"]

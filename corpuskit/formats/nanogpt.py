"""nanoGPT's token files: one bare .bin a split, which train.py maps as uint16.

```
corpuskit export data/tinyshakespeare/gpt2 --format nanogpt -o nanoGPT/data/mine
python train.py --dataset=mine
```

nanoGPT's own prepare.py for characters also writes `meta.pkl`, from which train.py takes the vocabulary's
size and sample.py the characters. It is a pickle, which corpuskit neither writes nor reads; without it
train.py takes a vocabulary of 50,304 ids, which is right for gpt2 and only wasteful for a smaller one.
`export.json` holds what it needs:

```python
import json, pickle

with open("export.json") as file:
    tokenizer = json.load(file)["tokenizer"]
meta = {"vocab_size": tokenizer["vocab_size"]}
if tokenizer["name"] == "chars":
    meta["itos"] = dict(enumerate(tokenizer["state"]))
    meta["stoi"] = {character: id for id, character in meta["itos"].items()}
with open("meta.pkl", "wb") as file:
    pickle.dump(meta, file)
```
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from corpuskit.corpus.corpus import Corpus
from corpuskit.errors import ConfigError
from corpuskit.formats.base import Export, Format


class NanoGPT(Format):
    """One file a split of uint16 ids, little-endian, without a header; "valid" is called val.bin."""

    name: ClassVar[str] = "nanogpt"
    splits_read: ClassVar[tuple[str, ...]] = ("train", "valid")

    def check(self, corpus: Corpus, splits: Sequence[str]) -> None:
        """Refuse ids of four bytes, which nanoGPT would read as two ids each."""
        if corpus.manifest.dtype != "<u2":
            raise ConfigError(
                f"{corpus.path} has ids of {corpus.manifest.tokenizer.vocab_size:,} as uint32, and nanoGPT "
                "reads uint16 only; prepare it with an encoding of at most 65,536 ids, such as gpt2",
                expected="uint16",
                found="uint32",
            )

    def write_split(self, export: Export, split: str) -> None:
        """Write the split's ids as they are."""
        with export.file(f"{'val' if split == 'valid' else split}.bin") as file:
            for ids in export.tokens(split):
                file.write(ids.data)


__all__ = ["NanoGPT"]

"""How fast a text is found in the ids of a corpus, beside plain passes over the same bytes, on one core.

```
python tests/benchmarks/search.py                        # a corpus of 1 GB of synthetic text, made for it
python tests/benchmarks/search.py --corpus data/owt/gpt2 --text 'a phrase' --text another
```

Each row is timed in turns with the floor, so that a busy machine slows both alike; the ratios are medians
over the turns. The floor is NumPy's sum of the same ids, and the sha256 is that of the same bytes, which the
search compares on its way. Expect a text that is found seldom to take 2 to 4 times as long as the sha256
alone, 500 to 1,100 MB/s of shards, and one that is found a million times to be slow by all that is said.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import corpuskit
from corpuskit.inspect.text_search import find_text

_CHUNK = 2**21
_WORDS = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", help="a prepared corpus; by default one is made")
    parser.add_argument("--encoding", default="gpt2", help="the encoding of the one that is made")
    parser.add_argument("--megabytes", type=int, default=1000, help="the text of the one that is made")
    parser.add_argument("--text", action="append", help="what to look for; may be repeated")
    parser.add_argument("--turns", type=int, default=5, help="how often each is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.corpus or synthetic(Path(folder), options.encoding, options.megabytes)
        corpus = corpuskit.open(path)
        name = corpus.splits[0]
        split = corpus[name]
        size = split.num_tokens * split.dtype.itemsize
        print(f"{split.num_tokens:,} tokens of {split.dtype}, {size / 1e6:,.0f} MB, one core")
        texts = options.text or ["the planted sentence, once", "was it so?", " w1 w2 w3", "w19999", "the w12"]
        rows: dict[str, Callable[[], int]] = {
            "numpy sum": lambda: sum_of(split),
            "sha256": lambda: digest_of(split),
        }
        for text in texts:
            sum(1 for _ in find_text(corpus, name, text))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # before maps are kept by the others
        rows |= {
            repr(text): (lambda text=text: sum(1 for _ in find_text(corpus, name, text))) for text in texts
        }
        for row in rows.values():  # everything in the page cache, every table made
            row()
        print(f"\n{'':<34}{'found':>9}{'MB/s':>8}{'x numpy sum':>13}{'x sha256':>10}")
        for title, row in rows.items():
            times, sums, digests, found = [], [], [], 0
            for _ in range(options.turns):
                sums.append(timed(rows["numpy sum"])[0])
                digests.append(timed(rows["sha256"])[0])
                seconds, found = timed(row)
                times.append(seconds)
            by_sum = statistics.median(a / b for a, b in zip(times, sums, strict=True))
            by_digest = statistics.median(a / b for a, b in zip(times, digests, strict=True))
            shown = f"{found:>9,}" if title not in ("numpy sum", "sha256") else f"{'':>9}"
            print(f"{title:<34}{shown}{size / min(times) / 1e6:>8,.0f}{by_sum:>13.1f}{by_digest:>10.1f}")
        print(f"\npeak memory of the searches {peak:,.0f} MB")


def timed(action: Callable[[], int]) -> tuple[float, int]:
    start = time.process_time()
    found = action()
    return time.process_time() - start, found


def sum_of(split: corpuskit.Split) -> int:
    return sum(
        int(split.shard(number)[at : at + _CHUNK].sum())
        for number in range(len(split.shard_starts) - 1)
        for at in range(0, len(split.shard(number)), _CHUNK)
    )


def digest_of(split: corpuskit.Split) -> int:
    digest = hashlib.sha256()
    for number in range(len(split.shard_starts) - 1):
        ids = split.shard(number)
        for at in range(0, len(ids), _CHUNK):
            digest.update(ids[at : at + _CHUNK].data)
    return len(digest.digest())


def synthetic(folder: Path, encoding: str, megabytes: int) -> Path:
    """A corpus of lines of words, a few frequent and most rare, with one sentence planted in the middle."""
    rng = np.random.default_rng(0)
    words = ["the", "of", "and", "was it so?", *(f"w{number}" for number in range(_WORDS))]
    block = []
    for _ in range(20_000):
        chosen = np.minimum(rng.zipf(1.3, 60), len(words)) - 1
        block.append(" ".join(words[number] for number in chosen))
    lines = "\n".join(block) + "\n"
    source = folder / "text.txt"
    with source.open("w") as file:
        for number in range(max(megabytes * 10**6 // len(lines), 1)):
            file.write(lines)
            if number == 2:
                file.write("the planted sentence, once\n")
    corpuskit.prepare(
        str(source), encoding=encoding, lines=True, split="none", output=folder / "corpus", progress=False
    )
    source.unlink()
    return folder / "corpus"


if __name__ == "__main__":
    main()

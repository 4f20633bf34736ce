"""What packing and unpacking a corpus take, beside `cp -r` of its folder and `tar`, on the same disk.

```
python tests/benchmarks/pack.py                        # a corpus of 1 GB of ids, made for it
```

Each is timed in turns with the others, and each is followed by a flush of what it wrote, because `pack` and
`unpack` flush too; the ratios are medians over the turns. Expect both to take as long as `tar`, two to three
times what `cp` takes, which copies inside the system and checks nothing: the sha256 is most of it. The last
column is the most memory that `pack` and `unpack` held.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import corpuskit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mb", type=int, default=1000, help="size of the ids in MB")
    parser.add_argument("--turns", type=int, default=5, help="how often each is timed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        text = folder / "text.txt"
        with text.open("wb") as file:
            for _ in range(options.mb // 2):
                file.write(os.urandom(500_000).hex().encode())
        corpuskit.prepare(str(text), encoding="bytes", split="none", output=folder / "made", progress=False)
        text.unlink()
        cases = {
            "cp -r": ["cp", "-r", "made", "out"],
            "tar cf": ["tar", "cf", "out", "made"],
            "corpuskit pack": [sys.executable, str(Path(__file__).absolute()), "--pack", "made", "out"],
            "tar xf": ["sh", "-c", "mkdir out && tar xf made.tar -C out"],
            "corpuskit unpack": [
                sys.executable,
                str(Path(__file__).absolute()),
                "--unpack",
                "made.tar",
                "out",
            ],
        }
        corpuskit.pack(folder / "made", folder / "made.tar")
        times: dict[str, list[float]] = {case: [] for case in cases}
        peaks: dict[str, str] = {}
        for _ in range(options.turns):
            for case, command in cases.items():
                os.sync()
                started = time.perf_counter()
                done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
                os.sync()
                times[case].append(time.perf_counter() - started)
                peaks[case] = done.stdout.strip()
                remove(folder / "out")
        base = times["cp -r"]
        print(f"{options.mb:,} MB of ids; medians of {options.turns} turns, flushed")
        print(f"{'':20} {'s':>6}  times cp -r   peak MB")
        for case, found in times.items():
            ratio = statistics.median(one / cp for one, cp in zip(found, base, strict=True))
            print(f"{case:20} {statistics.median(found):6.2f} {ratio:12.2f} {peaks[case]:>9}")


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def alone(what: str, source: str, target: str) -> None:
    """One of the two in a process of its own; prints the most memory that it held."""
    getattr(corpuskit, what.strip("-"))(source, target)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    if sys.argv[1:2] in (["--pack"], ["--unpack"]):
        alone(*sys.argv[1:])
    else:
        main()

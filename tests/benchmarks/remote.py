"""What an epoch fetches from a store with a cache smaller than the corpus, and how long it takes.

```
python tests/benchmarks/remote.py                      # 64 million tokens, a cache of a seventh of them
python tests/benchmarks/remote.py --tokens 200 --share 2
```

One server on the loopback interface, in a process of its own, answers all of them: corpuskit by HTTP, the
others as S3 would. It counts the bytes of its answers. Every library reads two epochs of shuffled windows in
one process, from shards of one size that it made itself, and may keep the same share of them on this machine.
What is fetched is in corpora an epoch, that for the epoch after the second included. Expect 1.02 to 1.04 from
shard_shuffled, 13 from shuffled, 1.00 from LitData and 1.3 from MDS, and LitData's speed or more.
Where they are installed, LitData's TokensLoader and MosaicML Streaming (MDS) are read beside corpuskit.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

BATCH_SIZE = 64
EPOCHS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=float, default=64, help="millions of tokens, of two bytes each")
    parser.add_argument("--shard", type=float, default=2, help="megabytes of a shard")
    parser.add_argument("--share", type=float, default=7, help="the cache holds one part in so many")
    parser.add_argument("--block-size", type=int, default=1024)
    parser.add_argument("--names", nargs="*", default=[], help="only these, by the beginnings of their names")
    parser.add_argument("--serve", metavar="FOLDER", help="only serve a folder")
    options = parser.parse_args()
    if options.serve:
        serve(Path(options.serve))
        return
    with tempfile.TemporaryDirectory() as scratch:
        compare(Path(scratch), options)


def compare(scratch: Path, options: argparse.Namespace) -> None:
    ids = np.random.default_rng(0).integers(97, 123, int(options.tokens * 1e6)).astype("<u2")
    shard_bytes, size = int(options.shard * 1e6), 2 * len(ids)
    cache_bytes = int(size / options.share)
    served = scratch / "served"
    (served / "bucket").mkdir(parents=True)
    program = [sys.executable, __file__, "--serve", str(served)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        as_s3(url, scratch)
        print(f"{len(ids):,} tokens in shards of {options.shard:g} MB, a cache of 1/{options.share:g}")
        print(f"{'':34} fetched an epoch   seconds   Mtokens/s")
        try:
            found = cases(ids, scratch, url, shard_bytes, cache_bytes, options.block_size)
            for name, epochs in found.items():
                if options.names and not name.lower().startswith(tuple(options.names)):
                    continue
                before, began = sent(url), time.perf_counter()
                try:
                    rows = sum(len(x) for x in epochs())
                except Exception as error:  # LitData 0.2.76 now and then deletes a chunk that it reads
                    print(f"{name:34} ended in {error!r:.60}", flush=True)
                    continue
                seconds, fetched = time.perf_counter() - began, sent(url) - before
                rate = rows * options.block_size / seconds / 1e6
                print(f"{name:34} {fetched / size / EPOCHS:16.2f} {seconds:9.1f} {rate:11.1f}", flush=True)
        finally:
            server.terminate()


def cases(
    ids: np.ndarray[Any, Any], scratch: Path, url: str, shard_bytes: int, cache_bytes: int, block_size: int
) -> dict[str, Callable[[], Iterator[Any]]]:
    """What reads x, batch by batch, for each library that is installed."""
    bucket = scratch / "served" / "bucket"
    corpus_into(bucket / "corpuskit", ids, shard_bytes)
    group = (cache_bytes - shard_bytes) // 2 // ids.itemsize
    found = {
        "corpuskit shard_shuffled": lambda: corpuskit_epochs(
            scratch / "1", f"{url}/bucket/corpuskit", cache_bytes, block_size, "shard_shuffled", group
        ),
        "corpuskit shuffled": lambda: corpuskit_epochs(
            scratch / "2", f"{url}/bucket/corpuskit", cache_bytes, block_size, "shuffled", None
        ),
    }
    if importlib.util.find_spec("litdata"):
        litdata_into(bucket / "litdata", ids, shard_bytes, block_size, scratch)
        found["LitData, TokensLoader"] = lambda: litdata_epochs(scratch / "3", url, cache_bytes, block_size)
    if importlib.util.find_spec("streaming"):
        mds_into(bucket / "mds", ids, shard_bytes, block_size)
        found["MosaicML Streaming (MDS)"] = lambda: mds_epochs(
            scratch / "4", cache_bytes, group // block_size
        )
    return found


def corpus_into(folder: Path, ids: np.ndarray[Any, Any], shard_bytes: int) -> None:
    import corpuskit

    text = folder.with_name("text.txt")
    lines = ids.astype(np.uint8)
    lines[::500] = ord("\n")
    lines.tofile(text)
    options = {"encoding": "bytes", "split": "none", "lines": True, "shard_bytes": shard_bytes}
    corpuskit.prepare(text, output=folder, workers=1, **options)
    text.unlink()


def corpuskit_epochs(
    cache: Path, url: str, cache_bytes: int, block_size: int, sampler: str, group: int | None
) -> Iterator[Any]:
    import corpuskit

    os.environ["CORPUSKIT_CACHE_DIR"] = str(cache)
    told = {"batch_size": BATCH_SIZE, "block_size": block_size, "sampler": sampler, "seed": 1}
    batches = corpuskit.open(url, cache_bytes=cache_bytes).batches(
        "train", **told, sampler_options={"group_tokens": group} if group else {}
    )
    for _ in range(EPOCHS):
        yield from (x for x, _ in batches)


def pieces(file: tuple[str, int]) -> Iterator[Any]:
    """The tokens of a file, in pieces, for LitData."""
    import torch

    ids = np.memmap(file[0], dtype="<u2", mode="r")
    for start in range(0, len(ids), file[1]):
        yield torch.from_numpy(ids[start : start + file[1]].astype(np.uint16))


def litdata_into(
    folder: Path, ids: np.ndarray[Any, Any], shard_bytes: int, block_size: int, scratch: Path
) -> None:
    import litdata

    ids.tofile(scratch / "ids.bin")
    litdata.optimize(
        fn=pieces,
        inputs=[(str(scratch / "ids.bin"), 2**20)],
        output_dir=str(folder),
        chunk_size=shard_bytes // 2 // (block_size + 1) * (block_size + 1),
        num_workers=1,
        item_loader=litdata.TokensLoader(block_size=block_size + 1),
        verbose=False,
    )


def litdata_epochs(cache: Path, url: str, cache_bytes: int, block_size: int) -> Iterator[Any]:
    import litdata

    for epoch in range(EPOCHS):
        dataset = litdata.StreamingDataset(
            "s3://bucket/litdata",
            cache_dir=str(cache / str(epoch)),
            item_loader=litdata.TokensLoader(block_size=block_size + 1),
            shuffle=True,
            seed=epoch,
            max_cache_size=cache_bytes,
            storage_options={"endpoint_url": url},
        )
        loader = litdata.StreamingDataLoader(dataset, batch_size=BATCH_SIZE, drop_last=True)
        yield from (windows[:, :-1] for windows in loader)


def mds_into(folder: Path, ids: np.ndarray[Any, Any], shard_bytes: int, block_size: int) -> None:
    import streaming

    rows = ids[: len(ids) // (block_size + 1) * (block_size + 1)].reshape(-1, block_size + 1)
    columns = {"ids": f"ndarray:uint16:{block_size + 1}"}
    with streaming.MDSWriter(out=str(folder), columns=columns, size_limit=shard_bytes) as writer:
        for row in rows:
            writer.write({"ids": row})


def mds_epochs(cache: Path, cache_bytes: int, group: int) -> Iterator[Any]:
    import streaming
    from torch.utils.data import DataLoader

    dataset = streaming.StreamingDataset(
        remote="s3://bucket/mds",
        local=str(cache),
        shuffle=True,
        batch_size=BATCH_SIZE,
        cache_limit=cache_bytes,
        num_canonical_nodes=1,
        shuffle_algo="py1br",  # the default mixes more rows at a time than this cache holds
        shuffle_block_size=group // 2,
        predownload=4 * BATCH_SIZE,
    )
    loader = DataLoader(dataset, batch_size=BATCH_SIZE, drop_last=True)
    for _ in range(EPOCHS):
        yield from (batch["ids"][:, :-1] for batch in loader)


def as_s3(url: str, scratch: Path) -> None:
    """Have clients of S3 ask the server, and show it nobody's keys."""
    values = {
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "S3_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": str(scratch / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(scratch / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    os.environ.update(values)


def sent(url: str) -> int:
    """The bytes that the server has sent."""
    with urllib.request.urlopen(f"{url}/sent") as answer:
        return int(answer.read())


def serve(folder: Path) -> None:
    """Answer requests for the files of a folder until the process is ended, and count what is sent."""
    total = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            nonlocal total
            path = folder / self.path.partition("?")[0].strip("/")
            if self.path == "/sent":
                self.answer(200, {}, str(total).encode())
                return
            if not path.is_file():
                self.answer(404, {}, b"")
                return
            size = path.stat().st_size
            first, last = 0, size - 1
            if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
                first, last = int(asked[1]), min(int(asked[2] or last), last)
            about = {
                "ETag": f'"{path.name}"',
                "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT",
                "Accept-Ranges": "bytes",
            }
            if asked:
                about["Content-Range"] = f"bytes {first}-{last}/{size}"
            self.answer(206 if asked else 200, about, None, last - first + 1)
            if self.command == "GET":
                total += last - first + 1
                with path.open("rb") as file:
                    self.wfile.flush()
                    self.connection.sendfile(file, first, last - first + 1)

        do_HEAD = do_GET

        def answer(self, status: int, about: dict[str, str], body: bytes | None, length: int = 0) -> None:
            self.send_response(status)
            for name, value in about.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(length if body is None else len(body)))
            self.end_headers()
            if body and self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # clients that were ended

    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

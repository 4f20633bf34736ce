"""Many processes and random faults at once: one whole file in the end, or an error."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys

import pytest

from corpuskit.errors import CorpuskitError
from corpuskit.fetching.verified import fetch
from corpuskit.registry.specs import RemoteFile

CHILD = """
import contextlib, sys
from pathlib import Path
from corpuskit import locks
from corpuskit.fetching import FetchOptions, fetch
from corpuskit.registry.specs import RemoteFile
url, known, locked, cache_dir = sys.argv[1:]
if locked == "no":
    locks.lock = lambda path, **options: contextlib.nullcontext()
options = FetchOptions(backoff_base_s=0.01, backoff_cap_s=0.02, max_attempts=20, checkpoint_bytes=4096)
sys.stdin.readline()
for number in range(5):
    file = RemoteFile(url + "?n=" + str(number), sha256=known or None)
    found = fetch(file, cache_dir=Path(cache_dir), options=options)
    print(found.sha256, found.path.stat().st_size, flush=True)
"""


@pytest.mark.parametrize("locked", ["yes", "no"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.fault("C3")
def test_eight_processes_get_one_whole_file(server, cache_dir, known, locked):
    sha256 = hashlib.sha256(server.content).hexdigest()
    draw = random.Random(f"{known} {locked}")
    faults = [server.file(), server.file(cut=60_000), server.file(cut=90_000, then="reset")]
    server.script(*draw.choices(faults, k=20), server.file())
    arguments = [sys.executable, "-c", CHILD, server.url(), sha256 if known else "", locked, str(cache_dir)]
    children = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        output, _ = child.communicate()
        assert (child.returncode, set(output.splitlines())) == (0, {f"{sha256} {len(server.content)}"})
    (path,) = cache_dir.glob("files/*/*")
    assert path.read_bytes() == server.content
    assert not list(cache_dir.glob("partials/*"))
    if known and locked == "yes":
        num_downloads = sum("range" not in request.headers for request in server.requests)
        assert num_downloads == 1


@pytest.mark.parametrize("seed", range(100))
def test_random_faults_end_with_the_right_file_or_an_error(server, cache_dir, fake, seed):
    draw = random.Random(seed)
    server.content = draw.randbytes(draw.choice([1, 1000, 70_000, 300_000]))
    other = draw.randbytes(len(server.content))
    size = len(server.content)

    known = draw.random() < 0.7
    file = server.remote() if known else RemoteFile(server.url())
    # Without a sha256 nothing can find a server out that lies: another file under the same ETag.
    lies = [lambda cut: server.file(cut=cut, content=other)] if known else []

    def step():
        cut = draw.randrange(size + 1)
        return draw.choice(
            [
                *(lie(cut) for lie in lies),
                server.file(cut=cut),
                server.file(cut=cut, then="reset"),
                server.file(cut=cut, chunked=True),
                server.file(cut=cut, ranges=False),
                server.file(cut=cut, content=other, etag='"v2"'),
                server.file(content=other, etag='"v2"'),
                server.file(range_headers={"Content-Range": f"bytes {cut}-{size}/{size + 1}"}),
                server.status(draw.choice(["500 Oops", "503 Busy", "429 Slow", "416 No", "404 Gone"])),
                server.redirect("/file.txt"),
                lambda connection, request: None,
            ]
        )

    for _ in range(3):  # three runs, the later ones going on with what the earlier ones left
        server.script(*(step() for _ in range(draw.randrange(6))), server.file())
        try:
            found = fetch(file, cache_dir=cache_dir, options=fake.options(checkpoint_bytes=4096))
        except CorpuskitError:
            published = [path.read_bytes() for path in cache_dir.glob("files/*/*")]
            assert published == []
            continue
        assert hashlib.sha256(found.path.read_bytes()).hexdigest() == found.sha256
        assert found.path.read_bytes() in ([server.content] if known else [server.content, other])
        assert not list(cache_dir.glob("partials/*"))
        break
    else:
        server.script(server.file())
        if known:
            fetch(file, cache_dir=cache_dir, options=fake.options())
    assert all(
        path.name == hashlib.sha256(path.read_bytes()).hexdigest() for path in cache_dir.glob("files/*/*")
    )

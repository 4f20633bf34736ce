"""Loss curves of trainers with their own loaders and with corpuskit's: the same tiny model, on one core.

```
python tests/benchmarks/curves.py                                   # the trainers that are installed
python tests/benchmarks/curves.py --nanogpt nanoGPT --nanochat nanochat    # and those of two checkouts
```

"Same rows" gives both loaders the same rows in the same order; expect 0 as the greatest difference between
the losses of a step. "Own order" lets each shuffle in its own way: the loss is the mean of the last 50 steps,
and the noise is the difference that another seed makes to the trainer's own. nanochat's rows have one order.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import itertools
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from curve_parts import (
    STEPS,
    VOCAB,
    B,
    Curves,
    Losses,
    T,
    Tiny,
    batches_of,
    chunks,
    endless,
    made,
    recipe,
    trained,
)
from torch.utils.data import DataLoader, TensorDataset

import corpuskit

# The trainers


def hugging_face(corpus: corpuskit.Corpus, _: Any, *, sft: bool = False) -> Curves:
    """The Trainer draws from rows as its scripts make them, or from corpuskit's; its sampler is random."""
    import datasets
    import transformers

    if sft:
        from trl import SFTConfig as Arguments
        from trl import SFTTrainer as Trainer
    else:
        Trainer, Arguments = transformers.Trainer, transformers.TrainingArguments
    transformers.logging.set_verbosity_error()

    def losses(rows: Any, seed: int = 1, order: str = "random") -> Losses:
        transformers.set_seed(1)
        shape = {"vocab_size": VOCAB, "n_positions": T, "n_embd": 32, "n_layer": 2, "n_head": 2}
        dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**shape, **dropout))
        more = {"max_length": None, "packing": False} if sft else {}
        arguments = Arguments(
            "out",
            max_steps=STEPS,
            per_device_train_batch_size=B,
            learning_rate=3e-3,
            seed=seed,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            bf16=False,
            disable_tqdm=True,
            train_sampling_strategy=order,
            **more,
        )
        tokenizer = {"processing_class": bytes_tokenizer()} if sft else {}
        trainer = Trainer(model, arguments, train_dataset=rows, **tokenizer)
        trainer.train()
        return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]

    def rows_of(batches: corpuskit.Batches, count: int) -> Any:
        columns = ("input_ids", "labels")
        rows = batches.dataset(num_samples=count, columns=columns)
        return (
            datasets.Dataset.from_list([{name: row[name].tolist() for name in columns} for row in rows])
            if sft
            else rows
        )

    grouped = chunks(corpus)[:, :-1].tolist()
    # With the first id in its labels, which is no target, the Trainer would divide by T instead of T - 1.
    labels = [[-100, *row[1:]] for row in grouped]
    own = datasets.Dataset.from_dict({"input_ids": grouped, "labels": labels})
    same = losses(own), losses(rows_of(batches_of(corpus, "sequential"), len(grouped)))
    ours = [rows_of(batches_of(corpus, "shuffled", seed), STEPS * B) for seed in (1, 2)]
    return Curves(
        "TRL SFTTrainer" if sft else "HF Trainer",
        version("trl" if sft else "transformers"),
        same,
        [same[0], losses(own, seed=2)],
        [losses(rows, order="sequential") for rows in ours],
    )


def bytes_tokenizer() -> Any:
    """A tokenizer that SFTTrainer asks for the id of its padding, and for nothing else."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = {"<|endoftext|>": 256, **{f"{byte:02x}": byte for byte in range(256)}}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<|endoftext|>")),
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
    )


def lightning_module(corpus: corpuskit.Corpus, _: Any) -> Curves:
    import lightning

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.model, self.losses = Tiny(), []

        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            loss = self.model.loss(*batch)
            self.losses.append(loss.item())
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=3e-3)

    def losses(data: Any) -> Losses:
        module = Module()
        trainer = lightning.Trainer(
            max_steps=STEPS,
            max_epochs=-1,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            limit_val_batches=0,
        )
        trainer.fit(module, data)
        return module.losses

    rows = torch.from_numpy(chunks(corpus))
    own = TensorDataset(rows[:, :-1], rows[:, 1:])

    def shuffled(seed: int) -> Any:
        generator = torch.Generator().manual_seed(seed)
        return DataLoader(own, B, shuffle=True, generator=generator)

    def ours(sampler: str, seed: int) -> Any:
        return recipe("lightning_data").CorpusData(
            corpus, batch_size=B, block_size=T, sampler=sampler, seed=seed
        )

    return Curves(
        "Lightning",
        version("lightning"),
        (losses(DataLoader(own, B)), losses(ours("sequential", 0))),
        [losses(shuffled(seed)) for seed in (1, 2)],
        [losses(ours("shuffled", seed)) for seed in (1, 2)],
    )


def nanogpt(corpus: corpuskit.Corpus, options: Any) -> Curves:
    """`get_batch` as its train.py has it, over an export; it draws with torch.randint."""
    if not options.nanogpt:
        raise ImportError("say where a checkout is, with --nanogpt")
    source = (Path(options.nanogpt) / "train.py").read_text()
    begin = source.index("def get_batch(split):")
    get_batch = source[begin : source.index("\n\n", begin)].split("\n# ")[0]
    corpuskit.export(corpus, "nanogpt", "exported")
    names = {"os": os, "np": np, "torch": torch, "data_dir": "exported", "batch_size": B, "block_size": T}
    names |= {"device_type": "cpu", "device": "cpu"}
    exec(get_batch, names)  # the checkout's own lines

    def theirs(seed: int) -> Iterator[Any]:
        generator = torch.Generator().manual_seed(seed)  # the model's own draws do not move it
        with patched(lambda high, size: RANDINT(high, size, generator=generator)):
            while True:
                yield names["get_batch"]("train")

    def in_order() -> Iterator[Any]:
        starts = iter(range(0, 10**9, T))
        with patched(lambda high, size: torch.tensor([*itertools.islice(starts, *size)])):
            while True:
                yield names["get_batch"]("train")

    ours = [trained(batches_of(corpus, "random", seed)) for seed in (1, 2)]
    same = trained(in_order()), trained(endless(batches_of(corpus, "sequential")))
    return Curves("nanoGPT", "3adf61e", same, [trained(theirs(seed)) for seed in (1, 2)], ours)


RANDINT = torch.randint


@contextlib.contextmanager
def patched(randint: Callable[..., torch.Tensor]) -> Iterator[None]:
    torch.randint = randint
    try:
        yield
    finally:
        torch.randint = RANDINT


def nanochat(_: corpuskit.Corpus, options: Any) -> Curves:
    """Its loader over Parquet files of the documents, and the recipe's over the corpus."""
    if not options.nanochat:
        raise ImportError("say where a checkout is, with --nanochat")
    import pyarrow as pa
    import pyarrow.parquet as pq

    corpus = corpuskit.open("no-eot")
    for name, split in corpus.items():
        texts = [corpus.decode(split.document(number)) for number in range(split.num_documents)]
        pq.write_table(pa.table({"text": texts}), f"{name}.parquet")
    os.environ |= {"NANOCHAT_BASE_DIR": "base", "NANOCHAT_CORPUS": "no-eot"}
    sys.path.insert(0, options.nanochat)
    module = importlib.import_module("nanochat.dataloader")
    module.list_parquet_files = lambda **_: ["train.parquet", "valid.parquet"]

    class Tokenizer:
        def get_bos_token_id(self) -> int:
            return 256

        def encode(self, texts: list[str], prepend: int, num_threads: int) -> list[list[int]]:
            return [[prepend, *text.encode()] for text in texts]

    def losses(module: Any) -> Losses:
        loader = module.tokenizing_distributed_data_loader_bos_bestfit
        return trained(loader(Tokenizer(), B, T, "train", device="cpu"))

    return Curves("nanochat", "92d63d4", (losses(module), losses(recipe("nanochat_loader"))))


def megatron(corpus: corpuskit.Corpus, _: Any) -> Curves:
    """GPTDataset over an index that Megatron's builder writes, and over corpuskit's export."""
    from megatron.core.datasets.blended_megatron_dataset_builder import BlendedMegatronDatasetBuilder
    from megatron.core.datasets.gpt_dataset import GPTDataset, GPTDatasetConfig
    from megatron.core.datasets.indexed_dataset import IndexedDatasetBuilder

    builder = IndexedDatasetBuilder("theirs.bin", dtype=np.uint16)
    for number in range(corpus["train"].num_documents):
        ids = torch.from_numpy(corpus["train"].document(number).astype(np.int64))
        builder.add_document(ids, [len(ids)])
    builder.finalize("theirs.idx")
    corpuskit.export(corpus, "megatron", "megatron")
    tokenizer = SimpleNamespace(
        vocab_size=VOCAB, eod=VOCAB - 1, pad=None, unique_identifiers={"vocab": VOCAB}
    )

    def drawn(prefix: str, seed: int) -> Iterator[Any]:
        config = GPTDatasetConfig(
            random_seed=seed,
            sequence_length=T,
            blend_per_split=[([prefix], None), None, None],
            tokenizer=tokenizer,
            reset_position_ids=False,
            reset_attention_mask=False,
            eod_mask_loss=False,
            mmap_bin_files=True,
            path_to_cache=f"cache-{seed}",
        )
        (dataset, *_) = BlendedMegatronDatasetBuilder(
            GPTDataset, [STEPS * B, 0, 0], lambda: True, config
        ).build()
        for batch in DataLoader(dataset, B):
            yield batch["tokens"], batch["labels"]

    same = trained(drawn("theirs", 1)), trained(drawn("megatron/train", 1))
    theirs = [same[0], trained(drawn("theirs", 2))]
    ours = [trained(endless(batches_of(corpus, "shuffled", seed))) for seed in (1, 2)]
    return Curves("Megatron GPTDataset", version("megatron-core"), same, theirs, ours)


def jax_loop(corpus: corpuskit.Corpus, _: Any) -> Curves:
    """Grain, which JAX's trainers load with, over the rows of one file."""
    import grain.python as grain
    import jax
    import jax.numpy as jnp

    def loss_of(weights: Any, x: Any, y: Any) -> Any:
        scores = jax.nn.log_softmax(jax.nn.relu(weights["embed"][x]) @ weights["score"])
        return -jnp.take_along_axis(scores, y[..., None], axis=-1).mean()

    @jax.jit
    def step(weights: Any, x: Any, y: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(weights, x, y)
        return jax.tree.map(lambda weight, gradient: weight - 3 * gradient, weights, gradients), loss

    def losses(batches: Iterable[Any]) -> Losses:
        keys = jax.random.split(jax.random.key(1))
        weights = {
            "embed": 0.1 * jax.random.normal(keys[0], (VOCAB, 32)),
            "score": 0.1 * jax.random.normal(keys[1], (32, VOCAB)),
        }
        found = []
        for x, y in itertools.islice(batches, STEPS):
            weights, loss = step(weights, x, y)
            found.append(float(loss))
        return found

    rows = [(row[:-1], row[1:]) for row in chunks(corpus)]

    def own(seed: int | None) -> Any:
        dataset = grain.MapDataset.source(rows)
        return iter((dataset.shuffle(seed) if seed else dataset).batch(B))

    numpy = partial(batches_of, corpus, output="numpy")
    return Curves(
        "JAX with Grain",
        f"{version('jax')}, {version('grain')}",
        (losses(own(None)), losses(numpy("sequential"))),
        [losses(own(seed)) for seed in (1, 2)],
        [losses(numpy("shuffled", seed)) for seed in (1, 2)],
    )


TRAINERS: dict[str, Callable[..., Any]] = {
    "trainer": hugging_face,
    "trl": partial(hugging_face, sft=True),
    "lightning": lightning_module,
    "nanogpt": nanogpt,
    "nanochat": nanochat,
    "megatron": megatron,
    "jax": jax_loop,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "trainers", nargs="*", metavar="TRAINER", help=f"of {', '.join(TRAINERS)}; all by default"
    )
    parser.add_argument("--nanogpt", metavar="FOLDER", help="a checkout of nanoGPT")
    parser.add_argument("--nanochat", metavar="FOLDER", help="a checkout of nanochat")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print(f"{STEPS} steps of {B} rows of {T} bytes, losses of the last 50; torch {torch.__version__}")
    same, own = "same rows: its own | corpuskit's | difference", "own order: its own | corpuskit's | noise"
    print(f"| trainer | version | {same} | {own} |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        corpus = made()
        for name in options.trainers or TRAINERS:
            if name not in TRAINERS:
                parser.error(f"no trainer is called {name!r}; choose of {', '.join(TRAINERS)}")
            try:
                with contextlib.redirect_stdout(sys.stderr):  # trainers print each step's loss
                    found = TRAINERS[name](corpus, options)
            except ImportError as error:
                found = f"| {name} | not run: {error} |"
            print(found, flush=True)


if __name__ == "__main__":
    main()

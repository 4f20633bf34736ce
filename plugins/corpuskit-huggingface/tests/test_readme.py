"""The README's example on folders works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import corpuskit

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_example_without_a_network_runs(workplace) -> None:
    (block,) = re.findall(r"works on folders too:\n\n```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    corpus = corpuskit.open("data/stories/hf-tokenizer.json")
    assert corpus["train"].num_documents + corpus["valid"].num_documents == 1000
    assert corpus.decode(corpus["train"].document(0)).startswith("Story ")


def test_the_model_that_is_made_writes_what_is_shown(workplace) -> None:
    (block,) = re.findall(r"to try it on:\n\n```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    name = "hf:tiny-model"
    corpus = corpuskit.prepare("sums.jsonl", format="chat", encoding=name, template=name, progress=False)
    train = corpus["train"]
    learned = train[:][train.stream("loss")[:] == 1]
    assert corpus.decode(learned) == "4<|im_end|>"
    assert "Easy." not in corpus.decode(train[:])
    assert f"{len(train)} tokens, {len(learned)} targets" in README

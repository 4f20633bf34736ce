"""The README's recipe trains a model that keeps text, and prepares with it."""

from __future__ import annotations

import re
from pathlib import Path

import corpuskit

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_recipe_trains_a_model_that_keeps_text(tmp_path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"Train one\n\n```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    trained = corpuskit.prepare("python-docs", encoding="sp:docs.model", workers=1)
    raw = corpuskit.prepare("python-docs", encoding="bytes", workers=1)
    assert trained.manifest.tokenizer.vocab_size == 4000
    for split in raw:
        for number in range(raw[split].num_documents):
            text = raw.decode(raw[split].document(number)).removesuffix("<|endoftext|>")
            assert trained.decode(trained[split].document(number)) == text + "</s>"
    assert len(trained["train"]) < len(raw["train"]) / 2

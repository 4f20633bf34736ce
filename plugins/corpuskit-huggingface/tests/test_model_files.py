"""The files of a model, in a folder or a repository."""

from __future__ import annotations

import pytest

from corpuskit_huggingface.model_files import model_files, read_model_file


def test_a_repository_is_read_at_one_commit(fake_hub) -> None:
    commit = fake_hub.add(
        "org/chat",
        {"tokenizer_config.json": b"{}", "additional_chat_templates/rag.jinja": b"further"},
    )
    files = model_files("org/chat", file="tokenizer.json")
    assert files.get("chat_template.jinja") is None
    assert read_model_file(files.get("tokenizer_config.json")) == b"{}"
    assert files.names("additional_chat_templates", ".jinja") == ["rag.jinja"]
    assert read_model_file(files.get("additional_chat_templates/rag.jinja")) == b"further"
    assert any(f"/{commit}/additional_chat_templates/rag.jinja" in asked for asked in fake_hub.requests)


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_folder_that_a_repository_has_not_has_no_names(fake_hub, monkeypatch, is_offline) -> None:
    fake_hub.add("org/chat", {"tokenizer_config.json": b"{}"})
    if is_offline:
        assert model_files("org/chat", file="tokenizer.json").get("tokenizer_config.json")
        monkeypatch.setenv("CORPUSKIT_OFFLINE", "1")
    files = model_files("org/chat", file="tokenizer.json")
    assert files.get("tokenizer_config.json")
    assert files.names("additional_chat_templates", ".jinja") == []


def test_a_file_that_is_named_is_the_one_whatever_its_name(write, tmp_path) -> None:
    folder = write(tmp_path / "model", {"other.json": b"a", "tokenizer.json": b"b", "more/x.jinja": b"c"})
    files = model_files(str(folder / "other.json"), file="tokenizer.json")
    assert read_model_file(files.get("tokenizer.json")) == b"a"
    assert files.names("more", ".jinja") == ["x.jinja"]
    assert files.get("nothing.json") is None

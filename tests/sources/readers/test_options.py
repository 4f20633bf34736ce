"""Options of readers as people say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

import corpuskit
from corpuskit import registry
from corpuskit.errors import ConfigError
from corpuskit.registry import Registry
from corpuskit.registry.discovery import Owner
from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import ReaderSpec
from corpuskit.sources.readers.base import Reader
from corpuskit.sources.readers.options import options_of_readers, parse


class OtherReader(Reader):
    """A plugin's reader with options of every type."""

    OPTIONS: ClassVar[Mapping[str, Any]] = {
        **Reader.COMMON_OPTIONS,
        "level": 3,
        "strict": False,
        "threshold": 0.5,
        "label": "x",
        "any": None,
    }

    def read(self, item, part, on_bad):
        yield from ()


class OtherPlugin:
    @hookimpl
    def corpuskit_readers(self):
        return [ReaderSpec("other", "Another", factory=f"{__name__}:OtherReader", extensions=(".other",))]


@pytest.fixture
def other_reader(monkeypatch):
    made = Registry()
    made._plugins._manager.register(OtherPlugin(), name="other")
    made._plugins.owners["other"] = Owner("other", "other", "1")
    monkeypatch.setattr(registry, "default", lambda: made)


@pytest.mark.usefixtures("other_reader")
@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_document_bytes", "512M", 512 * 2**20),
        ("max_ratio", "2000", 2000),
        ("delimiter", ";", ";"),
        ("separator", "7", "7"),
        ("level", "4", 4),
        ("strict", "true", True),
        ("strict", "False", False),
        ("threshold", "0.25", 0.25),
        ("label", "true", "true"),
        ("any", "1K", "1K"),
    ],
)
def test_text_becomes_what_the_option_holds(name, text, value):
    found = parse({name: text})
    assert found == {name: value}
    assert type(found[name]) is type(value)
    assert parse({name: value}) == {name: value}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "max_ratio",
            "many",
            "reader option max_ratio: expected a number, such as 1000 or 512M, found 'many'",
        ),
        ("lines", "yes", "reader option lines: expected true or false, found 'yes'"),
        ("max_ratoi", "2", "no reader has an option 'max_ratoi'; did you mean 'max_ratio'\\?"),
        ("nonsense", 2, "every reader has: .*max_document_bytes.*; csv: text_field, delimiter; .*text: sep"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(name, value, message):
    with pytest.raises(ConfigError, match=message) as caught:
        parse({name: value})
    assert "\n" not in str(caught.value)


def test_the_reader_that_is_asked_for_decides():
    assert parse({"delimiter": ";"}, format="csv") == {"delimiter": ";"}
    with pytest.raises(ConfigError, match="no reader has an option 'delimiter'; .*the text reader has: "):
        parse({"delimiter": ";"}, format="text")


def test_a_reader_that_does_not_say_its_options_may_have_any(monkeypatch):
    known = {**options_of_readers(), "silent": None}
    monkeypatch.setattr("corpuskit.sources.readers.options.options_of_readers", lambda format=None: known)
    assert parse({"whatever": "1"}) == {"whatever": "1"}


def test_what_is_said_reaches_the_reader_and_the_manifest(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("id;text\n1;hello, you\n")
    corpus = corpuskit.prepare(
        str(path),
        encoding="bytes",
        output=tmp_path / "o",
        reader_options={"delimiter": ";", "max_ratio": "2K"},
    )
    assert corpus.decode(corpus["train"][:]).startswith("hello, you")
    assert corpus.manifest.options["delimiter"] == ";"
    assert corpus.manifest.options["max_ratio"] == 2048
    path.write_text("id,text\n1,hello\n")
    other = corpuskit.prepare(str(path), encoding="bytes", output=tmp_path / "p")
    assert not {"delimiter", "max_ratio", "max_document_bytes"} & set(other.manifest.options)


def test_an_option_said_as_a_field_or_as_a_reader_option_is_the_same_option(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    corpora = [
        corpuskit.prepare(str(path), encoding="bytes", output=tmp_path / str(number), **options)
        for number, options in enumerate(
            [
                {"lines": True, "on_bad_document": "skip"},
                {"reader_options": {"lines": True, "on_bad_document": "skip"}},
                {"lines": True, "reader_options": {"lines": "true", "on_bad_document": "skip"}},
            ]
        )
    ]
    manifests = [(corpus.path / "manifest.json").read_bytes() for corpus in corpora]
    assert manifests[0] == manifests[1] == manifests[2]
    with pytest.raises(ConfigError, match="lines is said twice, once as a reader option: True and False"):
        corpuskit.prepare(str(path), encoding="bytes", lines=True, reader_options={"lines": False})


@pytest.mark.usefixtures("other_reader")
def test_a_plugins_option_cannot_take_the_place_of_another_in_the_manifest(tmp_path, monkeypatch):
    monkeypatch.setattr(OtherReader, "OPTIONS", {**OtherReader.OPTIONS, "split": ""})
    (tmp_path / "a.txt").write_text("one")
    with pytest.raises(ConfigError, match="reader option split: the corpus has another option of this name"):
        corpuskit.prepare(str(tmp_path / "a.txt"), encoding="bytes", reader_options={"split": "none"})

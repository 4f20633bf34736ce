from __future__ import annotations

import json

import pytest

import corpuskit
from corpuskit.errors import ConfigError, CorpusFormatError, StorageError


@pytest.fixture
def folder(prepared):
    return prepared("mine", "bytes")


def test_a_corpus_may_be_open_or_a_path_or_a_mixture_of_a_file(folder, tmp_path):
    path = tmp_path / "mixture.toml"
    path.write_text(f'[[mixture]]\ncorpus = "{folder}"\nweight = 2\nmax_epochs = 3\n')
    card = corpuskit.card(folder)
    assert card == corpuskit.card(corpuskit.open(folder))
    mixed = corpuskit.card(path)
    assert mixed.corpora == card.corpora
    assert (mixed.name, mixed.stages[0].weights, mixed.max_epochs) == ("Mixture of mine", (2.0,), (3,))
    assert (mixed.is_mixture, card.is_mixture) == (True, False)


def test_a_card_shows_itself_as_markdown(folder):
    card = corpuskit.card(folder)
    assert str(card) == card.to_markdown() == card.text()
    assert repr(card) == "<Card of 'mine'; print() shows it>"
    assert json.loads(card.text("croissant")) == card.to_croissant()
    assert json.loads(json.dumps(card.to_json()))["name"] == "mine"


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(folder, tmp_path):
    card = corpuskit.card(folder)
    path = tmp_path / "README.md"
    path.write_text("mine")
    with pytest.raises(
        ConfigError,
        match=r"README\.md: is there already; .* or replace it with --overwrite$",
    ):
        card.write(path)
    assert path.read_text() == "mine"
    assert card.write(str(path), overwrite=True) == path
    assert path.read_text() == str(card)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="there already"):
        card.write(link)


def test_what_cannot_be_written_is_one_error(folder, tmp_path):
    card = corpuskit.card(folder)
    with pytest.raises(StorageError, match="nowhere"):
        card.write(tmp_path / "nowhere" / "README.md")
    with pytest.raises(ConfigError, match="expected 'markdown' or 'croissant'"):
        card.write(tmp_path / "x", "html")
    assert not (tmp_path / "x").exists()


def test_what_is_no_corpus_is_refused(tmp_path):
    with pytest.raises(CorpusFormatError):
        corpuskit.card(tmp_path)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ConfigError, match="not TOML"):
        corpuskit.card(tmp_path / "text")


def test_a_card_in_the_folder_of_a_corpus_disturbs_nobody(folder):
    corpuskit.card(folder).write(f"{folder}/README.md")
    assert corpuskit.verify(folder) == []
    assert corpuskit.card(folder) == corpuskit.card(corpuskit.open(folder))


def test_many_corpora_are_counted_in_the_name(prepared):
    folders = [prepared(f"c{number}", "bytes") for number in range(4)]
    assert corpuskit.card(corpuskit.mix(dict.fromkeys(folders[:3], 1))).name == "Mixture of c0, c1 and c2"
    assert corpuskit.card(corpuskit.mix(dict.fromkeys(folders, 1))).name == "Mixture of 4 corpora"

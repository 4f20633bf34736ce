from __future__ import annotations

import hashlib
import json

import pytest

import corpuskit
from corpuskit import sealed


@pytest.fixture
def corpus(tmp_path):
    """Prepares a text under a name, in several shards."""

    def make(name="mine", license=None):
        path = tmp_path / "text.txt"
        path.write_text("a line of text\n" * 300)
        made = corpuskit.prepare(
            str(path),
            name=name,
            encoding="bytes",
            lines=True,
            split="valid=0.2",
            part_bytes=1000,
            shard_bytes=4000,
            output=tmp_path / f"out-{license}",
        )
        (made.path / "run.json").write_text(json.dumps({"license": license}))
        return made

    return make


def by_id(nodes):
    return {node["@id"]: node for node in nodes}


def test_every_file_is_there_with_its_size_and_digest(corpus):
    made = corpus()
    files = {
        node["contentUrl"]: (node["contentSize"], node["sha256"])
        for node in corpuskit.card(made).to_croissant()["distribution"]
        if node["@type"] == "cr:FileObject"
    }
    expected = {
        path.name: (f"{path.stat().st_size} B", hashlib.sha256(path.read_bytes()).hexdigest())
        for path in made.path.iterdir()
        if path.name != "run.json"
    }
    assert files == expected
    assert len(files) > 6


def test_sets_of_files_take_in_the_shards_and_the_indexes(corpus):
    sets = by_id(corpuskit.card(corpus()).to_croissant()["distribution"])
    assert sets["shards"]["includes"] == ["train-*.bin", "valid-*.bin"]
    assert sets["indexes"]["includes"] == ["train-*.idx", "valid-*.idx"]


def test_splits_have_the_names_that_croissant_knows(corpus):
    splits = by_id(corpuskit.card(corpus()).to_croissant()["recordSet"])["splits"]
    assert splits["data"] == [
        {"splits/name": "train", "splits/url": "cr:TrainingSplit"},
        {"splits/name": "valid", "splits/url": "cr:ValidationSplit"},
    ]


def test_inputs_are_where_it_is_derived_from(corpus, tmp_path):
    data = (tmp_path / "text.txt", corpus())[0].read_bytes()
    assert corpuskit.card(tmp_path / "out-None").to_croissant()["prov:wasDerivedFrom"] == [
        {
            "@type": "prov:Entity",
            "name": "text.txt",
            "sha256": hashlib.sha256(data).hexdigest(),
            "contentSize": f"{len(data)} B",
        }
    ]


@pytest.mark.parametrize(
    ("license", "expected"),
    [
        ("cc-by-4.0", "https://spdx.org/licenses/CC-BY-4.0"),
        (None, "[fill in: the URL of the licence of the text]"),
        ("MIT OR Apache-2.0", {"@type": "sc:CreativeWork", "name": "MIT OR Apache-2.0"}),
        (
            "Public domain",
            {"@type": "sc:CreativeWork", "name": "LicenseRef-Public-domain", "description": "Public domain"},
        ),
    ],
)
def test_a_licence_is_a_page_of_spdx_or_a_name_or_a_blank(corpus, license, expected):
    assert corpuskit.card(corpus(license=license)).to_croissant()["license"] == expected


def test_nothing_names_this_machine(corpus, tmp_path):
    mixture = corpuskit.mix({corpus(): 1, corpus(license="MIT"): 2})
    for data in (corpus(), mixture):
        card = corpuskit.card(data)
        assert str(tmp_path) not in card.text("croissant") + card.text() + json.dumps(card.to_json())


def test_corpora_of_a_mixture_have_folders_of_their_own(corpus):
    mixture = corpuskit.mix({corpus(): 1, corpus(license="MIT"): 2})
    found = corpuskit.card(mixture).to_croissant()
    ids = [node["@id"] for node in (*found["distribution"], *found["recordSet"])]
    assert len({*ids}) == len(ids)
    assert {"mine/bytes/train-00000.bin", "mine/bytes-2/train-00000.bin"} <= {*ids}
    assert [one["name"] for one in found["prov:wasDerivedFrom"]] == ["mine", "mine"]
    assert "mine: 33.3333% of what training draws." in found["description"]


def test_the_text_may_stand_in_a_page(corpus):
    made = corpus()
    value = made.manifest.to_json()
    value["dataset"] = "</script><img onerror=x>\x1b[31m\u202e"
    (made.path / "manifest.json").write_bytes(sealed.to_bytes(value))
    text = corpuskit.card(made.path).text("croissant")
    assert "<" not in text
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["name"] == value["dataset"]


# The package that the standard's authors keep warns of what its own dependencies have deprecated.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
class TestByItsValidator:
    @pytest.fixture
    def validated(self, tmp_path):
        mlcroissant = pytest.importorskip("mlcroissant")

        def validate(card):
            path = card.write(tmp_path / "croissant.json", "croissant")
            return mlcroissant.Dataset(jsonld=path).metadata

        return validate

    @pytest.mark.parametrize("license", [None, "Public domain", "CC0-1.0", "MIT OR Apache-2.0"])
    def test_a_card_is_valid(self, corpus, validated, license):
        made = corpus(license=license)
        found = validated(corpuskit.card(made))
        assert found.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
        assert not found.ctx.issues.errors
        missing = {"citeAs", "datePublished", "version"}
        assert all(any(f"/{name}" in warning for name in missing) for warning in found.ctx.issues.warnings)
        shard = made.manifest.splits["train"].shards[0]
        digests = {one.id: one.sha256 for one in found.distribution if hasattr(one, "sha256")}
        assert digests[shard.file] == shard.sha256
        assert digests[shard.index_file] == shard.index_sha256

    def test_that_of_a_mixture_is_valid(self, corpus, validated):
        mixture = corpuskit.mix({corpus(): 1, corpus(license="MIT"): 2})
        found = validated(corpuskit.card(mixture))
        assert [one.id for one in found.record_sets] == ["splits", "mine/bytes/ids", "mine/bytes-2/ids"]

    def test_hostile_names_are_valid_and_themselves(self, corpus, validated):
        made = corpus("</script> \"'\\ {{x}} @id http://example.invalid/#a \u202e")
        assert validated(corpuskit.card(made)).name == made.manifest.dataset

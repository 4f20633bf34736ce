"""What a corpus was made of, in words: in the card, the report and `corpuskit info`."""

from __future__ import annotations

import pytest

import corpuskit
from corpuskit.inspect.card import card
from corpuskit.inspect.derivations import derived_of
from corpuskit.inspect.report.provenance import provenance_html


@pytest.fixture
def corpora(tmp_path):
    """Two corpora of lines, and one of what is in both."""
    made = []
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"{name} one\n{name} and two\n" * 9)
        made.append(
            corpuskit.prepare(
                str(tmp_path / f"{name}.txt"), encoding="bytes", output=tmp_path / name, separator="\n"
            )
        )
    return [*made, corpuskit.concat(made, tmp_path / "both")]


def test_each_step_is_said_with_its_rule_and_its_parents(corpora, tmp_path):
    one, two, both = corpora
    assert derived_of(one.manifest) == ""
    concat = f"concat of a ({one.fingerprint[:12]}), b ({two.fingerprint[:12]})"
    assert derived_of(both.manifest) == concat
    kept = corpuskit.filter(both, tmp_path / "kept", min_tokens=8, splits=["train"])
    assert derived_of(kept.manifest) == (
        f"{concat}, then filter (min_tokens 8) of a+b ({both.fingerprint[:12]})"
    )
    divided = corpuskit.split(one, {"valid": 0.5}, tmp_path / "divided")
    assert derived_of(divided.manifest) == (
        f"split (of train, shares valid 0.5, by ids) of a ({one.fingerprint[:12]})"
    )


def test_a_digest_is_said_by_its_beginning(corpora, tmp_path):
    kept = corpuskit.filter(corpora[0], tmp_path / "kept", min_tokens=7)
    listed = {"rule": "filter", "exclude": {"field": "id", "sha256": "a" * 64}, "parents": []}
    kept.manifest.options["derived"].append(listed)
    assert derived_of(kept.manifest).endswith(", then filter (exclude field id, sha256 aaaaaaaaaaaa) of ")


@pytest.mark.parametrize("derived", [None, 1, "text", [1], [{}], [{"parents": 1}], [{"rule": {"a": [1]}}]])
def test_whatever_a_manifest_says_is_no_trouble(corpora, derived):
    corpora[0].manifest.options["derived"] = derived
    assert isinstance(derived_of(corpora[0].manifest), str)


def test_the_card_and_the_report_say_it_in_words(corpora):
    both = corpora[-1]
    page = str(card(both))
    assert "\n- Made of: concat of a " in page
    assert '"rule"' not in page.replace("\\", "")
    html = provenance_html(both)
    assert "<dt>made of</dt><dd>concat of a (" in html
    assert "&quot;rule&quot;" not in html

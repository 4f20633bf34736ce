from __future__ import annotations

import pytest

from corpuskit.inspect.licenses import all_of, license_of


@pytest.mark.parametrize(
    ("said", "expression", "hub_id"),
    [
        ("mit", "MIT", "mit"),
        ("CC-BY-SA-3.0", "CC-BY-SA-3.0", "cc-by-sa-3.0"),
        ("gfdl-1.2-OR-LATER", "GFDL-1.2-or-later", "gfdl"),
        ("ODC-By-1.0", "ODC-By-1.0", "odc-by"),
        ("PSF-2.0", "PSF-2.0", None),
        ("mit or apache-2.0", "MIT OR Apache-2.0", None),
    ],
)
def test_expressions_are_spelled_as_spdx_does(said, expression, hub_id):
    found = license_of(said)
    assert (found.said, found.expression, found.hub_id) == (said, expression, hub_id)
    assert found.is_expression


@pytest.mark.parametrize(
    ("said", "expression"),
    [
        ("Public domain", "LicenseRef-Public-domain"),
        ("see LICENSE; (c) me", "LicenseRef-see-LICENSE-c-me"),
        ("</script>\n\x1b[31m\0", "LicenseRef-script-31m"),
        ("\u202e!?", "LicenseRef-unnamed"),
        ("(" * 100_000, "LicenseRef-unnamed"),
        ("(" * 900 + "MIT" + ")" * 90, "LicenseRef-MIT"),
        ("MIT OR", "LicenseRef-MIT-OR"),
    ],
)
def test_a_phrase_that_is_no_expression_becomes_a_reference(said, expression):
    found = license_of(said)
    assert (found.expression, found.is_expression, found.hub_id, found.url) == (expression, False, None, None)


@pytest.mark.parametrize("said", [None, "", " \n"])
def test_nothing_said_is_nothing_known(said):
    assert license_of(said) is None


def test_only_one_licence_of_the_list_has_a_page():
    assert license_of("cc0-1.0").url == "https://spdx.org/licenses/CC0-1.0"
    for said in (
        "MIT OR Apache-2.0",
        "LicenseRef-mine",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "GPL-2.0+",
    ):
        assert license_of(said).is_expression
        assert license_of(said).url is None


def test_licences_together_are_one_expression():
    several = [license_of(said) for said in ("MIT OR Apache-2.0", "cc0-1.0", "CC0-1.0", "Public domain")]
    assert all_of(several).expression == "(MIT OR Apache-2.0) AND CC0-1.0 AND LicenseRef-Public-domain"
    assert all_of(several[1:3]).expression == "CC0-1.0"

"""The formats that come with corpuskit."""

from __future__ import annotations

import pytest

from corpuskit.formats.base import Format
from corpuskit.formats.opening import open_format
from corpuskit.formats.options import ExportOptions
from corpuskit.formats.plugin import corpuskit_formats


@pytest.mark.parametrize("spec", corpuskit_formats(), ids=lambda spec: spec.name)
def test_every_format_can_be_opened_and_exports_say_its_name(spec, make_corpus, tmp_path):
    opened = open_format(spec.name)
    assert isinstance(opened, Format)
    options = ExportOptions(block_size=8 if "block_size" in opened.options_taken else None)
    (*_, described) = opened.write(make_corpus(), tmp_path / "out", options=options)
    assert f'"format": "{spec.name}"' in described.read_text()

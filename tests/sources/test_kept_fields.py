"""Which fields are kept, as `--keep` says it."""

from __future__ import annotations

import pytest

from corpuskit.errors import ConfigError
from corpuskit.sources.kept_fields import DEFAULT, KeptField, parse_keep


def test_names_come_in_their_order_and_may_have_a_type():
    assert parse_keep("url, lang,score:float,meta.source,dc:title") == (
        KeptField("url"),
        KeptField("lang"),
        KeptField("score", "float"),
        KeptField("meta.source"),
        KeptField("dc:title"),
    )


def test_an_id_is_kept_by_default_and_nothing_where_that_is_said():
    assert parse_keep(None) == DEFAULT == (KeptField("id", is_asked=False),)
    assert parse_keep("") == ()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("a,,b", "found an empty one; --keep '' keeps none"),
        (":int", "found an empty one"),
        ("a,a:str", "--keep 'a,a:str': 'a' is named twice"),
        (",".join(f"f{n}" for n in range(300)), "300 fields, expected at most 256"),
        (3, "--keep 3: expected fields' names such as"),
    ],
)
def test_what_names_no_fields_is_refused(said, message):
    with pytest.raises(ConfigError, match=message):
        parse_keep(said)

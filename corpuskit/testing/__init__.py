"""Conformance suites for plugins, run by corpuskit's own parts too. Needs pytest; tokenizers also hypothesis.

A plugin's test subclasses a suite and gives it the one thing to test, as a fixture:

```python
import corpuskit.testing
import pytest

class TestBooks(corpuskit.testing.SourceSuite):
    @pytest.fixture
    def source(self, tmp_path):
        return Books(spec=SPEC, options=SourceOptions(location=str(write_books(tmp_path))))
```

Class attributes let a part say what it does not promise; each suite's docstring lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from corpuskit.lazy import lazy_attributes

if TYPE_CHECKING:
    from corpuskit.testing.distributions import fake_distribution
    from corpuskit.testing.executors import ExecutorSuite
    from corpuskit.testing.formats import FormatSuite
    from corpuskit.testing.samplers import SamplerSuite
    from corpuskit.testing.sources import SourceSuite
    from corpuskit.testing.templates import TemplateSuite
    from corpuskit.testing.tokenizers import TokenizerSuite

_PLACES = {
    "ExecutorSuite": "corpuskit.testing.executors:ExecutorSuite",
    "FormatSuite": "corpuskit.testing.formats:FormatSuite",
    "SamplerSuite": "corpuskit.testing.samplers:SamplerSuite",
    "SourceSuite": "corpuskit.testing.sources:SourceSuite",
    "TemplateSuite": "corpuskit.testing.templates:TemplateSuite",
    "TokenizerSuite": "corpuskit.testing.tokenizers:TokenizerSuite",
    "fake_distribution": "corpuskit.testing.distributions:fake_distribution",
}

__all__ = [
    "ExecutorSuite",
    "FormatSuite",
    "SamplerSuite",
    "SourceSuite",
    "TemplateSuite",
    "TokenizerSuite",
    "fake_distribution",
]

# Before they are imported: a failing assert then shows its values.
pytest.register_assert_rewrite(*sorted({place.partition(":")[0] for place in _PLACES.values()}))

__getattr__, __dir__ = lazy_attributes(__name__, _PLACES)

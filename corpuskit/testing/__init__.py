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

import importlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from corpuskit.testing.distributions import fake_distribution
    from corpuskit.testing.executors import ExecutorSuite
    from corpuskit.testing.formats import FormatSuite
    from corpuskit.testing.samplers import SamplerSuite
    from corpuskit.testing.sources import SourceSuite
    from corpuskit.testing.tokenizers import TokenizerSuite

_MODULE_OF = {
    "ExecutorSuite": "corpuskit.testing.executors",
    "FormatSuite": "corpuskit.testing.formats",
    "SamplerSuite": "corpuskit.testing.samplers",
    "SourceSuite": "corpuskit.testing.sources",
    "TokenizerSuite": "corpuskit.testing.tokenizers",
    "fake_distribution": "corpuskit.testing.distributions",
}

__all__ = [
    "ExecutorSuite",
    "FormatSuite",
    "SamplerSuite",
    "SourceSuite",
    "TokenizerSuite",
    "fake_distribution",
]

# Before they are imported: a failing assert then shows its values.
pytest.register_assert_rewrite(*sorted(set(_MODULE_OF.values())))


def __getattr__(name: str) -> Any:
    try:
        module = importlib.import_module(_MODULE_OF[name])
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Every error that corpuskit raises on purpose.

```
CorpuskitError
├── ConfigError (ValueError)         an option or a configuration file says something impossible
├── PluginError                      a plugin or the registry
│   ├── UnknownName (LookupError)    no component has that name
│   │   └── UnavailableName          it may be that of a plugin that failed
│   ├── DuplicateName                two owners of one name
│   └── PluginLoadFailed             a plugin or a component could not be imported
├── SourceError (ValueError)         the text of a corpus is not what it should be
├── FetchError (OSError)             a file could not be downloaded or read
│   └── HashMismatch                 a file's bytes are not the expected ones
├── TokenizerError (ValueError)      a tokenizer or its vocabulary
├── StorageError (OSError)           reading, writing, locking or committing files
├── CorpusFormatError (ValueError)   a prepared corpus is damaged, incomplete or too new
├── ResumeError (ValueError)         saved state does not belong to what it is loaded into
└── WorkerError (RuntimeError)       a worker process died or gave up
```

A message is one line: what, where, expected and found, and what to do. The facts are also attributes
(`.path`, `.expected`, `.found`), and every error survives pickling, because workers send them home.
The command line turns the whole family into one line on stderr and `exit_code`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class CorpuskitError(Exception):
    """The base of every error raised on purpose; its message is meant for a person.

    Args:
        message: One line, with a remedy where there is one.
        path: The file, folder or URL that the message is about.
        expected: What should have been there.
        found: What was there instead.
    """

    #: What the command line exits with: 2 usage, 3 data, 4 input/output or network, 5 integrity, 6 plugin.
    exit_code: int = 3

    def __init__(self, message: str, *, path: Any = None, expected: Any = None, found: Any = None) -> None:
        super().__init__(message)
        self.path = path
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        # OSError's own __str__ would be used by the children that derive from it.
        return str(self.args[0])


def reason_of(error: BaseException) -> str:
    """What another library says, as a part of a line of ours."""
    return " ".join(str(error).split()).rstrip(".;:") or type(error).__name__


class ConfigError(CorpuskitError, ValueError):
    """An option, an argument or a configuration file says something that cannot be done.

    `reason` is the message without the option and its value, where the two can be told apart.
    """

    exit_code = 2

    def __init__(self, message: str, *, reason: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.reason = reason


class PluginError(CorpuskitError):
    """Something is wrong with a plugin or with how one was asked for."""

    exit_code = 6


class UnknownName(PluginError, LookupError):
    """No component has this name; the message lists the near misses."""

    exit_code = 2


class UnavailableName(UnknownName):
    """No component has this name, and a plugin that failed may have had it; the message says why it failed.

    `owners` are the failed plugins that are called like it, if there are any.
    """

    exit_code = 6

    def __init__(self, message: str, *, owners: Sequence[Any] = (), **facts: Any) -> None:
        super().__init__(message, **facts)
        self.owners = owners


class DuplicateName(PluginError):
    """Two distributions own the same name, and corpuskit does not choose between them."""


class PluginLoadFailed(PluginError):
    """A plugin, or a component that it names, could not be imported or is not what it says it is."""


class SourceError(CorpuskitError, ValueError):
    """The text of a corpus is not what it should be: bytes that are not UTF-8, a broken record."""


class FetchError(CorpuskitError, OSError):
    """A file could not be had: network, HTTP status, time limit, or offline.

    `missing` is True where there is surely no such file; False says nothing about that.
    """

    exit_code = 4

    def __init__(self, message: str, *, missing: bool = False, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.missing = missing


class HashMismatch(FetchError):
    """A file's bytes are not the expected ones; `expected` and `found` are sha256 digests or sizes."""

    exit_code = 5


class TokenizerError(CorpuskitError, ValueError):
    """A tokenizer cannot be opened, or gave ids that cannot be right.

    `index` is the number of the text of a batch that cannot be encoded, counted from 0, where it is known.
    """

    def __init__(self, message: str, *, index: int | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.index = index


class StorageError(CorpuskitError, OSError):
    """The machine refused to read, write, lock or commit a file; nothing that existed before was lost."""

    exit_code = 4


class CorpusFormatError(CorpuskitError, ValueError):
    """A prepared corpus is damaged, incomplete, or written by a newer corpuskit."""

    exit_code = 5


class ResumeError(CorpuskitError, ValueError):
    """Saved state belongs to another corpus, sampler, seed or version."""

    exit_code = 5


class WorkerError(CorpuskitError, RuntimeError):
    """A worker process died or failed after its retries."""

    exit_code = 4

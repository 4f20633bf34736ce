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

    Why: An option is misspelt or out of its range, two options exclude each other, a split does not have
    enough tokens for one window, or a configuration file is not what it should be. Nothing has been
    written.

    What to do: Change what the message names; it says what is allowed.

    `reason` is the message without the option and its value, where the two can be told apart.
    """

    exit_code = 2

    def __init__(self, message: str, *, reason: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.reason = reason


class PluginError(CorpuskitError):
    """Something is wrong with a plugin or with how one was asked for.

    Why: A plugin raised something that it should not, gave what its kind does not allow, or was asked for
    in a way that it cannot answer. The message names the plugin, its version and the input.

    What to do: See `corpuskit plugins`, and where it happened with `corpuskit --verbose`. Report it to the
    plugin's author; `CORPUSKIT_PLUGINS` leaves a plugin out.
    """

    exit_code = 6


class UnknownName(PluginError, LookupError):
    """No component has this name; the message lists the near misses.

    Why: A dataset, encoding, sampler or other component is misspelt, its plugin is not installed, or what
    was meant as a path is not there.

    What to do: Take the name that the message suggests, or one of `corpuskit list`; install the plugin that
    has it.
    """

    exit_code = 2


class UnavailableName(UnknownName):
    """No component has this name, and a plugin that failed may have had it; the message says why it failed.

    Why: The plugin is installed, and could not be imported.

    What to do: Mend what the message says of the plugin, such as a package that is missing, or update the
    plugin.

    `owners` are the failed plugins that are called like it, if there are any.
    """

    exit_code = 6

    def __init__(self, message: str, *, owners: Sequence[Any] = (), **facts: Any) -> None:
        super().__init__(message, **facts)
        self.owners = owners


class DuplicateName(PluginError):
    """Two distributions own the same name, and corpuskit does not choose between them.

    Why: Two plugins that are installed have a component of the same kind and name, or one lists it twice.

    What to do: Name the plugins that you want in `CORPUSKIT_PLUGINS`, or uninstall one.
    """


class PluginLoadFailed(PluginError):
    """A plugin, or a component that it names, could not be imported or is not what it says it is.

    Why: An import failed, a hook gave something else than its specs, or a component's class lacks what its
    kind needs.

    What to do: Mend what the message says, or update the plugin. Its author runs the suites of
    `corpuskit.testing`.
    """


class SourceError(CorpuskitError, ValueError):
    """The text of a corpus is not what it should be: bytes that are not UTF-8, a broken record.

    Why: A file is not UTF-8, is cut off, has a record without the text field, is in another format than its
    name says, or was changed while it was read. A part of the preparation that is finished stays.

    What to do: Mend the file at the place that the message names, or say how it is to be read: `--format`,
    `--text-field`, `--invalid-utf8 replace`, `--on-bad-document skip`. `corpuskit plan` lists every such
    problem at once.
    """


class FetchError(CorpuskitError, OSError):
    """A file could not be had: network, HTTP status, time limit, or offline.

    Why: A download failed after its retries, a server said that there is no such file or that it may not be
    read, `CORPUSKIT_OFFLINE` forbids the network, or the file of `--from` or of a mirror cannot be read.

    What to do: Run the same again: a download goes on where it was. Where the network is not to be had,
    bring the file with `--from`, a mirror (`CORPUSKIT_MIRRORS`) or `corpuskit cache add`.

    `missing` is True where there is surely no such file; False says nothing about that.
    """

    exit_code = 4

    def __init__(self, message: str, *, missing: bool = False, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.missing = missing


class HashMismatch(FetchError):
    """A file's bytes are not the expected ones; `expected` and `found` are sha256 digests or sizes.

    Why: A download, a file of `--from`, or a shard from an object store has another sha256 or size than the
    one that is published for it. The file was changed, cut short, or is another one. It is not used.

    What to do: Fetch it again from where it belongs. If the publisher has replaced it, the source's sha256
    has to be updated by whoever maintains it.
    """

    exit_code = 5


class TokenizerError(CorpuskitError, ValueError):
    """A tokenizer cannot be opened, or gave ids that cannot be right.

    Why: A vocabulary is missing or is not the published one, a tokenizer of that name takes no such
    argument, a text holds what the vocabulary cannot express, or ids to be decoded are not in the
    vocabulary.

    What to do: Choose an encoding of `corpuskit list tokenizers`, or mend the vocabulary's file that is
    named. For ids of another corpus, use the tokenizer of that corpus.

    `index` is the number of the text of a batch that cannot be encoded, counted from 0, where it is known.
    """

    def __init__(self, message: str, *, index: int | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.index = index


class StorageError(CorpuskitError, OSError):
    """The machine refused to read, write, lock or commit a file; nothing that existed before was lost.

    Why: The disk is full, a folder may not be written, another process holds the lock of a preparation or
    of the cache, or a file system or an object store refused an operation.

    What to do: Make room, change the permission or wait for the other process, then run the same again:
    what is finished is kept.
    """

    exit_code = 4


class CorpusFormatError(CorpuskitError, ValueError):
    """A prepared corpus is damaged, incomplete, or written by a newer corpuskit.

    Why: A folder has no manifest, a shard is missing or has another size, the manifest's digest is not that
    of its bytes, or the format is newer than this corpuskit.

    What to do: Check the path first. Prepare a damaged corpus again with `--overwrite`, and find the damage
    with `corpuskit verify`. Update corpuskit for a newer format.
    """

    exit_code = 5


class ResumeError(CorpuskitError, ValueError):
    """Saved state belongs to another corpus, sampler, seed or version.

    Why: `load_state_dict` was given a state of other tokens, another sampler, seed or block size, or
    something that is no state. Batches that went on from it would not be those that the earlier run would
    have drawn.

    What to do: Make the batches with the options of the run that saved it, over the same corpus. To go to a
    place on purpose, use `batches.seek`.
    """

    exit_code = 5


class WorkerError(CorpuskitError, RuntimeError):
    """A worker process died or failed after its retries.

    Why: A worker process died while it made a part, and again when the part was tried again; mostly because
    memory was short.

    What to do: Run the same again: finished parts are kept. If it fails again, use fewer `--workers` or
    smaller `--part-bytes`.
    """

    exit_code = 4

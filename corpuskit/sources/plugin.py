"""The corpora and readers that come with corpuskit."""

from __future__ import annotations

from corpuskit.registry.hookspecs import hookimpl
from corpuskit.registry.specs import ReaderSpec, RemoteFile, SourceSpec

TINYSHAKESPEARE = SourceSpec(
    "tinyshakespeare",
    "40,000 lines of Shakespeare in one text of 1.1 MB",
    files=(
        RemoteFile(
            "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
            sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            size_bytes=1_115_394,
        ),
    ),
    split="characters:0.1",
    eot=False,
    size_bytes=1_115_394,
    license="Public domain",
    homepage="https://github.com/karpathy/char-rnn",
)

PYTHON_DOCS = SourceSpec(
    "python-docs",
    "The language reference that ships inside Python; needs no network",
    factory="corpuskit.sources.python_docs:PythonDocs",
    split="valid=0.1",
    license="PSF-2.0",
    homepage="https://docs.python.org/3/reference/",
)


@hookimpl
def corpuskit_sources() -> list[SourceSpec]:
    """The built-in corpora."""
    return [TINYSHAKESPEARE, PYTHON_DOCS]


@hookimpl
def corpuskit_readers() -> list[ReaderSpec]:
    """The built-in file formats."""
    return [
        ReaderSpec(
            "text",
            "Plain text: one document a file, a line, or between separators",
            factory="corpuskit.sources.readers.text:TextReader",
            extensions=(".txt", ".text", ".md"),
        ),
        ReaderSpec(
            "jsonl",
            "JSON Lines: one object a line, the text in one of its fields",
            factory="corpuskit.sources.readers.jsonl:JsonlReader",
            extensions=(".jsonl", ".ndjson"),
        ),
        ReaderSpec(
            "json",
            "JSON: one array of objects, or an object a line",
            factory="corpuskit.sources.readers.json:JsonReader",
            extensions=(".json",),
        ),
        ReaderSpec(
            "parquet",
            'Parquet: the text in one of the columns (needs the extra "formats")',
            factory="corpuskit.sources.readers.parquet:ParquetReader",
            extensions=(".parquet",),
        ),
        ReaderSpec(
            "csv",
            "Comma-separated values with a header row",
            factory="corpuskit.sources.readers.csv:CsvReader",
            extensions=(".csv",),
        ),
        ReaderSpec(
            "tsv",
            "Tab-separated values with a header row",
            factory="corpuskit.sources.readers.csv:TsvReader",
            extensions=(".tsv",),
        ),
        ReaderSpec(
            "chat",
            "Conversations in JSON Lines, JSON or Parquet, written by a template (--format chat)",
            factory="corpuskit.sources.readers.chat:ChatReader",
        ),
    ]

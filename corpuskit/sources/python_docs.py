"""The language reference that ships inside Python: a corpus for machines without a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corpuskit.sources.base import Document, Input, Source


class PythonDocs(Source):
    """The topics of `pydoc_data.topics`, one document each, in the order of their names.

    The text is that of the running Python, so versions of Python differ; the input's sha256 tells them apart.
    """

    def inputs(self) -> Sequence[Input]:
        """One input: all topics, one after the other."""
        return [Input.of_text("pydoc_data.topics", "".join(_topics()))]

    def documents(self, item: Input) -> Iterator[Document]:
        """The topics; each starts at its byte offset in the canonical text."""
        start = 0
        for topic in _topics():
            text = topic.encode()
            yield Document(text, start=start)
            start += len(text)


def _topics() -> list[str]:
    from pydoc_data.topics import topics

    return [topics[name] for name in sorted(topics)]

"""Progress in one line that is written over."""

import io
import sys

from corpuskit.terminal.line import Line


def test_a_line_is_written_over_and_ends_where_another_begins(monkeypatch):
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    line = Line()
    line.show("Fetching a", 0, None, "")
    line.show("Encoding a", 50, 100, "7 tokens")
    line.show("Encoding a", 60, 100, "8 tokens")  # too soon
    line.show("Encoding a", 100, 100, "")
    line.end()
    line.end()
    assert written.getvalue() == "\rFetching a\n\rEncoding a: 50 %, 7 tokens\rEncoding a: 100 %         \n"

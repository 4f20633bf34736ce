"""Which windows are drawn: pure functions from sample numbers to places in a token stream."""

"""Traces, statistics and reports of prepared corpora."""

"""Corpora made of corpora without tokenizing again: some of their documents, other shards, other splits."""

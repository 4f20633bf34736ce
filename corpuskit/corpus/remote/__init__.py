"""A corpus in an object store, read through a cache on this machine."""

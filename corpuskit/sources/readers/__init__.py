"""Documents from the bytes of an input: one reader for each file format."""

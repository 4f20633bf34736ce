"""From text to a corpus on disk: plan, encode, write, commit."""

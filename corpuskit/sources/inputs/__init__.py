"""The bytes of one input: where they are, how they are packed, and what they are."""

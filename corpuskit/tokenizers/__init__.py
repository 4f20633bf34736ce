"""Text to ids, exactly and always the same."""

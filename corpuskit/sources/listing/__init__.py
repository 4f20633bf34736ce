"""Which files a place holds, and which of them are text."""

"""One part of the work: what a worker is told, what it does, and what it answers."""

"""What anything shows on a terminal: how far it is, and text that cannot harm."""

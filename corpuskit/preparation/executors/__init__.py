"""What runs the parts of a preparation."""

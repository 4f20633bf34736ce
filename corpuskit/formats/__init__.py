"""Token files as other trainers read them."""

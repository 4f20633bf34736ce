"""Conversations: what records of them hold, and the templates that write them as text and control tokens."""

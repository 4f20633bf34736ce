"""The command line."""

from corpuskit.cli.program import main, root
from corpuskit.commands import COMMANDS

__all__ = ["COMMANDS", "main", "root"]

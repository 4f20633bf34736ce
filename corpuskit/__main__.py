"""`python -m corpuskit`, and the command `corpuskit`: signals are heard before anything is imported."""

from typing import NoReturn

from corpuskit.interrupts import end_at_once


def main() -> NoReturn:
    """Run the command line and exit."""
    end_at_once()
    from corpuskit.cli import main as run

    run()


if __name__ == "__main__":
    main()

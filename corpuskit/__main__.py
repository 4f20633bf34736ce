"""`python -m corpuskit`."""

from corpuskit.cli import main

if __name__ == "__main__":
    main()

"""``python -m specduet``: the command line."""

from specduet.cli import main

if __name__ == "__main__":
    main()

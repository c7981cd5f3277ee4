"""`python -m archir`: the command line."""

from archir.cli import main

if __name__ == "__main__":
    main()

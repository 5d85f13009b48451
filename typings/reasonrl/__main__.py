"""`python -m reasonrl`: the command."""

from reasonrl.cli import main

if __name__ == "__main__":
    main()

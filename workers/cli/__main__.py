"""`python -m workers.cli`."""

from workers.cli.app import main

if __name__ == "__main__":
    main()

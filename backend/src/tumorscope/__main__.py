"""``python -m tumorscope``: the command."""

from tumorscope.cli import main

# A worker process imports this module again under another name.
if __name__ == "__main__":
    main()

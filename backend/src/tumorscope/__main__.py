"""``python -m tumorscope``: the command."""

from tumorscope.cli import main

main()

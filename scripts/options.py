"""The options of the scripts that measure a bundle."""

import argparse
from pathlib import Path

from tumorscope.api.settings import Settings


def read_options(description: str | None) -> argparse.Namespace:
    """``data`` and ``bundle`` of the command line, as paths."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--bundle", type=Path, default=Settings().bundle)
    return parser.parse_args()

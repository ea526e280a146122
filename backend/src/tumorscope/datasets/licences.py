"""Examples in, those whose licence allows any use out."""

from collections.abc import Sequence

from tumorscope.datasets.example import Example

OPEN_LICENCES = frozenset({"CC BY 3.0", "CC BY 4.0", "CC BY", "CC0", "PDDL"})
"""They forbid no use and come with no terms beyond naming the source."""

_BY_SOURCE = {
    "figshare-1512427": "CC BY 4.0",
    "tcia_brain_tumor_progression": "CC BY 3.0",
    "TCGA-LGG": "CC BY-NC-SA 4.0",
    "ds000011": "PDDL",
    "mass": "GPL-2",
    "ljubljana_ms": "CC BY",
    "ds002748_stripped": "CC0",
}


def keep_open(examples: Sequence[Example]) -> list[Example]:
    """Leave out sources that forbid commercial use, come with terms, or state no licence that is known here."""
    return [example for example in examples if _BY_SOURCE.get(example.source) in OPEN_LICENCES]

"""Sources that forbid a use, come with terms or state nothing can be left out."""

from pathlib import Path

import pytest

from tumorscope.datasets.discover import OPEN_LICENCES, keep_open
from tumorscope.datasets.example import Example, ImageFileReference


@pytest.mark.parametrize(
    ("source", "is_kept"),
    [
        ("figshare-1512427", True),
        ("ds002748_stripped", True),
        ("TCGA-LGG", False),
        ("mass", False),
        ("Br35H", False),
        ("healthy-volumes", False),
        ("mine", False),
    ],
)
def test_source_is_kept_where_its_licence_allows_any_use(source: str, is_kept: bool) -> None:
    example = Example(ImageFileReference(Path("a.png")), "glioma", "p", source)
    assert keep_open([example]) == ([example] if is_kept else [])


def test_no_licence_that_restricts_use_counts_as_open() -> None:
    assert not [name for name in OPEN_LICENCES if "NC" in name or "GPL" in name or "terms" in name]

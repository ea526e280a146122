"""Frames of which several lie at one place in, those of one whole stack out: the same for every order of the files."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from tumorscope.imaging.formats.dicom_instance import find_number, is_derived_map, is_no_magnitude
from tumorscope.imaging.formats.dicom_pixels import count_frames, find_functional_groups

# Siemens, GE (first of several numbers), Philips and United Imaging; GE adds a multiple of 10 to the power of 9.
_B_VALUES = ((0x0019, 0x100C), (0x0043, 0x1039), (0x2001, 0x1003), (0x0065, 0x1009))
_GE_B_VALUE_OFFSET = 10**9
# GE: 0 is magnitude.
_GE_COMPONENT = (0x0043, 0x102F)
# A magnitude has no values below zero, but for a few of interpolation.
_NEGATIVE = 0.001
# A stack may lack so many of the places of the fullest one.
_WHOLE = 0.9

DIFFERENCES = ("component", "b_value", "echo", "inversion_time", "time_point")
"""What images at one place differ by, in the order of `StackKey`."""

StackKey = tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame at the number of its place, with `find_stack_key`, and its order among those of equal keys."""

    place: int
    key: StackKey
    order: int


def find_stack_key(dataset: Dataset, frame: int) -> StackKey:
    """What tells the stacks of a series apart, as numbers of which the smaller is read.

    Magnitude before phase, real, imaginary, subtraction and computed maps; low b-values, early echoes, long inversion
    times (with more signal) and early time points first. 0 where the file states nothing.
    """
    groups = find_functional_groups(dataset, frame)
    component = is_no_magnitude(dataset) or is_derived_map(dataset)
    component = component or bool(_private(dataset, _GE_COMPONENT)) or _is_signed(dataset)
    for group in groups:
        for item in group.get("MRImageFrameTypeSequence") or ():
            component = component or str(item.get("ComplexImageComponent", "MAGNITUDE")) != "MAGNITUDE"
    b_value = find_number(groups, "MRDiffusionSequence", "DiffusionBValue", dataset)
    if b_value is None:
        b_value = next((value for tag in _B_VALUES if (value := _private(dataset, tag)) is not None), 0.0)
    echo = find_number(groups, "MREchoSequence", "EffectiveEchoTime", dataset) or _stated(dataset, "EchoTime")
    inversion = find_number(groups, "MRModifierSequence", "InversionTimes", dataset) or _stated(
        dataset, "InversionTime"
    )
    time = find_number(groups, "FrameContentSequence", "TemporalPositionIndex", dataset)
    return (
        float(component),
        b_value % _GE_B_VALUE_OFFSET,
        echo or _stated(dataset, "EchoNumbers"),
        -inversion,
        time or _stated(dataset, "TemporalPositionIdentifier"),
    )


def choose_stack(frames: Sequence[Placed]) -> tuple[list[int], tuple[str, ...]]:
    """Choose one frame for each place.

    Returns
    -------
    (list of int, tuple of str)
        Indices of the frames, by place; and which of `DIFFERENCES` tell the stacks apart. Of the stacks that cover
        nearly as many places as the fullest, the one with the smallest key; in it, the first in order at each place.
    """
    places: dict[int, list[int]] = defaultdict(list)
    for index, frame in enumerate(frames):
        places[frame.place].append(index)
    # An attribute that differs between places, but not at one, does not part the series.
    differing = [
        axis
        for axis in range(len(DIFFERENCES))
        if any(len({frames[index].key[axis] for index in members}) > 1 for members in places.values())
    ]
    stacks: dict[tuple[float, ...], dict[int, int]] = defaultdict(dict)
    for index in sorted(range(len(frames)), key=lambda index: frames[index].order):
        stack = stacks[tuple(frames[index].key[axis] for axis in differing)]
        stack.setdefault(frames[index].place, index)
    fullest = max(map(len, stacks.values()))
    chosen = stacks[min(key for key, stack in stacks.items() if len(stack) >= _WHOLE * fullest)]
    return [chosen[place] for place in sorted(chosen)], tuple(DIFFERENCES[axis] for axis in differing)


def _is_signed(dataset: Dataset) -> bool:
    """Whether an uncompressed image has negative values, as phases and field maps have that state nothing else."""
    if dataset.get("PixelRepresentation") != 1 or dataset.get("BitsAllocated") != 16 or count_frames(dataset) > 1:
        return False
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return False
    order = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
    pixels = np.frombuffer(dataset.get("PixelData") or b"", f"{order}i2", len(dataset.get("PixelData") or b"") // 2)
    return bool(np.count_nonzero(pixels < 0) > _NEGATIVE * pixels.size)


def _stated(dataset: Dataset, keyword: str) -> float:
    return find_number([], "", keyword, dataset) or 0.0


def _private(dataset: Dataset, tag: tuple[int, int]) -> float | None:
    """The first number of a private element, which an implicit transfer syntax gives as bytes."""
    if tag not in dataset:
        return None
    value = dataset[tag].value
    text = value.decode("ascii", "ignore") if isinstance(value, bytes) else str(value)
    try:
        number = float(text.strip("[]() \0").replace("\\", ",").split(",")[0].strip("' "))
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None

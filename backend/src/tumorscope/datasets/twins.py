"""Fingerprints in, pairs that show the same picture out: copied, mirrored, turned, re-encoded or cropped.

Perceptual hashes of all orientations and of a few crops, compared all with all, give candidates; the detail of the
aligned pictures decides. Both thresholds were chosen on the 2,941 pictures that the default model is made of, and 3,300
copies of 300 of them: mirrored, turned, as JPEG of quality 30 and 40, cropped by 2.5 and 5 % at all sides or two. All
copies were within 21 bits of their pictures, as 34,000 of the 4.3 million pairs of pictures are; likeness parts these:

============================================================  ===========
pairs                                                         likeness
============================================================  ===========
picture and copy                                              0.93 to 1
picture and copy as JPEG of quality 10                        0.80 to 1
copies found in the collections, looked at one by one         0.88 to 1
neighbouring slices of one patient                            up to 0.78
slices of different patients of one collection                up to 0.58
different drawn heads (`imaging.phantom`), from 256 pixels    up to 0.84
============================================================  ===========
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.datasets.alignment import Detail, compare, invert, take_detail, turn_detail
from tumorscope.datasets.fingerprints import CROPS, ORIENTATIONS, Fingerprint, Look
from tumorscope.imaging.perceptual_hash import HASH_BITS

_MAX_DIFFERENT_BITS = 21
SAME_PICTURE = 0.85
"""Likeness from which two pictures are one."""
# Heads are nearly symmetric: a picture's mirror image is often as good a candidate as the picture, if not better.
_TRIALS = 3
_ROWS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Twins:
    """Two fingerprints of the same picture.

    Parameters
    ----------
    first, second : int
        Their positions.
    likeness : float
        Correlation of their detail; 1 for the same pixels.
    is_exact : bool
        Whether the decoded pixels are the same.
    orientation : int
        Of `alignment.turn`, which makes the second of the first.
    """

    first: int
    second: int
    likeness: float
    is_exact: bool
    orientation: int = 0


@dataclass(frozen=True, slots=True)
class _Trial:
    turned: int
    cropped: int
    orientation: int
    crop: int
    different_bits: int


def find_twins(
    prints: Sequence[Fingerprint], apart: Sequence[bool] | None = None, advance: Callable[[float], None] | None = None
) -> list[Twins]:
    """Pairs of the same picture.

    Parameters
    ----------
    prints : sequence of Fingerprint
        The pictures.
    apart : sequence of bool, optional
        Which side each is on; given, only pairs on different sides are looked for.
    advance : callable, optional
        Called with the share of the work that was done since the last call.

    Returns
    -------
    list of Twins
        Each pair once, the first before the second in the sequence; the most alike come first.
    """
    sides = np.zeros(len(prints), bool) if apart is None else np.asarray(apart, bool)
    wanted = np.ones((2, 2), bool) if apart is None else ~np.eye(2, dtype=bool)
    report = advance or (lambda _: None)
    twins = _find_equal(prints, sides, wanted)
    done = {(pair.first, pair.second) for pair in twins}
    looks = {index: one.look for index, one in enumerate(prints) if one.look is not None}
    trials = _collect_trials(looks, sides, wanted)
    details: dict[int, Detail] = {}
    for pair, candidates in trials.items():
        if pair not in done:
            likeness, trial = max(
                ((_try(trial, looks, details), trial) for trial in candidates), key=lambda tried: tried[0]
            )
            if likeness >= SAME_PICTURE:
                orientation = trial.orientation if trial.turned == pair[0] else invert(trial.orientation)
                twins.append(Twins(*pair, round(likeness, 4), is_exact=False, orientation=orientation))
        report(1 / len(trials))
    return sorted(twins, key=lambda pair: (not pair.is_exact, -pair.likeness, pair.first, pair.second))


def _find_equal(prints: Sequence[Fingerprint], sides: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> list[Twins]:
    groups: dict[str, list[int]] = defaultdict(list)
    twins = []
    for index, one in enumerate(prints):
        equal = groups[one.sha256]
        twins += [
            Twins(other, index, 1.0, is_exact=True) for other in equal if wanted[int(sides[other]), int(sides[index])]
        ]
        equal.append(index)
    return twins


def _collect_trials(
    looks: dict[int, Look], sides: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> dict[tuple[int, int], list[_Trial]]:
    """The most promising trials of each pair whose hashes are alike."""
    by_pair: dict[tuple[int, int], list[_Trial]] = defaultdict(list)
    for one in (False, True):
        for other in (False, True):
            if wanted[int(one), int(other)]:
                turned = [index for index in looks if sides[index] == one]
                cropped = [index for index in looks if sides[index] == other]
                for trial in _match_hashes(turned, cropped, looks):
                    pair = min(trial.turned, trial.cropped), max(trial.turned, trial.cropped)
                    by_pair[pair].append(trial)
    return {pair: sorted(trials, key=lambda trial: trial.different_bits)[:_TRIALS] for pair, trials in by_pair.items()}


def _match_hashes(turned: list[int], cropped: list[int], looks: dict[int, Look]) -> Iterator[_Trial]:
    """Pairs and orientations whose hashes are alike, with the best crop of each."""
    if not turned or not cropped:
        return
    columns = np.stack([_to_signs(looks[index].cropped) for index in cropped])
    for start in range(0, len(turned), _ROWS_AT_ONCE):
        rows = np.stack([_to_signs(looks[index].turned) for index in turned[start : start + _ROWS_AT_ONCE]])
        for orientation in range(ORIENTATIONS):
            # The product of two hashes' signs counts bits: equal ones less different ones.
            products = [rows[:, orientation] @ columns[:, crop].T for crop in range(len(CROPS))]
            best = np.max(products, axis=0)
            for row, column in np.argwhere(best >= HASH_BITS - 2 * _MAX_DIFFERENT_BITS):
                first, second = turned[start + int(row)], cropped[int(column)]
                if first != second:
                    crop = int(np.argmax([product[row, column] for product in products]))
                    yield _Trial(first, second, orientation, crop, int(HASH_BITS - best[row, column]) // 2)


def _to_signs(bits: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(bits, 1, -1).astype(np.float32)


def _try(trial: _Trial, looks: dict[int, Look], details: dict[int, Detail]) -> float:
    for index in (trial.turned, trial.cropped):
        if index not in details:
            look = looks[index]
            details[index] = take_detail(look.grey.astype(np.float32), look.content)
    turned = turn_detail(details[trial.turned], trial.orientation)
    return compare(turned, details[trial.cropped], CROPS[trial.crop])

"""Fingerprints in, near-duplicates out: images that were copied, mirrored, rotated, re-encoded or cropped.

Perceptual hashes of all orientations and of a few crops, compared all with all, give candidates; the correlation of the
aligned images decides. Both thresholds were chosen on the 2,941 images of the default model's data and 3,300 copies of
300 of them: mirrored, rotated, as JPEG of quality 30 and 40, cropped by 2.5 and 5 % on all sides or two. All copies
were within 21 bits of their images, as 34,000 of the 4.3 million pairs of images are; the correlation separates them:

============================================================  ===========
pairs                                                         correlation
============================================================  ===========
image and copy                                                0.93 to 1
image and copy as JPEG of quality 10                          0.80 to 1
copies in the collections, inspected one by one               0.88 to 1
neighbouring slices of one patient                            up to 0.78
slices of different patients of one collection                up to 0.58
different phantoms (`imaging.phantom`), from 256 pixels       up to 0.84
============================================================  ===========
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.datasets.alignment import Detail, compare, invert, orient_detail, take_detail
from tumorscope.datasets.example import Example
from tumorscope.datasets.fingerprints import CROPS, HASH_BITS, ORIENTATIONS, Appearance, Fingerprint

_MAX_DIFFERENT_BITS = 21
NEAR_DUPLICATE_FROM = 0.85
"""Correlation from which two images are near-duplicates."""
# Heads are nearly symmetric: the mirror image of an image is often as good a candidate as the image, if not better.
_TRIALS = 3
_ROWS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Two examples that show the same image.

    Parameters
    ----------
    first, second : Example
        In the order of their fingerprints.
    correlation : float
        Of their detail once aligned; 1 for the same pixels.
    is_exact : bool
        Whether the decoded pixels are the same.
    orientation : int
        Of `alignment.orient`: makes the second of the first.
    """

    first: Example
    second: Example
    correlation: float
    is_exact: bool
    orientation: int = 0


@dataclass(frozen=True, slots=True)
class _Trial:
    oriented: int
    cropped: int
    orientation: int
    crop: int
    different_bits: int


def find_near_duplicates(
    fingerprints: Sequence[Fingerprint],
    split_at: int | None = None,
    advance: Callable[[float], None] = lambda _: None,
) -> list[NearDuplicates]:
    """Find the pairs of examples that show the same image; exact copies first, then by falling correlation.

    Parameters
    ----------
    fingerprints : sequence of Fingerprint
        Of the examples.
    split_at : int, optional
        Compare only fingerprints before this position with those from it on; None compares all with all.
    advance : callable
        Called with the share of the comparisons that was done since the last call.
    """
    found = dict.fromkeys(_find_equal(fingerprints, split_at), (1.0, True, 0))
    appearances = {index: one.appearance for index, one in enumerate(fingerprints) if one.appearance is not None}
    trials = _collect_trials(appearances, split_at)
    details: dict[int, Detail] = {}
    for pair, candidates in trials.items():
        if pair not in found:
            correlation, trial = max(
                ((_try(trial, appearances, details), trial) for trial in candidates), key=lambda tried: tried[0]
            )
            if correlation >= NEAR_DUPLICATE_FROM:
                orientation = trial.orientation if trial.oriented == pair[0] else invert(trial.orientation)
                found[pair] = (round(correlation, 4), False, orientation)
        advance(1 / len(trials))
    ordered = sorted(found.items(), key=lambda item: (not item[1][1], -item[1][0], item[0]))
    return [
        NearDuplicates(fingerprints[first].example, fingerprints[second].example, *facts)
        for (first, second), facts in ordered
    ]


def _find_equal(fingerprints: Sequence[Fingerprint], split_at: int | None) -> Iterator[tuple[int, int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(fingerprints):
        equal = groups[one.sha256]
        yield from ((other, index) for other in equal if split_at is None or other < split_at <= index)
        equal.append(index)


def _collect_trials(appearances: dict[int, Appearance], split_at: int | None) -> dict[tuple[int, int], list[_Trial]]:
    """The most promising trials of each pair with similar hashes."""
    if split_at is None:
        sides = [(list(appearances), list(appearances))]
    else:
        before = [index for index in appearances if index < split_at]
        after = [index for index in appearances if index >= split_at]
        sides = [(before, after), (after, before)]
    by_pair: dict[tuple[int, int], list[_Trial]] = defaultdict(list)
    for oriented, cropped in sides:
        for trial in _match_hashes(oriented, cropped, appearances):
            by_pair[min(trial.oriented, trial.cropped), max(trial.oriented, trial.cropped)].append(trial)
    return {pair: sorted(trials, key=lambda trial: trial.different_bits)[:_TRIALS] for pair, trials in by_pair.items()}


def _match_hashes(oriented: list[int], cropped: list[int], appearances: dict[int, Appearance]) -> Iterator[_Trial]:
    """Pairs and orientations with similar hashes, with the best crop of each."""
    if not oriented or not cropped:
        return
    columns = np.stack([_to_signs(appearances[index].cropped) for index in cropped], axis=1)
    for start in range(0, len(oriented), _ROWS_AT_ONCE):
        rows = np.stack([_to_signs(appearances[index].oriented) for index in oriented[start : start + _ROWS_AT_ONCE]])
        for orientation in range(ORIENTATIONS):
            # The product of two hashes' signs counts bits: equal ones minus different ones.
            signs = rows[:, orientation]
            best = signs @ columns[0].T
            product = np.empty_like(best)
            for crop in columns[1:]:
                np.maximum(best, np.matmul(signs, crop.T, out=product), out=best)
            for row, column in np.argwhere(best >= HASH_BITS - 2 * _MAX_DIFFERENT_BITS):
                first, second = oriented[start + int(row)], cropped[int(column)]
                if first != second:
                    crop = int(np.argmax(columns[:, column] @ signs[row]))
                    yield _Trial(first, second, orientation, crop, int(HASH_BITS - best[row, column]) // 2)


def _to_signs(bits: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(bits, 1, -1).astype(np.float32)


def _try(trial: _Trial, appearances: dict[int, Appearance], details: dict[int, Detail]) -> float:
    for index in (trial.oriented, trial.cropped):
        if index not in details:
            appearance = appearances[index]
            details[index] = take_detail(appearance.grey.astype(np.float32), appearance.content)
    oriented = orient_detail(details[trial.oriented], trial.orientation)
    return compare(oriented, details[trial.cropped], CROPS[trial.crop])

"""Weights and prepared slices in, weights of a network with fewer filters that answers alike out.

The filters that contribute least to the next layer for what they cost are left out. Layer by layer, those that stay
are fitted by least squares to what they gave in the whole network, from what the pruned layers below them give (Luo et
al., arXiv 1707.06342; He et al., arXiv 1707.06168): what was left out is made up for, without labels or gradients.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from tumorscope.model.vgg16_layers import CONVOLUTION_NAMES, CONVOLUTIONS, IMAGENET_MEAN_BGR, LAST_CONVOLUTION

Weights = Mapping[str, NDArray[Any]]
"""As `Bundle.weights`."""
PRUNING_SLICES = 1600
"""More are not looked at."""

# Of each block: slices, for lower ones are larger, and places in each of them.
_SLICES = (240, 480, PRUNING_SLICES, PRUNING_SLICES, PRUNING_SLICES)
_PLACES = (300, 150, 48, 48, 64)
_RANKED_SLICES = 480
# Engines compute so many filters at once.
_MULTIPLE = 16
_BATCH = 32
# Of the mean of the diagonal, added to it.
_RIDGE, _DENSE_RIDGE = 1e-4, 0.03
# Before the ReLU any negative number will do where a filter gives nothing: such targets are updated so many times.
_ROUNDS = 2
_LAST_OF_BLOCK = frozenset(f"block{block}_conv{count}" for block, count in enumerate(CONVOLUTIONS, 1))


def prune(
    weights: Weights, pixels: NDArray[np.float32], share: float, advance: Callable[[], None]
) -> dict[str, NDArray[np.float32]]:
    """Leave out the filters that contribute least to the next layer for the multiply-adds that they cost.

    Parameters
    ----------
    pixels : ndarray, shape (n, size, size, 3), 0..1
        Prepared training slices of every kind, in random order; at best `PRUNING_SLICES`.
    share : float
        Of the multiply-adds that stay, at most; filters go 16 at a time.
    advance : callable
        Called after each of the 14 layers.

    Returns
    -------
    dict of str to ndarray, float32
        Under the same names.
    """
    scaled = pixels * np.float32(255) - np.array(IMAGENET_MEAN_BGR, np.float32)
    kept = _choose_filters(weights, scaled[:_RANKED_SLICES], share)
    rng = np.random.default_rng(0)
    pruned: dict[str, NDArray[np.float32]] = {}
    whole_input = pruned_input = scaled[:0]
    for block, count in enumerate(CONVOLUTIONS):
        done = sum(CONVOLUTIONS[:block])
        below, inside = CONVOLUTION_NAMES[:done], CONVOLUTION_NAMES[done : done + count]
        shown = scaled[: _SLICES[block]]
        if len(shown) == len(whole_input):
            # Of the same slices, what the last block was given is still there.
            below = CONVOLUTION_NAMES[done - CONVOLUTIONS[block - 1] : done]
        else:
            whole_input = pruned_input = shown
        whole_input, pruned_input = _run(weights, below, whole_input), _run(pruned, below, pruned_input)
        for at, name in enumerate(inside):
            wanted = {f"{name}/kernel": weights[f"{name}/kernel"][..., kept[name]]}
            wanted[f"{name}/bias"] = weights[f"{name}/bias"][kept[name]]
            seen, given = [], []
            for start in range(0, len(shown), _BATCH):
                part = slice(start, start + _BATCH)
                before = _run(pruned, inside[:at], pruned_input[part])
                target = _convolve(_run(weights, inside[:at], whole_input[part]), wanted, name)
                rows, columns = _draw_places(rng, len(before), before.shape[1], _PLACES[block])
                seen.append(_cut_windows(before, rows, columns))
                given.append(target[np.arange(len(target))[:, None], rows, columns].reshape(len(seen[-1]), -1))
            kernel, bias = _fit(np.concatenate(seen), np.concatenate(given))
            pruned |= {f"{name}/kernel": kernel.reshape(3, 3, -1, len(bias)), f"{name}/bias": bias}
            advance()
    pruned |= _fit_dense(
        weights, kept[LAST_CONVOLUTION], _run(weights, inside, whole_input), _run(pruned, inside, pruned_input)
    )
    advance()
    return {**pruned, **{name: weights[name].astype(np.float32) for name in ("logits/kernel", "logits/bias")}}


def share_of_multiplications(pruned: Weights, whole: Weights) -> float:
    """Multiply-adds of a network's convolutions as a share of another's, for slices of one size."""
    first, second = (
        _count_multiplications({name: len(one[f"{name}/bias"]) for name in CONVOLUTION_NAMES})
        for one in (pruned, whole)
    )
    return first / second


def _count_multiplications(filters: Mapping[str, int]) -> float:
    """Of the convolutions, for each of the input's pixels."""
    total, channels = 0.0, 3
    for block, count in enumerate(CONVOLUTIONS):
        for at in range(1, count + 1):
            number = filters[f"block{block + 1}_conv{at}"]
            total += 9 * channels * number / 4**block
            channels = number
    return total


def _choose_filters(weights: Weights, shown: NDArray[np.float32], share: float) -> dict[str, NDArray[np.intp]]:
    """By the variance of what each gives, times the squares of the weights that the next layer gives it."""
    used = {name: (weights[f"{name}/kernel"].astype(np.float32) ** 2).sum(axis=(0, 1, 3)) for name in CONVOLUTION_NAMES}
    dense = weights["dense/kernel"].astype(np.float32)
    last = len(weights[f"{LAST_CONVOLUTION}/bias"])
    after = [*CONVOLUTION_NAMES[1:], "dense"]
    used["dense"] = (dense.reshape(-1, last, dense.shape[1]) ** 2).sum(axis=(0, 2))
    variances = {name: np.zeros(len(weights[f"{name}/bias"])) for name in CONVOLUTION_NAMES}
    for start in range(0, len(shown), _BATCH):
        seen = shown[start : start + _BATCH]
        for name in CONVOLUTION_NAMES:
            active = np.maximum(_convolve(seen, weights, name), 0)
            variances[name] += active.var(axis=(0, 1, 2))
            seen = _pool(active) if name in _LAST_OF_BLOCK else active
    importance = {name: variances[name] * used[after[at]] for at, name in enumerate(CONVOLUTION_NAMES)}
    numbers = _share_out(importance, share)
    return {name: np.sort(np.argsort(-one, kind="stable")[: numbers[name]]) for name, one in importance.items()}


def _share_out(importance: Mapping[str, NDArray[np.float64]], share: float) -> dict[str, int]:
    """How many filters of each layer stay: those go that contribute least for the multiply-adds that they cost."""
    # Share of a layer's contribution, by how many of its filters stay.
    contributed = {name: np.cumsum(np.sort(one)[::-1]) / one.sum() for name, one in importance.items()}
    numbers = {name: len(one) for name, one in importance.items()}
    whole = now = _count_multiplications(numbers)
    while now > share * whole:
        candidates = []
        for name, number in numbers.items():
            if number > _MULTIPLE:
                fewer = {**numbers, name: number - _MULTIPLE}
                lost = contributed[name][number - 1] - contributed[name][number - _MULTIPLE - 1]
                candidates.append((lost / (now - _count_multiplications(fewer)), name, fewer))
        if not candidates:
            break
        _, _, numbers = min(candidates)
        now = _count_multiplications(numbers)
    return numbers


def _fit(seen: NDArray[np.float32], given: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel and bias whose output, after its ReLU, comes nearest to what is to be given."""
    mean = seen.mean(axis=0)
    centred = seen - mean
    moments = (centred.T @ centred).astype(np.float64)
    moments[np.diag_indices_from(moments)] += _RIDGE * np.trace(moments) / len(moments) + 1e-12
    factor = cho_factor(moments, overwrite_a=True)
    wanted = given
    for last in [False] * _ROUNDS + [True]:
        offset = wanted.mean(axis=0)
        kernel = cho_solve(factor, (centred.T @ (wanted - offset)).astype(np.float64)).astype(np.float32)
        if not last:
            wanted = np.where(given > 0, given, np.minimum(centred @ kernel + offset, 0))
    return kernel, offset - mean @ kernel


def _fit_dense(
    weights: Weights, kept: NDArray[np.intp], whole_input: NDArray[np.float32], pruned_input: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """The weights of the filters that stay, corrected: there are more of them than slices."""
    whole = weights["dense/kernel"].astype(np.float32)
    filters = len(weights[f"{LAST_CONVOLUTION}/bias"])
    start = whole.reshape(-1, filters, whole.shape[1])[:, kept].reshape(-1, whole.shape[1])
    given = whole_input.reshape(len(whole_input), -1) @ whole + weights["dense/bias"]
    seen = pruned_input.reshape(len(pruned_input), -1)
    missing = given - seen @ start
    mean, offset = seen.mean(axis=0), missing.mean(axis=0)
    centred = seen - mean
    likeness = (centred @ centred.T).astype(np.float64)
    likeness[np.diag_indices_from(likeness)] += _DENSE_RIDGE * np.trace(likeness) / len(likeness) + 1e-12
    correction = (centred.T @ np.linalg.solve(likeness, missing - offset)).astype(np.float32)
    return {"dense/kernel": start + correction, "dense/bias": (offset - mean @ correction).astype(np.float32)}


def _run(weights: Weights, names: Sequence[str], seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """What these convolutions give in turn, pooled after each block."""
    if not names:
        return seen
    outputs = []
    for start in range(0, len(seen), _BATCH):
        part = seen[start : start + _BATCH]
        for name in names:
            part = np.maximum(_convolve(part, weights, name), 0)
            part = _pool(part) if name in _LAST_OF_BLOCK else part
        outputs.append(part)
    return np.concatenate(outputs)


def _convolve(seen: NDArray[np.float32], weights: Weights, name: str) -> NDArray[np.float32]:
    kernel, bias = (weights[f"{name}/{part}"].astype(np.float32) for part in ("kernel", "bias"))
    output: NDArray[np.float32] = keras.ops.convert_to_numpy(keras.ops.conv(seen, kernel, padding="same"))
    return output + bias


def _pool(active: NDArray[np.float32]) -> NDArray[np.float32]:
    n, rows, columns, filters = active.shape
    pooled: NDArray[np.float32] = active.reshape(n, rows // 2, 2, columns // 2, 2, filters).max(axis=(2, 4))
    return pooled


def _draw_places(
    rng: np.random.Generator, slices: int, side: int, number: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of different places in each slice, shape (slices, number) or all there are."""
    drawn = np.stack([rng.permutation(side**2)[:number] for _ in range(slices)])
    rows, columns = np.divmod(drawn, side)
    return rows, columns


def _cut_windows(seen: NDArray[np.float32], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
    """What a convolution sees at each place, shape (places, 9 * channels), in the order of its kernel."""
    padded = np.pad(seen, ((0, 0), (1, 1), (1, 1), (0, 0)))
    which = np.arange(len(seen))[:, None]
    windows = [padded[which, rows + down, columns + right] for down in range(3) for right in range(3)]
    return np.stack(windows, axis=2).reshape(rows.size, -1)

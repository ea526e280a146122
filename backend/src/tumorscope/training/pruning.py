"""Weights and prepared slices in, weights of a network with fewer filters that answers alike out.

A filter stays where the next layer hears much of it. Layer by layer, those that stay are fitted by least squares to
what they gave in the whole network, from what the pruned layers below them give (Luo et al., arXiv 1707.06342; He et
al., arXiv 1707.06168): what was left out is made up for, without labels or gradients.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from tumorscope.model.vgg16_layers import CONVOLUTION_NAMES, CONVOLUTIONS, IMAGENET_MEAN_BGR, LAST_CONVOLUTION

Weights = Mapping[str, NDArray[Any]]

# Of each block: slices, for lower ones are larger, and places in each of them.
_SLICES = (240, 480, 1600, 1600, 1600)
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


def prune(weights: Weights, pixels: NDArray[np.float32], share: float, advance: Callable[[], None]) -> Weights:
    """Leave out filters of every convolution.

    Parameters
    ----------
    weights : mapping of str to ndarray
        As `Bundle.weights`.
    pixels : ndarray, shape (n, size, size, 3), 0..1
        Prepared training slices of every kind, in random order; about 1,600.
    share : float
        Of each layer's filters that stay, rounded to a multiple of 16.
    advance : callable
        Called after each of the 14 layers.

    Returns
    -------
    mapping of str to ndarray, float32
        Under the same names.
    """
    scaled = pixels * np.float32(255) - np.array(IMAGENET_MEAN_BGR, np.float32)
    kept = _choose_filters(weights, scaled[:_RANKED_SLICES], share)
    rng = np.random.default_rng(0)
    pruned: dict[str, NDArray[Any]] = {}
    for block, count in enumerate(CONVOLUTIONS):
        done = sum(CONVOLUTIONS[:block])
        below, inside = CONVOLUTION_NAMES[:done], CONVOLUTION_NAMES[done : done + count]
        shown = scaled[: _SLICES[block]]
        whole_input, pruned_input = _run(weights, below, shown), _run(pruned, below, shown)
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
    pruned |= _fit_dense(weights, pruned, kept[LAST_CONVOLUTION], scaled[: _SLICES[-1]])
    advance()
    return {**pruned, **{name: weights[name].astype(np.float32) for name in ("logits/kernel", "logits/bias")}}


def count_multiplications(weights: Weights, size: int) -> int:
    """Multiply-adds of the convolutions for one slice of this side, in pixels."""
    total, side = 0, size
    for block, count in enumerate(CONVOLUTIONS, 1):
        total += sum(side**2 * weights[f"block{block}_conv{at}/kernel"].size for at in range(1, count + 1))
        side //= 2
    return total


def _choose_filters(weights: Weights, shown: NDArray[np.float32], share: float) -> dict[str, NDArray[np.intp]]:
    """By the variance of what each gives, times the squares of the weights that the next layer gives it."""
    heard = {
        name: (weights[f"{name}/kernel"].astype(np.float32) ** 2).sum(axis=(0, 1, 3)) for name in CONVOLUTION_NAMES
    }
    dense = weights["dense/kernel"].astype(np.float32)
    last = len(weights[f"{LAST_CONVOLUTION}/bias"])
    after = [*CONVOLUTION_NAMES[1:], "dense"]
    heard["dense"] = (dense.reshape(-1, last, dense.shape[1]) ** 2).sum(axis=(0, 2))
    variances = {name: np.zeros(len(weights[f"{name}/bias"])) for name in CONVOLUTION_NAMES}
    for start in range(0, len(shown), _BATCH):
        seen = shown[start : start + _BATCH]
        for name in CONVOLUTION_NAMES:
            active = np.maximum(_convolve(seen, weights, name), 0)
            variances[name] += active.var(axis=(0, 1, 2))
            seen = _pool(active) if name in _LAST_OF_BLOCK else active
    chosen = {}
    for name, next_name in zip(CONVOLUTION_NAMES, after, strict=True):
        number = max(1, round(share * len(variances[name]) / _MULTIPLE)) * _MULTIPLE
        order = np.argsort(-variances[name] * heard[next_name], kind="stable")
        chosen[name] = np.sort(order[:number])
    return chosen


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
    weights: Weights, pruned: Weights, kept: NDArray[np.intp], shown: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """The weights of the filters that stay, corrected: there are more of them than slices."""
    whole = weights["dense/kernel"].astype(np.float32)
    filters = len(weights[f"{LAST_CONVOLUTION}/bias"])
    start = whole.reshape(-1, filters, whole.shape[1])[:, kept].reshape(-1, whole.shape[1])
    given = _run(weights, CONVOLUTION_NAMES, shown).reshape(len(shown), -1) @ whole + weights["dense/bias"]
    seen = _run(pruned, CONVOLUTION_NAMES, shown).reshape(len(shown), -1)
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

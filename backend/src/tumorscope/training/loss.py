"""Targets and logits in, losses out."""

from collections.abc import Callable

import keras

# Keeps the gradient finite where no cell contributes to the tumour yet.
_LEAST_ATTRIBUTION = 0.01
_LEAST_SHARE = 0.05
# A tumour that fills less of every cell is too small to locate.
_LEAST_MARK = 0.1

Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]


def label_set_loss(label_smoothing: float) -> Loss:
    """Cross-entropy from logits against a *set* of allowed classes: -log of their summed probability.

    With one allowed class this is categorical cross-entropy; a tumour of unstated kind allows every tumour class.

    Parameters
    ----------
    label_smoothing : float
        Share of the target spread evenly over all classes, in 0..1.

    Returns
    -------
    callable
        (allowed (batch, classes) of 0 and 1, logits (batch, classes)) to losses (batch,).
    """

    def loss(allowed: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        ops = keras.ops
        logits = ops.cast(logits, "float32")
        normaliser = ops.logsumexp(logits, axis=-1)
        of_allowed = ops.logsumexp(logits + ops.where(allowed > 0, 0.0, -1e9), axis=-1)
        return normaliser - (1 - label_smoothing) * of_allowed - label_smoothing * ops.mean(logits, axis=-1)

    return loss


def attribution_loss(target: keras.KerasTensor, attribution: keras.KerasTensor) -> keras.KerasTensor:
    """Attribution-guided loss: -log of the share of the tumour logit's positive attribution that lies on the tumour.

    Parameters
    ----------
    target : tensor, shape (batch, rows, columns, 2 + classes), float32
        As for `tumor_map_loss`; and the allowed classes of the picture, in each cell.
    attribution : tensor, shape (batch, rows, columns, classes)
        From `networks.Attribution`.

    Returns
    -------
    tensor, shape (batch,), float32
        0 for pictures without a tumour at a known place.
    """
    ops = keras.ops
    marked, known, allowed = target[..., 0], target[..., 1], target[..., 2:]
    positive = ops.relu(ops.sum(attribution * allowed, axis=-1) / ops.maximum(ops.sum(allowed, axis=-1), 1.0))
    # A cell that is half tumour is all the tumour's.
    of_tumor = ops.minimum(2.0 * marked, 1.0)
    inside, total = ops.sum(positive * of_tumor, axis=(1, 2)), ops.sum(positive, axis=(1, 2))
    share = (inside + _LEAST_ATTRIBUTION) / (total + _LEAST_ATTRIBUTION / _LEAST_SHARE)
    is_known = ops.max(known, axis=(1, 2)) * ops.cast(ops.max(marked, axis=(1, 2)) > _LEAST_MARK, "float32")
    return -ops.log(ops.minimum(share, 1.0)) * is_known


def tumor_map_loss(target: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Binary cross-entropy of a map of tumour against the marked one; cells at unknown places count nothing.

    Parameters
    ----------
    target : tensor, shape (batch, rows, columns, 2), float32
        The marked share of each cell, in 0..1; and 1 where that is known, else 0.
    logits : tensor, shape (batch, rows, columns, 1)
        Of the network.

    Returns
    -------
    tensor, shape (batch,), float32
        Mean over the cells.
    """
    ops = keras.ops
    marked, known = target[..., :1], target[..., 1:]
    logits = ops.cast(logits, "float32")
    losses = ops.maximum(logits, 0.0) - logits * marked + ops.log1p(ops.exp(-ops.abs(logits)))
    return ops.mean(losses * known, axis=(1, 2, 3))

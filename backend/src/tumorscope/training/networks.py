"""A stage in, the network that it trains out, and the way from one stage's network to the next."""

from collections.abc import Callable
from typing import Any, cast

import keras
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tumorscope.model.vgg16 import Precision, build_vgg16, convolution_layers
from tumorscope.training.batch_norm import add_batch_norm

TUMOR_MAP_LAYER = "tumor_map"
"""A 1 x 1 convolution on the last feature map, for training only: its logit says whether a cell shows tumour."""
ATTRIBUTION_LAYER = "attribution"
"""What each cell of the last feature map contributes to each logit, for training only; see `Attribution`."""


def build_plain(class_count: int, size: int, frozen_convolutions: int, precision: Precision) -> keras.Model:
    """VGG16 with its first convolutions frozen."""
    network = build_vgg16(class_count, size, precision)
    for layer in convolution_layers(network)[:frozen_convolutions]:
        layer.trainable = False
    return network


class Attribution(keras.layers.Layer):
    """What each cell of the last feature map adds to each logit: HiResCAM (Draelos & Carin, arXiv 2011.08891).

    Gradient times activation, where the gradient is written out: the head is a max pooling and two dense layers, so
    that it needs no second differentiation to be learned from. `inference.heatmap` computes the same when serving.
    """

    def __init__(self, dense: keras.layers.Dense, logits: keras.layers.Dense) -> None:
        super().__init__(dtype="float32", name=ATTRIBUTION_LAYER)

        def read_head() -> tuple[keras.Variable, keras.Variable, keras.Variable]:
            return dense.kernel, dense.bias, logits.kernel

        # A function, for Keras would take layers that it finds here for this layer's own.
        self._read_head: Callable[[], tuple[keras.Variable, keras.Variable, keras.Variable]] = read_head

    def call(self, activation: keras.KerasTensor) -> keras.KerasTensor:
        """(batch, cells, cells, channels) to (batch, cells, cells, classes)."""
        ops = keras.ops
        kernel, bias, logits_kernel = self._read_head()
        cells, channels = int(activation.shape[1]), int(activation.shape[3])
        activation = ops.cast(activation, "float32")
        pooled = ops.max_pool(activation, 2)
        highest = ops.repeat(ops.repeat(pooled, 2, axis=1), 2, axis=2)
        passed = ops.where(activation >= highest, activation, 0.0)
        blocks = ops.reshape(passed, (-1, cells // 2, 2, cells // 2, 2, channels))
        by_cell = ops.reshape(kernel, (cells // 2, cells // 2, channels, -1))
        added = ops.einsum("brpcqk,rckj->brpcqj", blocks, by_cell)
        hidden = ops.sum(added, axis=(1, 2, 3, 4)) + bias
        active = ops.cast(hidden > 0, "float32")[:, None, None, None, None, :]
        attribution = ops.matmul(added * active, logits_kernel)
        return ops.reshape(attribution, (-1, cells, cells, int(logits_kernel.shape[1])))


def build_training_network(
    plain: keras.Model, precision: Precision, *, batch_norm: bool, tumor_map: bool, attribution: bool = False
) -> keras.Model:
    """The network that is trained.

    Returns
    -------
    keras.Model
        Outputs ``logits``; with `tumor_map`, ``tumor_map`` (batch, size / 16, size / 16, 1); and with `attribution`,
        ``attribution`` (batch, size / 16, size / 16, classes), by name.
    """
    network = add_batch_norm(plain, precision) if batch_norm else plain
    outputs = {"logits": network.output}
    if tumor_map:
        features = network.get_layer("block5_pool").input
        initializer = keras.initializers.RandomNormal(stddev=0.01)
        layer = keras.layers.Conv2D(1, 1, kernel_initializer=initializer, dtype="float32", name=TUMOR_MAP_LAYER)
        outputs[TUMOR_MAP_LAYER] = layer(features)
    if attribution:
        head = Attribution(network.get_layer("dense"), network.get_layer("logits"))
        outputs[ATTRIBUTION_LAYER] = head(network.get_layer("block5_pool").input)
    return keras.Model(network.input, outputs, name=network.name)


def carry_weights(source: keras.Model, target: keras.Model) -> None:
    """Carry the weights to a network for another input size.

    The dense layer's weights for the cells of the one last feature map are interpolated to those of the other, so that
    an enlarged picture gives about the same answer.
    """
    for layer in source.layers:
        if layer.name != "dense":
            target.get_layer(layer.name).set_weights(layer.get_weights())
    kernel, bias = source.get_layer("dense").get_weights()
    cells_source, cells_target = _cells(source), _cells(target)
    by_cell = kernel.reshape(cells_source, cells_source, -1, kernel.shape[1])
    factor = cells_target / cells_source
    # The coarser map's cell becomes several of the finer one, and each counts for its share of the area.
    spread = ndimage.zoom(by_cell, (factor, factor, 1, 1), order=1, mode="nearest", grid_mode=True) / factor**2
    target.get_layer("dense").set_weights([spread.reshape(-1, kernel.shape[1]).astype(np.float32), bias])


def predict_logits(network: keras.Model, pixels: NDArray[np.float16], batch_size: int = 64) -> NDArray[np.float32]:
    """Logits of prepared pictures of three channels, or of one that stands for three, in their order."""
    batches = []
    for start in range(0, len(pixels), batch_size):
        outputs = cast(dict[str, Any], network.predict_on_batch(to_input(pixels[start : start + batch_size])))
        batches.append(np.asarray(outputs["logits"]))
    return np.concatenate(batches).astype(np.float32)


def to_input(pixels: NDArray[np.float16] | NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, size, size, 1 or 3) to (n, size, size, 3), float32."""
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:3], 3)), dtype=np.float32)


def _cells(network: keras.Model) -> int:
    """Side of the feature map that the dense layer sees."""
    return int(network.get_layer("block5_pool").output.shape[1])

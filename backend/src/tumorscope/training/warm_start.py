"""A fresh network in, one whose lower layers know pictures and whose every layer is well scaled out."""

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import TrainingError
from tumorscope.model.vgg16 import convolution_layers

# A classifier that starts unsure has a small first loss.
_FIRST_LOGITS_RMS = 0.3


def load_initial_weights(network: keras.Model, weights: Path) -> int:
    """Copy the convolutions that a file has.

    Parameters
    ----------
    network : keras.Model
        From `build_vgg16`.
    weights : Path
        ``.npz`` with keys ``block1_conv1/kernel``, ``block1_conv1/bias`` and so on. Layers whose name or shape the
        network lacks are passed over: VGG19's first seven convolutions are those of VGG16.

    Returns
    -------
    int
        Convolutions copied, counted from the first; the copying ends at the first that the file lacks.

    Raises
    ------
    TrainingError
        The file is absent, or has not even the first convolution.
    """
    if not weights.is_file():
        raise TrainingError(f"{weights} is absent; say where initial weights are with --initial-weights.")
    copied = 0
    with np.load(weights, allow_pickle=False) as arrays:
        for layer in convolution_layers(network):
            kernel, bias = f"{layer.name}/kernel", f"{layer.name}/bias"
            if kernel not in arrays or arrays[kernel].shape != tuple(layer.kernel.shape):
                break
            layer.set_weights([arrays[kernel], arrays[bias]])
            copied += 1
    if copied == 0:
        raise TrainingError(f"{weights} holds no block1_conv1 of VGG16's shape.")
    return copied


def scale_layers(network: keras.Model, pixels: NDArray[np.float32]) -> None:
    """Scale every layer so that its output has a root mean square of 1 (Mishkin & Matas, arXiv 1511.06422).

    Weights made for 0-255 inputs give activations in the hundreds, and He-initialised layers on top of them losses in
    the hundreds. A network of convolutions, ReLU and maxima is positively homogeneous: scaling one layer's kernel and
    bias, and the biases of all layers above, scales the output and changes nothing else.

    Parameters
    ----------
    network : keras.Model
        From `build_vgg16`; changed in place.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        A few dozen training pictures.
    """
    layers = [*convolution_layers(network), network.get_layer("dense"), network.get_layer("logits")]
    for position, layer in enumerate(layers):
        output = keras.ops.convert_to_numpy(keras.Model(network.input, layer.output)(pixels, training=False))
        target = _FIRST_LOGITS_RMS if layer.name == "logits" else 1.0
        scale = target / max(float(np.sqrt(np.mean(np.square(output, dtype=np.float32)))), 1e-6)
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel * scale, bias * scale])
        # All that lies above now sees inputs `scale` times as large; its biases must keep their balance with them.
        for above in layers[position + 1 :]:
            kernel, bias = above.get_weights()
            above.set_weights([kernel, bias * scale])

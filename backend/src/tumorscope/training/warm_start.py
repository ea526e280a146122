"""A fresh network in, one whose lower layers know pictures and whose every layer is well scaled out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import keras
import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import TrainingError
from tumorscope.model.vgg16 import convolution_layers

# A classifier that starts unsure has a small first loss.
_FIRST_LOGITS_RMS = 0.3


def read_initial_weights(source: Path | Literal["imagenet"]) -> dict[str, NDArray[np.float32]]:
    """Convolutions trained elsewhere, by ``layer/kernel`` and ``layer/bias``.

    Parameters
    ----------
    source : Path or 'imagenet'
        ``.npz`` with keys ``block1_conv1/kernel``, ``block1_conv1/bias`` and so on; Keras' VGG16 without top (``.h5``);
        or ``'imagenet'``, which Keras downloads.

    Raises
    ------
    TrainingError
        The file is absent or of another kind, or the weights cannot be downloaded.
    """
    if source == "imagenet":
        return _read_keras_application("imagenet")
    if not source.is_file():
        raise TrainingError(f"{source} is absent; say where initial weights are with --initial-weights.")
    if source.suffix == ".h5":
        return _read_keras_application(str(source))
    try:
        with np.load(source, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError) as error:
        raise TrainingError(f"{source} holds no weights: .npz or Keras' VGG16 without top as .h5 is read.") from error


def copy_initial_weights(network: keras.Model, weights: Mapping[str, NDArray[np.float32]]) -> int:
    """Copy the convolutions that two networks share, and the head where it fits.

    Parameters
    ----------
    network : keras.Model
        From `build_vgg16`; changed in place.
    weights : mapping of str to ndarray
        From `read_initial_weights`. Copying convolutions ends at the first that is lacking or of another shape.

    Returns
    -------
    int
        Layers copied, counted from the first.

    Raises
    ------
    TrainingError
        Not even the first one fits.
    """
    copied = 0
    for layer in convolution_layers(network):
        kernel, bias = f"{layer.name}/kernel", f"{layer.name}/bias"
        if kernel not in weights or weights[kernel].shape != tuple(layer.kernel.shape):
            break
        layer.set_weights([weights[kernel], weights[bias]])
        copied += 1
    if copied == 0:
        raise TrainingError("The initial weights hold no block1_conv1 of VGG16's shape.")
    for layer in (network.get_layer("dense"), network.get_layer("logits")):
        kernel, bias = f"{layer.name}/kernel", f"{layer.name}/bias"
        if kernel in weights and weights[kernel].shape == tuple(layer.kernel.shape):
            layer.set_weights([weights[kernel], weights[bias]])
            copied += 1
    return copied


def scale_layers(network: keras.Model, pixels: NDArray[np.float32], first: int = 0) -> None:
    """Scale layers so that each output has a root mean square of 1 (Mishkin & Matas, arXiv 1511.06422).

    Weights made for 0-255 inputs give activations in the hundreds, and He-initialised layers on top of them losses in
    the hundreds. A network of convolutions, ReLU and maxima is positively homogeneous: scaling one layer's kernel and
    bias, and the biases of all layers above, scales the output and changes nothing else.

    Parameters
    ----------
    network : keras.Model
        From `build_vgg16`; changed in place.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        A few dozen training pictures.
    first : int
        Layers that stay as they are, counted from the first.
    """
    layers = [*convolution_layers(network), network.get_layer("dense"), network.get_layer("logits")]
    for position, layer in list(enumerate(layers))[first:]:
        output = keras.ops.convert_to_numpy(keras.Model(network.input, layer.output)(pixels, training=False))
        target = _FIRST_LOGITS_RMS if layer.name == "logits" else 1.0
        scale = target / max(float(np.sqrt(np.mean(np.square(output, dtype=np.float32)))), 1e-6)
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel * scale, bias * scale])
        # All that lies above now sees inputs `scale` times as large; its biases must keep their balance with them.
        for above in layers[position + 1 :]:
            kernel, bias = above.get_weights()
            above.set_weights([kernel, bias * scale])


def _read_keras_application(weights: str) -> dict[str, NDArray[np.float32]]:
    """Keras' VGG16 without its top, from its download or its file."""
    try:
        network = keras.applications.VGG16(include_top=False, weights=weights, input_shape=(128, 128, 3))
    # Keras raises whatever urllib and h5py meet (URLError wrapped in Exception, OSError, ValueError).
    except Exception as error:
        what = "cannot be downloaded here" if weights == "imagenet" else "are not in that file"
        raise TrainingError(
            f"ImageNet weights of VGG16 {what}; give Keras' vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5, or an "
            ".npz of convolutions, with --initial-weights FILE."
        ) from error
    return {
        f"{layer.name}/{part}": array
        for layer in network.layers
        if isinstance(layer, keras.layers.Conv2D)
        for part, array in zip(("kernel", "bias"), layer.get_weights(), strict=True)
    }

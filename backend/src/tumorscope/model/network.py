"""A Bundle in, its network with its weights out."""

import keras
import numpy as np

from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.bundle import Bundle
from tumorscope.model.vgg16 import Precision, build_vgg16


def load_network(bundle: Bundle, precision: Precision = "float32") -> keras.Model:
    """Build the bundle's network with `build_vgg16`; the precision is that of its arithmetic, the weights are float32.

    Raises
    ------
    BundleInvalid
        The weights do not fit the manifest's architecture.
    """
    manifest = bundle.manifest
    network = build_vgg16(len(manifest.class_names), manifest.input.size, precision=precision)
    names = {variable.path for variable in network.weights}
    if names != set(bundle.weights):
        odd = sorted(names ^ set(bundle.weights))[0]
        raise BundleInvalid(f"the weights are not those of {manifest.architecture}: {odd}")
    for variable in network.weights:
        values = bundle.weights[variable.path]
        if values.shape != tuple(variable.shape) or not np.isfinite(values).all():
            raise BundleInvalid(f"the weights are not those of {manifest.architecture}: {variable.path}")
        variable.assign(values.astype(np.float32))
    return network

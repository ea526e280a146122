"""A bundle's weights fit only their own architecture."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.domain.errors import BundleInvalid
from tumorscope.model.bundle import Bundle
from tumorscope.model.vgg16 import load_network


def test_network_has_the_bundles_weights(tiny_bundle: Bundle) -> None:
    network = load_network(tiny_bundle)
    for variable in network.weights:
        expected = tiny_bundle.weights[variable.path].astype(np.float32)
        np.testing.assert_array_equal(np.asarray(variable), expected)


def _broken(bundle: Bundle, name: str, values: NDArray[np.float16] | None) -> Bundle:
    weights = {**bundle.weights, name: values} if values is not None else dict(bundle.weights)
    if values is None:
        del weights[name]
    return replace(bundle, weights=weights)


_WRONG = {
    "missing": ("logits/bias", None),
    "too many": ("block6_conv1/kernel", np.zeros(3, np.float16)),
    "of another class count": ("logits/bias", np.zeros(5, np.float16)),
    "not a number": ("logits/bias", np.full(4, np.nan, np.float16)),
    "infinite": ("logits/bias", np.full(4, np.inf, np.float16)),
}


@pytest.mark.parametrize("name", _WRONG)
def test_weights_of_another_network_are_refused(tiny_bundle: Bundle, name: str) -> None:
    variable, values = _WRONG[name]
    with pytest.raises(BundleInvalid, match=variable):
        load_network(_broken(tiny_bundle, variable, values))


def test_weights_for_another_input_size_are_refused(tiny_bundle: Bundle) -> None:
    manifest = tiny_bundle.manifest
    larger = manifest.model_copy(update={"input": manifest.input.model_copy(update={"size": 64})})
    with pytest.raises(BundleInvalid, match="dense/kernel"):
        load_network(replace(tiny_bundle, manifest=larger))

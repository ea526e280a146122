"""The interface of an engine: one method."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of one forward pass for n slices.

    Parameters
    ----------
    logits : ndarray, shape (n, classes), float32
        One for each class.
    features : ndarray, shape (n, features), float32
        Mean activations of the lower blocks, for `inference.scope`; at least 0.
    activation : ndarray, shape (n, size / 16, size / 16, filters), float32
        Of the last convolution, for `inference.heatmap`; at least 0.
    """

    logits: NDArray[np.float32]
    features: NDArray[np.float32]
    activation: NDArray[np.float32]


class Engine(Protocol):
    """Runs a network on prepared pixels; thread-safe."""

    @property
    def name(self) -> str:
        """For the answer's ``model.engine``."""

    @property
    def device(self) -> str:
        """``cpu`` or ``gpu``."""

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Run pixels, shape (n, size, size, 3), float32, 0..1."""

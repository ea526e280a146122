"""What an engine is to the rest: one method."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Outputs:
    """What one forward pass gives, for n slices.

    Parameters
    ----------
    logits : ndarray, shape (n, classes), float32
        Of the classes.
    features : ndarray, shape (n, features), float32
        Means of the last activations of the lower blocks, for `inference.scope`; at least 0.
    activation : ndarray, shape (n, size / 16, size / 16, 512), float32
        Of the last convolution, for `inference.heatmap`; at least 0.
    """

    logits: NDArray[np.float32]
    features: NDArray[np.float32]
    activation: NDArray[np.float32]


class Engine(Protocol):
    """Runs a network on prepared pixels; may be called from several threads at once."""

    @property
    def name(self) -> str:
        """For the answer's ``model.engine``."""

    @property
    def device(self) -> str:
        """``cpu`` or ``gpu``."""

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Of pixels, shape (n, size, size, 3), float32, 0..1."""

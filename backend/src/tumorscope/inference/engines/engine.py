"""What an engine is to the rest: one method."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Engine(Protocol):
    """Runs a network on prepared pixels; may be called from several threads at once."""

    @property
    def name(self) -> str:
        """For the answer's ``model.engine``."""

    @property
    def device(self) -> str:
        """``cpu`` or ``gpu``."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits, shape (n, classes), of pixels, shape (n, size, size, 3), float32, 0..1."""

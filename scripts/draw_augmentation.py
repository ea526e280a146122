"""Draw what each augmentation makes of a synthetic slice, one row each: docs/augmentation.png.

.venv/bin/python -m scripts.draw_augmentation
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tumorscope.domain.scan import Slice
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input
from tumorscope.training.augmentation import SCANNER, STANDARD

_OUTPUT = Path("docs/augmentation.png")
_SEED = 1
_DRAWS = 5
_CELL_INCHES = 1.1


def main() -> None:
    """Write the figure; the same code gives the same picture."""
    augmentations = (*STANDARD, *SCANNER)
    prepared = to_model_input(Slice(draw_phantom(_SEED, lesion=True), "png"), PreprocessingParameters()).pixels
    figure = Figure(figsize=((_DRAWS + 3) * _CELL_INCHES, len(augmentations) * _CELL_INCHES), layout="constrained")
    cells = figure.subplots(len(augmentations), _DRAWS + 1, squeeze=False)
    for row, augmentation in zip(cells, augmentations, strict=True):
        rng = np.random.default_rng(_SEED)
        shown = [prepared, *(augmentation.apply(prepared, rng) for _ in range(_DRAWS))]
        for cell, picture in zip(row, shown, strict=True):
            cell.imshow(picture[:, :, 0], cmap="gray", vmin=0, vmax=1)
            cell.set_xticks([])
            cell.set_yticks([])
        row[0].set_ylabel(augmentation.name, rotation=0, ha="right", va="center", fontsize=9)
    cells[0, 0].set_title("before", fontsize=9)
    figure.savefig(_OUTPUT, dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    main()

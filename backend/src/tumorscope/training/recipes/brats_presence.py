"""Does an axial slice of a BraTS case show tumour: from three z-scored sequences of a skull-stripped head.

Command:   ``tumorscope prepare MICCAI_BraTS2020_TrainingData --output CACHE``, then
           ``tumorscope train brats_presence --data CACHE [--initial-weights vgg16_imagenet_notop.npz]``
Data:      BraTS 2017 to 2021 or since 2023, prepared; a slice shows tumour with 50 voxels of segmentation or more, and
           shows none with no voxel; what is between, and slices without brain, are left out
Expected:  not measured: BraTS needs registration with its organisers. Compare with what the slice's position alone
           tells (``tumorscope evaluate`` puts it beside), for tumours are rare at the ends of a head
Hours:     about 1 on two cores with bfloat16 arithmetic for the 369 cases of 2020, reckoned from the pictures
"""

from collections.abc import Sequence
from pathlib import Path

from tumorscope.datasets.brats import PRESENCE_CLASSES, read_prepared
from tumorscope.datasets.example import Example
from tumorscope.preprocessing.pipeline import PreprocessingParameters
from tumorscope.training.augmentation import BIAS_FIELD, CONTRAST, NOISE, STANDARD, WINDOW
from tumorscope.training.recipe import Card, Recipe, Stage

CHANNELS = ("flair", "t1ce", "t2")
"""Of a cache with others, ``tumorscope train`` takes those."""

# Slices are 1 mm apart, and neighbours alike.
_EVERY = 4


def read_examples(cache: Path) -> Sequence[Example]:
    """Every fourth slice."""
    return read_prepared(cache, "presence", every=_EVERY)


RECIPE = Recipe(
    name="brats_presence",
    class_names=PRESENCE_CLASSES,
    preprocessing=PreprocessingParameters(size=128, intensity="brain_zscore", channels=CHANNELS),
    read_examples=read_examples,
    stages=(
        Stage(size=64, epochs=6, peak_learning_rate=1e-3),
        Stage(size=128, epochs=3, peak_learning_rate=4e-4, warmup_epochs=0.3),
    ),
    augmentations=(*STANDARD, CONTRAST, BIAS_FIELD, WINDOW, NOISE),
    card=Card(
        model_name="tumorscope-brats-presence",
        intended_use=(
            "Research: which axial slices of a skull-stripped, co-registered head show a glioma. "
            "Investigational, not for diagnostic use."
        ),
        license="LicenseRef-BraTS-data-usage",
        limits=(
            "It reads three co-registered, skull-stripped sequences of one examination, and no single picture.",
            "Every head it learned from has a glioma: slices without tumour are of heads with one elsewhere.",
            "Other tumours, treated heads and other lesions are outside of what it learned.",
        ),
        data=(("BraTS, training part", "the organisers' data usage agreement", "tumor, no_tumor"),),
    ),
    initial_weights="none",
    batch_norm=True,
    tumor_map_weight=1.0,
    label_smoothing=0.03,
    weight_decay=0.02,
)

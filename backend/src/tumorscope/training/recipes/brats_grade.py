"""Of which grade is the glioma in an axial slice of a BraTS case: from three z-scored sequences of a stripped head.

Command:   ``tumorscope prepare MICCAI_BraTS2020_TrainingData --output CACHE``, then
           ``tumorscope train brats_grade --data CACHE [--initial-weights vgg16_imagenet_notop.npz]``
Data:      BraTS 2017 to 2020, prepared, with ``name_mapping.csv`` or folders HGG and LGG; slices with 50 voxels of
           segmentation or more
Expected:  not measured: BraTS needs registration with its organisers
Hours:     about 0.7 on two cores with bfloat16 arithmetic for the 369 cases of 2020, reckoned from the pictures
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tumorscope.datasets.brats import GRADE_CLASSES, read_prepared
from tumorscope.datasets.example import Example
from tumorscope.training.recipe import Card
from tumorscope.training.recipes import brats_presence

# 293 cases of high grade and 76 of low: so both grades have about as many slices.
_EVERY_OF_HIGH_GRADE = 4


def read_examples(cache: Path) -> Sequence[Example]:
    """Every slice of low grade and every fourth of high grade."""
    low = [example for example in read_prepared(cache, "grade") if example.label == "lgg"]
    high = [example for example in read_prepared(cache, "grade", every=_EVERY_OF_HIGH_GRADE) if example.label == "hgg"]
    return [*low, *high]


# Trained as the model that finds a glioma.
RECIPE = replace(
    brats_presence.RECIPE,
    name="brats_grade",
    class_names=GRADE_CLASSES,
    read_examples=read_examples,
    card=Card(
        model_name="tumorscope-brats-grade",
        intended_use=(
            "Research: whether a glioma that is known to be there looks of high or of low grade, in axial slices of a "
            "skull-stripped, co-registered head. Investigational, not for diagnostic use."
        ),
        license="LicenseRef-BraTS-data-usage",
        limits=(
            "It takes for granted that the slice shows a glioma, and has no answer for one that does not.",
            "It reads three co-registered, skull-stripped sequences of one examination, and no single picture.",
            "It learned both grades as equally frequent; among patients high grade is more frequent.",
            "Grades are as BraTS states them, and say nothing of IDH mutation or 1p/19q codeletion.",
        ),
        data=(("BraTS 2017 to 2020, training part", "the organisers' data usage agreement", "hgg, lgg"),),
    ),
)

"""A classified study in, heat maps of the slices that show most tumour out, in the geometry of their source."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.prediction import Decision, Prediction
from tumorscope.domain.scan import Slice
from tumorscope.imaging.resampling import resize_antialiased
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.heatmap import draw_heatmap, find_evidence
from tumorscope.inference.study import StudyClassification, rank_slices


@dataclass(frozen=True, slots=True)
class DrawnExplanation:
    """A heat map of one slice.

    Parameters
    ----------
    slice_index : int
        As in the study.
    heatmap : ndarray, shape (rows, columns), uint8
        As the source stores the slice; 255 where most speaks for the class.
    """

    slice_index: int
    heatmap: NDArray[np.uint8]


def name_explained(prediction: Prediction) -> str:
    """The class that is explained: the label, else the most probable kind of tumour."""
    kinds = {name: share for name, share in prediction.probabilities.items() if name != NO_TUMOR}
    return prediction.label or max(kinds, key=lambda name: kinds[name])


def explain_study(classifier: Classifier, result: StudyClassification) -> list[DrawnExplanation]:
    """Draw what speaks for a class.

    Parameters
    ----------
    classifier : Classifier
        That answered.
    result : StudyClassification
        Whose slices kept their activation.

    Returns
    -------
    list of DrawnExplanation
        Those that show most tumour first; empty where the study is out of scope.
    """
    if result.prediction.decision is Decision.OUT_OF_SCOPE:
        return []
    class_index = classifier.bundle.manifest.class_names.index(name_explained(result.prediction))
    drawn = []
    for one in rank_slices(result.slices):
        activation = one.classification.activation
        if activation is not None and one.classification.prediction.decision is not Decision.OUT_OF_SCOPE:
            evidence = find_evidence(classifier.bundle.weights, activation, class_index)
            heatmap = draw_heatmap(evidence, one.classification.geometry)
            drawn.append(DrawnExplanation(one.index, to_stored(heatmap, result.shown_scan)))
    return drawn


def to_stored(heatmap: NDArray[np.uint8], scan: Slice) -> NDArray[np.uint8]:
    """A map of a slice as it was judged, brought back to the rows and columns that its file stores."""
    back = scan.reorientation.undo(heatmap)
    if scan.stored_shape is None:
        return np.ascontiguousarray(back)
    return np.round(resize_antialiased(back.astype(np.float32), *scan.stored_shape)).astype(np.uint8)

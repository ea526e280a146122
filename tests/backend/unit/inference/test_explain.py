"""Explanations are of the slices that show most tumour, in the geometry of the file."""

import numpy as np

from tests.factories import make_slice
from tumorscope.domain.prediction import Decision, Prediction
from tumorscope.domain.scan import Reorientation, Slice, Volume
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.explain import explain_study, name_explained, to_stored
from tumorscope.inference.study import classify_study, rank_slices
from tumorscope.model.bundle import Bundle


def _ignore(_done: int, _total: int) -> None:
    pass


def test_slice_is_explained_in_its_own_size(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> None:
    classifier = Classifier(tiny_bundle, tiny_engine)
    result = classify_study(classifier, make_slice(size=96), _ignore, explain=True)
    (drawn,) = explain_study(classifier, result)
    assert drawn.slice_index == 0
    assert drawn.heatmap.shape == (96, 96)


def test_nothing_is_kept_unless_it_was_asked_for(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> None:
    classifier = Classifier(tiny_bundle, tiny_engine)
    result = classify_study(classifier, make_slice(size=96), _ignore)
    assert result.slices[0].classification.activation is None
    assert explain_study(classifier, result) == []


def test_three_slices_of_a_volume_are_explained(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> None:
    classifier = Classifier(tiny_bundle, tiny_engine)
    heads = [draw_phantom(seed, lesion=seed % 2 == 0, size=64).astype(np.float32) for seed in range(20)]
    result = classify_study(classifier, Volume(np.stack(heads, axis=2), (1.0, 1.0, 1.0)), _ignore, explain=True)
    drawn = explain_study(classifier, result)
    assert [one.slice_index for one in drawn] == [one.index for one in rank_slices(result.slices)[:3]]
    assert sum(one.classification.activation is not None for one in result.slices) == 3


def test_map_is_turned_and_stretched_back_to_the_file() -> None:
    # The file has 40 rows of 30 columns, of pixels twice as high as wide, and was turned for the reader.
    reorientation = Reorientation(transposed=True, rows_reversed=True, columns_reversed=False)
    stored = np.zeros((40, 30), np.float32)
    stored[8, 21] = 1
    square = np.repeat(stored, 2, axis=0)
    shown = reorientation.apply(square)
    scan = Slice(shown.copy(), "dicom", reorientation=reorientation, stored_shape=(40, 30))
    back = to_stored((shown * 255).astype(np.uint8), scan)
    assert back.shape == (40, 30)
    assert tuple(np.argwhere(back == back.max())[0]) == (8, 21)


def test_most_probable_kind_is_explained_where_there_is_no_label() -> None:
    shares = {"glioma": 0.1, "meningioma": 0.2, "no_tumor": 0.7}
    assert name_explained(Prediction(Decision.NO_TUMOR, None, shares, 0.3)) == "meningioma"
    assert name_explained(Prediction(Decision.TUMOR, "glioma", shares, 0.3)) == "glioma"

"""Slices, volumes and examinations of several sequences get one answer, from the slices that show something."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_outputs, make_slice
from tumorscope.domain.errors import CorruptFile, InvalidRequest, MissingModality
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.prediction import Decision
from tumorscope.domain.scan import Examination, Plane, ScanWarning, Volume
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.study import StudyClassification, choose_volume, classify_study
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import InputManifest, PoolingManifest, PreprocessingManifest

_SLICES = 40
_EMPTY = 6


@dataclass
class _LesionEngine:
    """Says glioma of a picture whose brightest corner of the phantom is marked, and counts its batches."""

    name: str = "lesion"
    device: str = "cpu"
    batches: list[int] = field(default_factory=list)

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        self.batches.append(len(batch))
        marked = batch[:, 14:18, 14:18, 0].mean(axis=(1, 2)) > 0.9
        logits = np.zeros((len(batch), 4), np.float32)
        logits[:, 2] = np.where(marked, -4, 4)
        logits[:, 0] = np.where(marked, 4, -4)
        return make_outputs(logits)


def _classifier(channels: tuple[str, ...] | None = None) -> Classifier:
    manifest = make_manifest().model_copy(update={"pooling": PoolingManifest(reach=0.1)})
    if channels is not None:
        manifest = manifest.model_copy(
            update={
                "input": InputManifest(size=32, channel_names=list(channels)),
                "preprocessing": PreprocessingManifest(
                    lower_percentile=0.5, upper_percentile=99.5, head_margin=0.02, intensity="brain_zscore"
                ),
            }
        )
    return Classifier(Bundle(manifest, "", {}, {}), _LesionEngine())


def _volume(lesions: tuple[int, ...] = (), plane: Plane = "axial", spacing: float = 5.0) -> Volume:
    """Forty slices of a phantom, six empty ones at either end; a bright block in the middle of some."""
    head = draw_phantom(1, lesion=False, size=64).astype(np.float32)
    slices = np.repeat(head[None], _SLICES, axis=0)
    for index in lesions:
        slices[index, 28:36, 28:36] = 255
    slices[:_EMPTY] = slices[-_EMPTY:] = 0
    axis = {"sagittal": 0, "coronal": 1, "axial": 2}[plane]
    spacings = [1.0, 1.0, 1.0]
    spacings[axis] = spacing
    return Volume(np.moveaxis(slices, 0, axis), (spacings[0], spacings[1], spacings[2]), plane=plane)


def _classify(classifier: Classifier, scan: Volume | Examination) -> tuple[StudyClassification, list[tuple[int, int]]]:
    steps: list[tuple[int, int]] = []
    return classify_study(classifier, scan, lambda done, total: steps.append((done, total))), steps


def test_single_slice_is_its_own_study() -> None:
    scan = make_slice()
    result = classify_study(_classifier(), scan, lambda _done, _total: None)
    assert result.shown_scan is scan
    assert (result.slice_count, len(result.slices)) == (1, 1)
    assert result.prediction == result.slices[0].classification.prediction


@pytest.mark.parametrize("plane", ["sagittal", "coronal", "axial"])
def test_volume_is_judged_slice_by_slice_in_the_plane_it_was_acquired_in(plane: Plane) -> None:
    result, steps = _classify(_classifier(), _volume((20, 21, 22, 23), plane))
    assert [one.index for one in result.slices] == list(range(_EMPTY, _SLICES - _EMPTY))
    assert result.slice_count == _SLICES
    tumors = [one.index for one in result.slices if one.classification.prediction.decision is Decision.TUMOR]
    assert tumors == [20, 21, 22, 23]
    assert result.shown.index in tumors
    assert (result.shown_scan.plane, result.shown_scan.height) == (plane, 64)
    assert (result.prediction.decision, result.prediction.label) == (Decision.TUMOR, "glioma")
    total = _SLICES - 2 * _EMPTY
    assert steps[0] == (0, total)
    assert steps[-1] == (total, total)
    assert len(steps) > 2


def test_one_slice_among_many_makes_no_tumour_of_a_study() -> None:
    result, _ = _classify(_classifier(), _volume((20,)))
    assert result.shown.classification.prediction.decision is Decision.TUMOR
    assert result.prediction.decision is Decision.NO_TUMOR
    assert sum(result.prediction.probabilities.values()) == pytest.approx(1)


def test_slices_go_to_the_engine_in_batches() -> None:
    classifier = _classifier()
    _classify(classifier, _volume())
    assert isinstance(classifier.engine, _LesionEngine)
    assert sum(classifier.engine.batches) == _SLICES - 2 * _EMPTY
    assert max(classifier.engine.batches) > 1


def test_work_ends_when_nobody_waits_for_it() -> None:
    classifier = _classifier()

    class LeftError(Exception):
        pass

    def leave(done: int, _total: int) -> None:
        if done:
            raise LeftError

    with pytest.raises(LeftError):
        classify_study(classifier, _volume(), leave)
    assert isinstance(classifier.engine, _LesionEngine)
    assert len(classifier.engine.batches) == 1


def test_of_several_sequences_one_is_read_and_said() -> None:
    marked = ScanWarning("first_volume", "…")
    flair, t1ce = _volume(), _volume((20, 21, 22, 23))
    result, _ = _classify(_classifier(), Examination({"flair": flair, "t1ce": t1ce}, (marked,)))
    assert result.prediction.decision is Decision.TUMOR
    assert [warning.code for warning in result.warnings] == ["first_volume", "sequence_chosen"]
    assert "t1ce" in result.warnings[1].message
    assert result.warnings[1].params == {"sequence": "t1ce"}


def test_examination_of_one_sequence_is_read_without_remark() -> None:
    result, _ = _classify(_classifier(), Examination({"t2": _volume()}))
    assert result.warnings == ()


def test_model_of_several_sequences_names_what_is_missing() -> None:
    classifier = _classifier(("flair", "t1ce", "t2"))
    with pytest.raises(MissingModality, match=r"missing: t1ce, t2\."):
        _classify(classifier, Examination({"flair": _volume()}))
    with pytest.raises(MissingModality, match=r"missing: flair, t1ce, t2\."):
        _classify(classifier, _volume())


def test_model_of_several_sequences_reads_them_together() -> None:
    sequences = {name: _volume() for name in ("flair", "t1", "t1ce", "t2")}
    result, _ = _classify(_classifier(("flair", "t1ce", "t2")), Examination(sequences))
    assert result.shown_scan.channels == ("flair", "t1ce", "t2")
    assert result.shown_scan.pixels.shape == (64, 64, 3)
    assert result.shown.classification.window is None


def test_sequence_without_contrast_is_corrupt() -> None:
    sequences = {name: _volume() for name in ("flair", "t1ce")} | {
        "t2": Volume(np.ones((64, 64, 40), np.int16), (1, 1, 5))
    }
    with pytest.raises(CorruptFile, match="contrast"):
        _classify(_classifier(("flair", "t1ce", "t2")), Examination(sequences))


def test_slice_of_several_sequences_is_refused_by_a_model_of_one() -> None:
    scan = replace(make_slice(), pixels=np.zeros((8, 8, 3), np.float32), channels=("flair", "t1ce", "t2"))
    with pytest.raises(InvalidRequest):
        classify_study(_classifier(), scan, lambda _done, _total: None)


def test_kinds_alone_are_averaged_over_all_slices() -> None:
    names = ("high_grade", "low_grade")
    manifest = make_manifest(names)

    class Grades(_LesionEngine):
        def run(self, batch: NDArray[np.float32]) -> Outputs:
            return make_outputs(super().run(batch).logits[:, :2])

    result, _ = _classify(Classifier(Bundle(manifest, "", {}, {}), Grades()), _volume((20,)))
    rows = [list(one.classification.prediction.probabilities.values()) for one in result.slices]
    np.testing.assert_allclose(list(result.prediction.probabilities.values()), np.mean(rows, axis=0))
    assert result.prediction.tumor_probability is None


def test_all_slices_of_an_empty_volume_are_judged() -> None:
    result, _ = _classify(_classifier(), Volume(np.zeros((16, 16, 4), np.uint8), (1.0, 1.0, 1.0)))
    assert len(result.slices) == 4
    assert set(result.prediction.probabilities) == set(DEFAULT_CLASS_NAMES)


def test_volume_that_is_shown_is_the_one_that_slices_are_cut_from() -> None:
    sequences = {name: _volume() for name in ("flair", "t1", "t1ce")}
    chosen = choose_volume(_classifier(), Examination(sequences))
    assert chosen.sequence == "t1ce"
    np.testing.assert_array_equal(chosen.voxels, sequences["t1ce"].voxels)
    # A model of several sequences sees each in scores.
    scores = choose_volume(_classifier(("flair", "t1ce", "t1")), Examination(sequences))
    assert scores.voxels.dtype == np.float32
    assert scores.voxels.min() == -5


def test_slice_is_shown_as_a_volume_of_one() -> None:
    assert choose_volume(_classifier(), make_slice()).voxels.shape == (256, 256, 1)


def test_volume_of_a_study_that_the_model_cannot_read_is_not_shown() -> None:
    with pytest.raises(MissingModality):
        choose_volume(_classifier(("flair", "t1ce", "t1")), _volume())

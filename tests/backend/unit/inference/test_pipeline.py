"""A slice, a volume or an examination in, one answer out, observed step by step."""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_outputs, make_phantom_file, make_slice, make_study_model, make_trust
from tumorscope.domain.errors import CorruptFile, InvalidRequest, MissingModality
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.prediction import Decision, Prediction
from tumorscope.domain.scan import Examination, Plane, Reorientation, ScanWarning, Slice, Volume
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.imaging.source import FROM_DISK, SourceFile
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.heatmap import choose_explained_class, to_stored
from tumorscope.inference.pipeline import (
    Explain,
    Progress,
    StepDone,
    StepTimes,
    StudyPrediction,
    predict_scan,
    predict_upload,
)
from tumorscope.inference.study import rank_slices
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import InputManifest, PoolingManifest, PreprocessingManifest, StudyManifest

_SLICES = 40
_EMPTY = 6

_CELLS = 8
_WEIGHTS = {
    "dense/kernel": np.ones((_CELLS * _CELLS // 4, 1), np.float16),
    "dense/bias": np.zeros(1, np.float16),
    "logits/kernel": np.array([[1, 0, 0, 0]], np.float16),
}


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
        return replace(make_outputs(logits), activation=np.ones((len(batch), _CELLS, _CELLS, 1), np.float32))


@dataclass
class _SmallBrightEngine:
    """Says glioma of a picture with a small bright part, shows where it is, and counts its slices."""

    name: str = "small and bright"
    device: str = "cpu"
    slices: int = 0

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        self.slices += len(batch)
        bright = batch[..., 0] > 0.9
        marked = bright.any(axis=(1, 2)) & (bright.mean(axis=(1, 2)) < 0.2)
        logits = np.where(marked, 4, -4)[:, None] * np.array([1, 0, -1, 0], np.float32)
        side = batch.shape[1] // _CELLS
        cells = bright.reshape(len(batch), _CELLS, side, _CELLS, side).mean(axis=(2, 4))[..., None]
        return replace(make_outputs(logits.astype(np.float32)), activation=cells.astype(np.float32))


_LESION_MM = np.array([90.0, 56.0, 74.0])


def _head(spacing: tuple[float, float, float] = (2.0, 2.0, 2.0)) -> Volume:
    """A ball of 120 mm with a bright ball of 24 mm in it; the scanner's frame begins 10 mm before each axis."""
    grid = np.stack(np.meshgrid(*[np.arange(0, 128, step) for step in spacing], indexing="ij"), axis=-1)
    inside = np.linalg.norm(grid - 64, axis=-1) < 60
    lesion = np.linalg.norm(grid - _LESION_MM, axis=-1) < 12
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = 10
    return Volume(np.where(lesion, 250, np.where(inside, 100, 0)).astype(np.uint8), spacing, affine)


def _of_studies(
    volume: Volume, study: StudyManifest | None, engine: _SmallBrightEngine | None = None
) -> tuple[StudyPrediction, int]:
    """The answer, and how many slices were to be read in all planes."""
    trust = make_trust().model_copy(update={"study": study})
    # The gate's distances are not measured: the bundle has no arrays for it.
    manifest = make_manifest().model_copy(update={"trust": trust})
    events: list[StepDone | Progress] = []
    classifier = Classifier(Bundle(manifest, "", _WEIGHTS, {}), engine or _SmallBrightEngine())
    result = predict_scan(classifier, volume, events.append)
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert last.done == last.total
    return result, last.total


def test_finding_has_its_slices_length_and_place_and_three_planes_agree() -> None:
    result, read = _of_studies(_head(), make_study_model())
    (finding,) = result.findings
    assert finding.planes == ("axial", "sagittal", "coronal")
    assert finding.extent_mm == pytest.approx(24, abs=4)
    np.testing.assert_allclose(2 * np.array(finding.slices), [74 - 11, 74 + 11], atol=2)
    assert finding.centre_mm is not None
    np.testing.assert_allclose(finding.centre_mm, _LESION_MM + 10, atol=10)
    assert (finding.label, result.prediction.label) == ("glioma", "glioma")
    assert result.prediction.decision is Decision.TUMOR
    assert result.prediction.tumor_probability == pytest.approx(finding.probability)
    # The other planes are read sparsely; the slices of the answer are the acquired plane's.
    assert len(result.slices) < read <= 2 * len(result.slices)


@pytest.mark.parametrize("plane", ["sagittal", "coronal"])
def test_fine_volume_of_another_plane_is_judged_by_its_axial_slices(plane: Plane) -> None:
    axial, _ = _of_studies(_head(), make_study_model())
    result, _ = _of_studies(replace(_head(), plane=plane), make_study_model())
    assert result.prediction.decision is Decision.TUMOR
    assert result.evidence == pytest.approx(axial.evidence, abs=0.5)
    assert result.findings[0].planes[0] == plane
    thick, _ = _of_studies(replace(_head((5.0, 2.0, 2.0)), plane="sagittal"), make_study_model())
    assert thick.evidence is None


@pytest.mark.parametrize("study", [make_study_model(), None], ids=["thick slices", "no model of studies"])
def test_one_plane_is_read_of_thick_slices_and_by_a_bundle_without_a_model_of_studies(
    study: StudyManifest | None,
) -> None:
    result, read = _of_studies(_head((2.0, 2.0, 5.0 if study else 2.0)), study)
    assert read == len(result.slices)
    (finding,) = result.findings
    assert finding.planes == ("axial",)
    assert finding.centre_mm is not None


def test_place_is_unknown_where_the_file_does_not_state_its_frame() -> None:
    result, _ = _of_studies(replace(_head(), affine=None), None)
    assert [one.centre_mm for one in result.findings] == [None]


def test_head_without_a_lesion_has_no_finding() -> None:
    head = _head()
    engine = _SmallBrightEngine()
    result, _ = _of_studies(replace(head, voxels=np.minimum(head.voxels, 100)), make_study_model(), engine)
    # Other planes have nothing to confirm, and are not read.
    assert engine.slices == len(result.slices)
    assert result.findings == ()
    assert result.prediction.decision is Decision.NO_TUMOR
    assert sum(result.prediction.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(("code", "excluded"), [("kind_hardly_seen", False), ("localizer", False), ("tilted", True)])
def test_no_tumour_is_not_answered_to_images_that_the_model_was_not_trained_on(code: str, excluded: bool) -> None:
    head = replace(_head(), voxels=np.minimum(_head().voxels, 100), warnings=(ScanWarning(code, "It is."),))
    result, _ = _of_studies(head, make_study_model())
    assert result.prediction.decision is (Decision.NO_TUMOR if excluded else Decision.UNCERTAIN)
    assert [one.code for one in result.prediction.reasons] == ([] if excluded else ["kind_cannot_exclude"])


def test_slices_of_the_first_finding_are_shown_and_explained() -> None:
    result = predict_scan(_classifier(), _volume((10, 20, 21, 22, 23)), explain="heatmap")
    assert [one.slices for one in result.findings] == [(20, 23), (10, 10)]
    assert result.shown.index in range(20, 24)
    assert result.explanation is not None
    assert sorted(drawn.slice_index for drawn in result.explanation.heatmaps) == [20, 21, 22, 23]
    assert result.explanation.heatmaps[0].slice_index == result.shown.index


def test_maps_are_spread_over_a_long_finding() -> None:
    result = predict_scan(_classifier(), _volume(tuple(range(7, 33))), explain="heatmap")
    assert [one.slices for one in result.findings] == [(7, 32)]
    assert result.explanation is not None
    drawn = sorted(one.slice_index for one in result.explanation.heatmaps)
    assert len(drawn) == 13
    assert set(np.diff(drawn)) == {2}
    assert result.shown.index in drawn


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
    return Classifier(Bundle(manifest, "", _WEIGHTS, {}), _LesionEngine())


def _volume(lesions: tuple[int, ...] = (), plane: Plane = "axial", spacing: float = 4.0) -> Volume:
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


def test_single_slice_is_its_own_study() -> None:
    scan = make_slice()
    result = predict_scan(_classifier(), scan)
    assert result.shown_scan is scan
    assert (result.slice_count, len(result.slices)) == (1, 1)
    assert result.prediction == result.slices[0].prediction


@pytest.mark.parametrize("plane", ["sagittal", "coronal", "axial"])
def test_volume_is_judged_slice_by_slice_in_the_plane_it_was_acquired_in(plane: Plane) -> None:
    events: list[StepDone | Progress] = []
    result = predict_scan(_classifier(), _volume((20, 21, 22, 23), plane), events.append)
    assert [one.index for one in result.slices] == list(range(_EMPTY, _SLICES - _EMPTY))
    assert result.slice_count == _SLICES
    tumors = [one.index for one in result.slices if one.prediction.decision is Decision.TUMOR]
    assert tumors == [20, 21, 22, 23]
    assert result.shown.index in tumors
    assert (result.shown_scan.plane, result.shown_scan.height) == (plane, 64)
    assert (result.prediction.decision, result.prediction.label) == (Decision.TUMOR, "glioma")
    total = _SLICES - 2 * _EMPTY
    progress = [event for event in events if isinstance(event, Progress)]
    assert [progress[0], progress[-1]] == [Progress(0, total), Progress(total, total)]
    assert len(progress) > 2


def test_one_slice_among_many_makes_no_tumour_of_a_study() -> None:
    result = predict_scan(_classifier(), _volume((20,)))
    assert result.shown.prediction.decision is Decision.TUMOR
    assert result.prediction.decision is Decision.NO_TUMOR
    assert sum(result.prediction.probabilities.values()) == pytest.approx(1)


def test_slices_go_to_the_engine_in_batches() -> None:
    classifier = _classifier()
    predict_scan(classifier, _volume())
    assert isinstance(classifier.engine, _LesionEngine)
    assert sum(classifier.engine.batches) == _SLICES - 2 * _EMPTY
    assert max(classifier.engine.batches) > 1


def test_work_ends_when_nobody_waits_for_it() -> None:
    classifier = _classifier()

    class LeftError(Exception):
        pass

    def leave(event: StepDone | Progress) -> None:
        if isinstance(event, Progress) and event.done:
            raise LeftError

    with pytest.raises(LeftError):
        predict_scan(classifier, _volume(), leave)
    assert isinstance(classifier.engine, _LesionEngine)
    assert len(classifier.engine.batches) == 1


@pytest.mark.parametrize("explain", ["none", "heatmap"])
def test_each_step_is_reported_with_its_slices(
    tiny_bundle: Bundle, tiny_engine: TensorFlowEngine, explain: Explain
) -> None:
    times, slices = StepTimes(), Counter[str]()

    def observe(event: StepDone | Progress) -> None:
        times.add(event)
        if isinstance(event, StepDone):
            slices[event.step] += event.slices

    upload = sniff_upload([SourceFile("", make_phantom_file())])
    decode = partial(decode_upload, limits=FROM_DISK)
    result = predict_upload(Classifier(tiny_bundle, tiny_engine), upload, decode, observe, explain=explain)
    assert result.shown_scan.source_format == "png"
    assert slices == {"decode": 1, "preprocess": 1, "inference": 1, "explain": int(explain != "none")}
    assert all(times.seconds[step] > 0 for step in ("decode", "preprocess", "inference"))
    assert times.total_s >= sum(times.seconds.values())


def test_of_several_sequences_one_is_read_and_said() -> None:
    marked = ScanWarning("first_volume", "…")
    flair, t1ce = _volume(), _volume((20, 21, 22, 23))
    result = predict_scan(_classifier(), Examination({"flair": flair, "t1ce": t1ce}, (marked,)))
    assert result.prediction.decision is Decision.TUMOR
    assert [warning.code for warning in result.warnings] == ["first_volume", "sequence_chosen"]
    assert "t1ce" in result.warnings[1].message
    assert result.warnings[1].params == {"sequence": "t1ce"}


def test_examination_of_one_sequence_is_read_without_remark() -> None:
    result = predict_scan(_classifier(), Examination({"t2": _volume()}))
    assert result.warnings == ()


def test_model_of_several_sequences_names_what_is_missing() -> None:
    classifier = _classifier(("flair", "t1ce", "t2"))
    with pytest.raises(MissingModality, match=r"missing: t1ce, t2\."):
        predict_scan(classifier, Examination({"flair": _volume()}))
    with pytest.raises(MissingModality, match=r"missing: flair, t1ce, t2\."):
        predict_scan(classifier, _volume())


def test_model_of_several_sequences_reads_them_together() -> None:
    sequences = {name: _volume() for name in ("flair", "t1", "t1ce", "t2")}
    result = predict_scan(_classifier(("flair", "t1ce", "t2")), Examination(sequences))
    assert result.shown_scan.channels == ("flair", "t1ce", "t2")
    assert result.shown_scan.pixels.shape == (64, 64, 3)
    assert result.shown.window is None


def test_sequence_without_contrast_is_corrupt() -> None:
    sequences = {name: _volume() for name in ("flair", "t1ce")} | {
        "t2": Volume(np.ones((64, 64, 40), np.int16), (1, 1, 4))
    }
    with pytest.raises(CorruptFile, match="contrast"):
        predict_scan(_classifier(("flair", "t1ce", "t2")), Examination(sequences))


def test_slice_of_several_sequences_is_refused_by_a_model_of_one() -> None:
    scan = replace(make_slice(), pixels=np.zeros((8, 8, 3), np.float32), channels=("flair", "t1ce", "t2"))
    with pytest.raises(InvalidRequest):
        predict_scan(_classifier(), scan)


def test_kinds_alone_are_averaged_over_all_slices() -> None:
    names = ("high_grade", "low_grade")
    manifest = make_manifest(names)

    class Grades(_LesionEngine):
        def run(self, batch: NDArray[np.float32]) -> Outputs:
            return make_outputs(super().run(batch).logits[:, :2])

    result = predict_scan(Classifier(Bundle(manifest, "", {}, {}), Grades()), _volume((20,)))
    rows = [list(one.prediction.probabilities.values()) for one in result.slices]
    np.testing.assert_allclose(list(result.prediction.probabilities.values()), np.mean(rows, axis=0))
    assert result.prediction.tumor_probability is None


def test_all_slices_of_an_empty_volume_are_judged() -> None:
    result = predict_scan(_classifier(), Volume(np.zeros((16, 16, 4), np.uint8), (1.0, 1.0, 1.0)))
    assert len(result.slices) == 4
    assert set(result.prediction.probabilities) == set(DEFAULT_CLASS_NAMES)


def test_slice_is_explained_in_its_own_size(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> None:
    result = predict_scan(Classifier(tiny_bundle, tiny_engine), make_slice(size=96), explain="heatmap")
    assert result.explanation is not None
    (drawn,) = result.explanation.heatmaps
    assert (drawn.slice_index, drawn.pixels.shape) == (0, (96, 96))


def test_each_kind_of_tumour_has_a_map_where_all_are_asked_for(
    tiny_bundle: Bundle, tiny_engine: TensorFlowEngine
) -> None:
    result = predict_scan(Classifier(tiny_bundle, tiny_engine), make_slice(size=96), explain="kinds")
    assert result.explanation is not None
    (drawn,) = result.explanation.heatmaps
    assert set(drawn.by_kind) == {"glioma", "meningioma", "pituitary"}
    np.testing.assert_array_equal(drawn.by_kind[result.explanation.label], drawn.pixels)
    assert len({pixels.tobytes() for pixels in drawn.by_kind.values()}) == 3


def test_nothing_is_explained_unless_it_was_asked_for(tiny_bundle: Bundle, tiny_engine: TensorFlowEngine) -> None:
    result = predict_scan(Classifier(tiny_bundle, tiny_engine), make_slice(size=96))
    assert result.slices[0].activation is None
    assert result.explanation is None


def test_three_slices_of_a_volume_without_a_finding_are_explained() -> None:
    result = predict_scan(_classifier(), _volume(()), explain="heatmap")
    assert result.findings == ()
    assert result.explanation is not None
    drawn = [one.slice_index for one in result.explanation.heatmaps]
    assert drawn == [one.index for one in rank_slices(result.slices)[:3]]
    assert sum(one.activation is not None for one in result.slices) == 3


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
    assert choose_explained_class(Prediction(Decision.NO_TUMOR, None, shares, 0.3)) == "meningioma"
    assert choose_explained_class(Prediction(Decision.TUMOR, "glioma", shares, 0.3)) == "glioma"

"""The model of studies is fitted on heads with and without a lesion, and measured on other people."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_nifti_bytes, make_outputs, make_trust
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.scan import Volume
from tumorscope.evaluation.calibration.study_model import fit_study_model, read_studies
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.studies.find import Study
from tumorscope.inference.classifier import Classifier, weigh
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import StudyReading

_CLASSES = ("glioma", "meningioma", "no_tumor", "pituitary")


def _read(people: int = 40, sign: float = 1) -> list[StudyReading]:
    """Tumours are longer than false alarms; planes agree on half of them; what a tenth reaches says little."""
    rng = np.random.default_rng(0)
    readings = []
    for number in range(people):
        for has_tumor in (False, True):
            extent = (1.2 if has_tumor else 0.5) + rng.normal(0, 0.3)
            agreement = float(has_tumor and rng.random() < 0.5)
            evidence = [rng.normal(1, 0.5), rng.normal(), sign * extent, agreement, 1.0]
            person, source = f"p{number}", "one" if number % 2 else "two"
            readings.append(StudyReading(person=person, source=source, has_tumor=has_tumor, evidence=evidence))
    return readings


def _score(shares: NDArray[np.float64]) -> Scored:
    """Three slices of a glioma for each share that gliomas get, the rest meningiomas; but one show nothing."""
    shown = np.stack([0.9 * shares, 0.9 * (1 - shares), np.full(len(shares), 0.1), np.zeros(len(shares))], axis=1)
    blank = np.tile([0.0, 0.1, 0.9, 0.0], (len(shares), 1))
    empty = np.full(3 * len(shares), "")
    return Scored(
        labels=np.full(3 * len(shares), "glioma"),
        patients=np.tile([f"p{number}" for number in range(len(shares))], 3),
        sources=empty,
        planes=empty,
        sequences=empty,
        volumes=empty,
        probabilities=np.concatenate([shown, blank, blank]),
        class_names=_CLASSES,
    )


def test_model_tells_long_evidence_that_planes_agree_on_from_short() -> None:
    study = fit_study_model(_read(), _score(np.linspace(0.5, 1, 100)))
    assert min(study.coefficients[name] for name in ("peak", "reach", "extent", "agreement")) >= 0
    long, short = (weigh(study, np.array(evidence)) for evidence in ([1, 0, 1.5, 1, 1], [1, 0, 0.3, 0, 1]))
    assert long > 0.9
    assert short < 0.2
    figures = study.figures
    assert (figures["people"], figures["readings"], len(study.readings)) == (40, 80, 80)
    assert figures["cross_validated"]["auc"] > 0.9 > figures["quantile"]["auc"]
    assert figures["left_out_sources"]["log_loss"] < figures["quantile"]["log_loss"]
    assert all(0 < limit < 1 for limit in study.kept_from.values())
    assert study.operating_points["screening"].tumor_threshold < study.operating_points["balanced"].tumor_threshold


def test_limit_of_kinds_keeps_the_true_kind_of_most_people() -> None:
    shares = np.linspace(0.01, 1, 100)
    study = fit_study_model(_read(), _score(shares))
    assert 0.94 <= (shares >= study.kinds_kept_from).mean() <= 0.97


def test_more_evidence_never_means_a_less_probable_tumour() -> None:
    assert fit_study_model(_read(sign=-1), _score(np.linspace(0.5, 1, 100))).coefficients["extent"] == 0


class _BrightEngine:
    """Says glioma of a picture with a small bright part."""

    name, device = "bright", "cpu"

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        share = (batch[..., 0] > 0.9).mean(axis=(1, 2))
        return make_outputs(np.where(share < 0.3, 4, -4)[:, None] * np.array([[1, 0, -1, 0]], np.float32))


@pytest.mark.parametrize(("thickness", "readings"), [(2.0, 8), (5.0, 4)])
def test_head_is_read_as_it_is_and_with_a_lesion_in_one_plane_and_in_three(
    tmp_path: Path, thickness: float, readings: int
) -> None:
    path = tmp_path / "head_t1.nii"
    head = np.zeros((40, 40, 20), np.uint8)
    head[5:35, 5:35, 2:18] = 100
    path.write_bytes(make_nifti_bytes(head, np.diag([2.0, 2.0, thickness, 1.0])))
    asked: list[str | None] = []

    def insert(volume: Volume, sequence: str | None, _rng: np.random.Generator) -> Volume:
        asked.append(sequence)
        voxels = volume.voxels.copy()
        voxels[15:20, 15:20, 8:12] = 250
        return Volume(voxels, volume.spacing_mm, volume.affine)

    weights = {
        "dense/kernel": np.ones((4, 1), np.float16),
        "dense/bias": np.zeros(1, np.float16),
        "logits/kernel": np.ones((1, 4), np.float16),
    }
    manifest = make_manifest().model_copy(update={"trust": make_trust()})
    classifier = Classifier(Bundle(manifest, "", weights, {}), _BrightEngine())
    done: list[int] = []
    study = Study((path,), NO_TUMOR, "someone", "somewhere", "t1")
    found = read_studies(classifier, [study], insert, lambda: done.append(1))
    assert (asked, len(done)) == (["t1"] * 3, 1)
    without, with_lesion = found[0], found[-1]
    assert [one.has_tumor for one in found] == [False] * (readings // 4) + [True] * (3 * readings // 4)
    assert {one.person for one in found} == {"someone"}
    assert with_lesion.evidence[2] > without.evidence[2] == 0
    assert with_lesion.evidence[4] == (thickness == 2)

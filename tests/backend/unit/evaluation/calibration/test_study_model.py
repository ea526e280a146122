"""The model of studies is fitted on heads with and without a lesion, and measured on other people."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_nifti_bytes, make_outputs, make_trust
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.scan import Volume
from tumorscope.evaluation.calibration.study_model import fit_study_model, read_known_tumors, read_studies
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.studies.find import Study
from tumorscope.inference.classifier import Classifier, weigh
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import Bundle
from tumorscope.model.manifest import StudyReading

_CLASSES = ("glioma", "meningioma", "no_tumor", "pituitary")


def _read(people: int = 40, sign: float = 1, seed: int = 0) -> list[StudyReading]:
    """Tumours show more evidence than false alarms do."""
    rng = np.random.default_rng(seed)
    return [
        StudyReading(
            person=f"p{number}",
            source="one" if number % 2 else "two",
            has_tumor=has_tumor,
            evidence=sign * (3 if has_tumor else -1) + rng.normal(),
        )
        for number in range(people)
        for has_tumor in (False, True)
    ]


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


def test_model_tells_much_evidence_from_little() -> None:
    study = fit_study_model(_read(), _score(np.linspace(0.5, 1, 100)))
    assert weigh(study, 4) > 0.9
    assert weigh(study, -2) < 0.1
    figures = study.figures
    assert (figures["people"], figures["readings"], len(study.readings)) == (40, 80, 80)
    assert figures["cross_validated"]["auc"] > 0.9
    assert figures["left_out_sources"]["log_loss"] < 0.3
    assert all(0 < limit < 1 for limit in study.kept_from.values())
    assert study.operating_points["screening"].tumor_threshold < study.operating_points["balanced"].tumor_threshold


def test_sequence_in_which_tumours_show_less_is_held_to_a_stricter_limit() -> None:
    clear = [one.model_copy(update={"sequence": "t1"}) for one in _read(people=200)]
    # Some of its tumours hardly show.
    faint = [
        one.model_copy(update={"person": f"{one.person}f", "sequence": "flair", "evidence": evidence})
        for one in _read(people=60, seed=1)
        for evidence in [one.evidence + 2 * (one.evidence - 3) if one.has_tumor else one.evidence]
    ]
    study = fit_study_model([*clear, *faint], _score(np.linspace(0.5, 1, 100)))
    assert set(study.by_sequence) == {"t1", "flair"}
    common = study.kept_from["tumor"]
    assert study.by_sequence["flair"].tumor_kept_from < study.by_sequence["t1"].tumor_kept_from <= common
    overlooked = [
        weigh(study, one.evidence, "flair") < study.by_sequence["flair"].tumor_kept_from
        for one in faint
        if one.has_tumor
    ]
    assert np.mean(overlooked) <= 0.07
    assert weigh(study, 1, "t1") > 0.3
    assert set(study.figures["by_sequence"]) == {"t1", "flair"}


def test_model_of_a_sequence_with_one_head_stays_near_the_common_one() -> None:
    few = [one.model_copy(update={"person": "f", "sequence": "t2"}) for one in _read(people=1, seed=5)]
    study = fit_study_model([*_read(), *few], _score(np.linspace(0.5, 1, 100)))
    assert weigh(study, 1, "t2") == pytest.approx(weigh(study, 1), abs=0.15)
    assert "flair" not in study.by_sequence


def test_of_few_heads_the_next_one_is_seldom_called_a_tumour_and_tumours_still_are() -> None:
    called: dict[bool, list[float]] = {False: [], True: []}
    for seed in range(20):
        study = fit_study_model(_read(people=10, seed=seed), _score(np.linspace(0.5, 1, 10)))
        for one in _read(seed=1000 + seed):
            called[one.has_tumor].append(1 - weigh(study, one.evidence) < study.kept_from["no_tumor"])
    assert 0.02 <= np.mean(called[False]) <= 0.08
    assert np.mean(called[True]) >= 0.9


def test_tumour_slices_of_a_person_are_a_study_that_the_highest_decides() -> None:
    manifest = make_manifest().model_copy(update={"temperature": 1.0, "uniform_weight": 0.0})
    scored = _score(np.array([0.3, 0.8]))
    readings = read_known_tumors(Classifier(Bundle(manifest, "", {}, {}), _BrightEngine()), scored)
    assert [(one.person, one.has_tumor, one.sequence) for one in readings] == [("p0", True, None), ("p1", True, None)]
    assert [one.evidence for one in readings] == pytest.approx([np.log(9)] * 2, abs=0.01)
    two = read_known_tumors(Classifier(Bundle(manifest, "", {}, {}), _BrightEngine()), scored.take(np.arange(6) < 4))
    assert two == []


def test_limit_of_kinds_keeps_the_true_kind_of_most_people() -> None:
    shares = np.linspace(0.01, 1, 100)
    study = fit_study_model(_read(), _score(shares))
    assert 0.94 <= (shares >= study.kinds_kept_from).mean() <= 0.97


def test_more_evidence_never_means_a_less_probable_tumour() -> None:
    assert fit_study_model(_read(sign=-1), _score(np.linspace(0.5, 1, 100))).slope == 0


class _BrightEngine:
    """Says glioma of a picture with a small bright part."""

    name, device = "bright", "cpu"

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        share = (batch[..., 0] > 0.9).mean(axis=(1, 2))
        return make_outputs(np.where(share < 0.3, 4, -4)[:, None] * np.array([[1, 0, -1, 0]], np.float32))


@pytest.mark.parametrize("thickness", [2.0, 5.0])
def test_head_is_read_as_it_is_and_with_lesions(tmp_path: Path, thickness: float) -> None:
    path = tmp_path / "head_t1.nii"
    head = np.zeros((40, 40, 20), np.uint8)
    head[5:35, 5:35, 2:18] = 100
    path.write_bytes(make_nifti_bytes(head, np.diag([2.0, 2.0, thickness, 1.0])))
    asked: list[str | None] = []

    def insert(volume: Volume, sequence: str | None, _rng: np.random.Generator) -> Volume:
        asked.append(sequence)
        voxels = volume.voxels.copy()
        voxels[15:20, 15:20, 4:14] = 250
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
    assert (asked, len(done)) == (["t1"] * 15, 1)
    assert [one.has_tumor for one in found] == [False] + [True] * 15
    assert {(one.person, one.sequence) for one in found} == {("someone", "t1")}
    assert found[-1].evidence > 3 > -3 > found[0].evidence

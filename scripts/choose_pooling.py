"""How slices become a study: candidate rules compared on whole studies of people who were not trained on.

    .venv/bin/python -m scripts.choose_pooling --data ../shared/data

Writes docs/figures/pooling.json, which the model card shows; the manifest holds what was chosen.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.metrics import roc_auc_score

from tumorscope.api.settings import Settings
from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.example import read_volume
from tumorscope.datasets.splits import read_split
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.evaluation.studies.find import Study, find_studies
from tumorscope.imaging.slices import STACK_AXIS
from tumorscope.inference.classifier import Classifier, pool_slices
from tumorscope.inference.engines.choose import open_engine
from tumorscope.inference.pipeline import predict_scan
from tumorscope.inference.study import tumor_share
from tumorscope.model.bundle import SPLIT_FILE, read_bundle

OUTPUT = Path("docs/figures/pooling.json")
_REACHES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
# The mean over the stretch of neighbours that shows most tumour, for comparison.
_STRETCHES_MM = (10.0, 20.0, 30.0)
# Enough of a tumour in the slice to be seen.
_MIN_VOXELS = 50


@dataclass(frozen=True, slots=True)
class _Judged:
    """One volume: whether it shows a tumour, what the model says of its slices, and their tumour voxels if known."""

    has_tumor: bool
    shares: NDArray[np.float64]
    spacing_mm: float
    marked: NDArray[np.int_] | None


def main() -> None:
    """Judge every volume once, then pool its slices in every way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--bundle", type=Path, default=Settings().bundle)
    arguments = parser.parse_args()
    bundle = read_bundle(arguments.bundle)
    examples = discover_examples(arguments.data, tuple(bundle.manifest.class_names))
    split = read_split(arguments.bundle / SPLIT_FILE, examples)
    classifier = Classifier(bundle, open_engine(bundle).engine)
    studies = find_studies(arguments.data, {one.patient_id for one in split.training} | split.set_aside)
    volumes = [study for study in studies if len(study.files) == 1]
    judged = [_judge(classifier, study) for study in track(volumes, "judging")]
    ways: dict[str, Callable[[_Judged], float]] = {
        **{f"reached by {reach:.0%} of the slices": partial(_reach, reach=reach) for reach in _REACHES},
        **{f"mean of the highest stretch of {length:g} mm": partial(_stretch, mm=length) for length in _STRETCHES_MM},
        "mean of all slices": lambda one: float(one.shares.mean()),
    }
    rows = [_describe(name, judged, way, bundle.manifest.tumor_threshold) for name, way in ways.items()]
    table = {
        "title": "From slices to a study",
        "note": _note(judged, bundle.manifest.pooling.reach),
        "columns": [
            "the study's tumour probability",
            "healthy volumes called tumour",
            "tumour volumes called tumour",
            "area",
        ],
        "rows": rows,
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\n".join(" | ".join(row) for row in rows), _note(judged, bundle.manifest.pooling.reach), sep="\n")  # noqa: T201


def _find_mask(volume: Path) -> Path | None:
    """The segmentation of a volume's tumour, where there is one."""
    case = volume.parent.name
    names = (f"{case}_seg.nii.gz", volume.name.replace("_Scan_T1", "_Mask"))
    masks = [volume.with_name(name) for name in names if name != volume.name]
    return next((mask for mask in masks if mask.is_file()), None)


def _judge(classifier: Classifier, study: Study) -> _Judged:
    (path,) = study.files
    volume, mask = read_volume(path), _find_mask(path)
    result = predict_scan(classifier, volume)
    shares = np.array([tumor_share(one.prediction) for one in result.slices])
    axis = STACK_AXIS[volume.plane]
    marked = None
    if mask is not None:
        inside = np.moveaxis(read_volume(mask).voxels > 0, axis, 0).sum(axis=(1, 2))
        marked = inside[[one.index for one in result.slices]]
    return _Judged(study.label != NO_TUMOR, shares, volume.spacing_mm[axis], marked)


def _reach(one: _Judged, reach: float) -> float:
    return float(pool_slices(np.stack([one.shares, 1 - one.shares], axis=1), 1, reach)[0])


def _stretch(one: _Judged, mm: float) -> float:
    count = min(len(one.shares), max(1, round(mm / one.spacing_mm)))
    return float(np.convolve(one.shares, np.full(count, 1 / count), mode="valid").max())


def _describe(name: str, judged: list[_Judged], way: Callable[[_Judged], float], threshold: float) -> list[str]:
    pooled = np.array([way(one) for one in judged])
    tumor = np.array([one.has_tumor for one in judged])
    called = pooled >= threshold
    return [
        name,
        f"{called[~tumor].sum()} of {(~tumor).sum()}",
        f"{called[tumor].sum()} of {tumor.sum()}",
        f"{roc_auc_score(tumor, pooled):.3f}",
    ]


def _note(judged: list[_Judged], chosen: float) -> str:
    areas = [area for one in judged if (area := _area_within(one)) is not None]
    return (
        f"{len(judged)} volumes of people who were not trained on. Called tumour: a study's tumour probability of at "
        f"least 0.5, whatever the service decides. The rule served is the quantile that {chosen:.0%} of the slices "
        f"reach. Within {len(areas)} segmented volumes, tumour slices against the others have a mean ROC area of "
        f"{np.mean(areas):.3f} ({min(areas):.3f} to {max(areas):.3f})."
    )


def _area_within(one: _Judged) -> float | None:
    """The area under the curve for slices with tumour against those of the same volume without any."""
    if one.marked is None:
        return None
    sick, healthy = one.marked >= _MIN_VOXELS, one.marked == 0
    if not sick.any() or not healthy.any():
        return None
    # Between none and enough of it, a slice is neither.
    return float(roc_auc_score(sick[sick | healthy], one.shares[sick | healthy]))


if __name__ == "__main__":
    main()

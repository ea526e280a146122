"""What the scope gate refuses.

    .venv/bin/python -m scripts.measure_trust --data ../shared/data

Writes docs/figures/scope.json, which the model card shows.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scripts.options import read_options

from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.example import Example, ImageFileReference, read_example
from tumorscope.datasets.splits import read_split
from tumorscope.domain.errors import InputError
from tumorscope.domain.prediction import Decision
from tumorscope.domain.scan import Slice
from tumorscope.evaluation.calibration.scope_limits import fit_scope
from tumorscope.evaluation.calibration.trust_layer import group_of
from tumorscope.evaluation.evaluate import answer_studies
from tumorscope.evaluation.studies.find import find_studies
from tumorscope.imaging.decode import decode_image
from tumorscope.imaging.source import FROM_DISK
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.choose import open_engine
from tumorscope.inference.pipeline import predict_scan
from tumorscope.inference.scope import describe_slices, measure_distance
from tumorscope.model.bundle import Bundle, read_bundle
from tumorscope.preprocessing.pipeline import to_model_input

_OUTPUT = Path("docs/figures/scope.json")
_KINDS = {"photos": "photographs", "chest_xray": "chest X-ray", "mednist": "other body parts", "head_ct": "head CT"}
# Means of the lower blocks, then the thumbnail's, one after the other in what slices are compared by.
_BLOCKS = {
    "block 1": slice(0, 64),
    "block 2": slice(64, 192),
    "block 3": slice(192, 448),
    "block 4": slice(448, 960),
    "blocks 1 to 4": slice(0, 960),
    "a thumbnail": slice(960, 1024),
    "blocks 1 to 4 and a thumbnail": slice(0, 1024),
}
_REFUSED = 0.015


def main() -> None:
    """Measure, and write the table."""
    arguments = read_options(__doc__)
    bundle = read_bundle(arguments.bundle)
    if bundle.manifest.trust is None:
        raise SystemExit("The bundle has no trust layer: run tumorscope calibrate first.")
    classifier = Classifier(bundle, open_engine(bundle).engine)
    examples = discover_examples(arguments.data, tuple(bundle.manifest.class_names))
    split = read_split(arguments.bundle / "split.json", examples)
    table = _measure_scope(classifier, arguments.data, split.validation, split.training)
    _OUTPUT.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table["title"], *(" | ".join(row) for row in table["rows"]), table["note"], sep="\n")  # noqa: T201


def _measure_scope(
    classifier: Classifier, data: Path, validation: Sequence[Example], training: Sequence[Example]
) -> dict[str, Any]:
    """Refusals by kind of image, and what other scores of the same forward pass would refuse."""
    slices = {words: _read_folder(data / "out_of_scope" / name) for name, words in _KINDS.items()}
    pictures = [one for one in validation if isinstance(one.image, ImageFileReference)]
    volumes = [one for one in validation if not isinstance(one.image, ImageFileReference)]
    slices["held-out images"] = [read_example(one) for one in pictures]
    slices["held-out slices of volumes"] = [read_example(one) for one in volumes]
    refused = {name: [_is_refused(classifier, scan) for scan in track(scans, name)] for name, scans in slices.items()}
    rows = [[name, str(len(found)), f"{np.mean(found):.3f}"] for name, found in refused.items()]
    studies = find_studies(data, {one.patient_id for one in training})
    answers = answer_studies(lambda _: classifier, track(studies, "whole studies"), lambda: None)
    refused_studies = sum(one.decision is Decision.OUT_OF_SCOPE for one in answers)
    rows.append(["whole studies of people not trained on", str(len(studies)), f"{refused_studies / len(studies):.3f}"])
    scores = _compare_scores(classifier, slices, training)
    return {
        "title": "Out of scope: what is refused",
        "note": (
            "Share refused. No limit was fitted on the images that are not a brain MRI, but the score was chosen among "
            "these on them. For comparison, single out-of-distribution scores, each at the threshold that refuses "
            f"{_REFUSED:.1%} of the held-out slices; "
            f"they refuse of {', '.join(_KINDS.values())}: {'; '.join(scores)}."
        ),
        "columns": ["what", "slices or studies", "refused"],
        "rows": rows,
    }


def _read_folder(folder: Path) -> list[Slice]:
    scans = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            scans.append(decode_image(path.read_bytes(), FROM_DISK.pixels))
        except InputError:
            continue
    return scans


def _is_refused(classifier: Classifier, scan: Slice) -> bool:
    return predict_scan(classifier, scan).prediction.decision is Decision.OUT_OF_SCOPE


def _compare_scores(classifier: Classifier, slices: dict[str, list[Slice]], training: Sequence[Example]) -> list[str]:
    observed = {name: _observe(classifier, scans) for name, scans in slices.items()}
    reference = _observe(classifier, [read_example(one) for one in track(training, "reference")])[1]
    groups = [group_of(one) for one in training]

    def energy(logits: NDArray[np.float32], _described: NDArray[np.float32]) -> NDArray[np.float64]:
        peak = logits.max(axis=1)
        result: NDArray[np.float64] = -(np.log(np.exp(logits - peak[:, None]).sum(axis=1)) + peak).astype(np.float64)
        return result

    def doubt(logits: NDArray[np.float32], _described: NDArray[np.float32]) -> NDArray[np.float64]:
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: NDArray[np.float64] = -(shares.max(axis=1) / shares.sum(axis=1)).astype(np.float64)
        return result

    def distance(part: slice) -> Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float64]]:
        gate = Bundle(classifier.bundle.manifest, "", {}, {}, fit_scope(_cut(reference, part), groups))

        def measure(_logits: NDArray[np.float32], described: NDArray[np.float32]) -> NDArray[np.float64]:
            distances = measure_distance(gate, _cut(described, part))
            return np.empty(0) if distances is None else distances

        return measure

    scores: dict[str, Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float64]]] = {
        "energy of the logits": energy,
        "1 - highest probability": doubt,
    }
    scores |= {f"distance in {name}": distance(part) for name, part in _BLOCKS.items()}
    lines = []
    for name, score in scores.items():
        inside = np.concatenate([score(*observed[key]) for key in observed if key.startswith("held-out")])
        limit = np.quantile(inside, 1 - _REFUSED)
        shares = [f"{np.mean(score(*observed[words]) > limit):.2f}" for words in _KINDS.values()]
        lines.append(f"{name} {', '.join(shares)}")
    return lines


def _cut(described: NDArray[np.float32], part: slice) -> NDArray[np.float32]:
    """A part of what slices are compared by, of length 1 again."""
    cut: NDArray[np.float32] = described[:, part]
    lengths: NDArray[np.float32] = np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), 1e-6)
    return cut / lengths


def _observe(classifier: Classifier, scans: Sequence[Slice]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    parameters = classifier.bundle.manifest.preprocessing_parameters
    logits, described = [], []
    for start in range(0, len(scans), 16):
        batch = np.stack([to_model_input(scan, parameters).pixels for scan in scans[start : start + 16]])
        outputs = classifier.engine.run(batch)
        logits.append(outputs.logits)
        described.append(describe_slices(outputs.features, batch))
    return np.concatenate(logits), np.concatenate(described)


if __name__ == "__main__":
    main()

"""Models beside each other on held-out people: pictures, low-grade gliomas, whole heads, volumes with a tumour.

    .venv/bin/python -m scripts.compare_models --data ../shared/data --split SPLIT NAME=WEIGHTS.npz ...

Every model gets the same rule: a temperature fitted on the held-out pictures, and no answer below the confidence that
leaves four fifths of these answered. Two healthy series of other scanners (dicom/t1_mprage_series,
field/healthy_sagittal_t1) and the BraTS volumes are in no split: nothing was trained on them. Prints Markdown; the
first rows also become a table of the model card: the model that ships beside `vgg16_transfer`, with
``--output docs/figures/standard_recipe.json``.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score, roc_auc_score

from tumorscope.datasets.example import Example, read_example
from tumorscope.datasets.splits import read_split
from tumorscope.datasets.volumes import INNER, slice_masked_volume
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES, NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.scan import Slice, Volume
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.slices import STACK_AXIS, slice_volume
from tumorscope.imaging.source import FROM_DISK, SourceFile
from tumorscope.inference.classifier import calibrate, pool_slices
from tumorscope.model.processor import has_bfloat16
from tumorscope.model.vgg16 import Precision, build_vgg16
from tumorscope.model.vgg16_layers import CONVOLUTION_NAMES
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input
from tumorscope.training.networks import to_input
from tumorscope.training.recipes.tumorscope_default import read_examples
from tumorscope.training.volume_lesions import insert_into_heads

_ANSWERED = 0.8
_REACH = 0.1
_SEED = 1
_PLANE_SLICES = 24
_PARAMETERS = PreprocessingParameters(size=128)
_NONE = DEFAULT_CLASS_NAMES.index(NO_TUMOR)
_HEALTHY_SERIES = ("dicom/t1_mprage_series", "field/healthy_sagittal_t1")
_COLLECTIONS_WITH_BOTH = ("Br35H", "Navoneel")
_TITLE = "Beside the standard recipe"
_NOTE = (
    "`vgg16_transfer`: VGG16 from ImageNet's weights, frozen, then its last three convolutions; trained to its end on "
    "the training part of the picture collections. Both models on the same held-out people, by the same rule: a "
    "temperature fitted on the held-out pictures, and the confidence that leaves four fifths of them answered. The "
    "whole heads are of collections that only this model was trained on (other people), the BraTS cases of none."
)
# Rows that the model card shows; the others go into too much detail.
_SHOWN = 14


@dataclass(frozen=True, slots=True)
class _Row:
    """One slice: what is known of it, and whose it is."""

    label: str
    person: str
    source: str
    sequence: str
    plane: str
    position: float | None


def main() -> None:
    """Prepare the slices once, let each model answer them, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="NAME=WEIGHTS.npz")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--split", type=Path, required=True)
    parser.add_argument(
        "--cache", type=Path, default=Path("runs/comparison"), help="folder of prepared slices and logits"
    )
    parser.add_argument("--output", type=Path, help="JSON table for the model card")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    rows, pixels = _prepare(arguments.data, arguments.split, arguments.cache)
    named = dict(model.split("=", 1) for model in arguments.models)
    answers = {name: _answer(name, Path(file), pixels, rows, arguments.cache) for name, file in named.items()}
    columns, cells = ["", "slices, people", *answers], _tabulate(rows, answers)
    for row in (columns, ["---"] * len(columns), *cells):
        print(f"| {' | '.join(row)} |")  # noqa: T201
    if arguments.output is not None:
        shown = {"title": _TITLE, "note": _NOTE, "columns": columns, "rows": cells[:_SHOWN]}
        arguments.output.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _prepare(data: Path, split: Path, cache: Path) -> tuple[list[_Row], NDArray[np.float16]]:
    file = cache / "slices.npz"
    if not file.is_file():
        held_out = read_split(split, list(read_examples(data))).validation
        scans = [(_describe(one), read_example(one)) for one in (*held_out, *_find_tumor_slices(data))]
        scans += _read_healthy_series(data)
        scans += [(_describe(one.example), one.scan) for one in insert_into_heads(held_out, 2, (_SEED,))]
        pixels = np.stack([to_model_input(scan, _PARAMETERS).pixels[:, :, 0].astype(np.float16) for _, scan in scans])
        table = np.array([(r.label, r.person, r.source, r.sequence, r.plane, str(r.position or "")) for r, _ in scans])
        np.savez(file, pixels=pixels, table=table)
    with np.load(file) as arrays:
        rows = [
            _Row(label, person, source, sequence, plane, float(position) if position else None)
            for label, person, source, sequence, plane, position in arrays["table"].tolist()
        ]
        return rows, arrays["pixels"]


def _describe(one: Example) -> _Row:
    return _Row(one.label, one.patient_id, one.source, one.sequence or "", one.plane or "", one.position)


def _find_tumor_slices(data: Path) -> Iterable[Example]:
    """Slices through the segmented tumours of BraTS, every fifth."""
    for path in sorted((data / "volumes" / "brats2015").glob("*/*.nii.gz")):
        if path.name.endswith(("_flair.nii.gz", "_t1ce.nii.gz")):
            mask = path.with_name(f"{path.parent.name}_seg.nii.gz")
            yield from slice_masked_volume(path, mask, "glioma", path.parent.name, "brats2015")[::5]


def _read_healthy_series(data: Path) -> list[tuple[_Row, Slice]]:
    scans = []
    for name in _HEALTHY_SERIES:
        files = [SourceFile(path.name, path.read_bytes()) for path in sorted((data / name).glob("*.dcm"))]
        volume = decode_upload(sniff_upload(files), FROM_DISK)
        assert isinstance(volume, Volume)  # noqa: S101  (both are series of one volume)
        for plane, axis in STACK_AXIS.items():
            length = volume.voxels.shape[axis]
            for index in np.unique(np.linspace(0.02 * length, 0.98 * length, _PLANE_SLICES).astype(int)):
                row = _Row(NO_TUMOR, name, name, "t1", plane, (index + 0.5) / length)
                scans.append((row, slice_volume(volume, plane, int(index))))
    return scans


def _answer(
    name: str, weights: Path, pixels: NDArray[np.float16], rows: Sequence[_Row], cache: Path
) -> NDArray[np.float64]:
    """Calibrated probabilities, shape (n, classes)."""
    file = cache / f"{name}.npy"
    if not file.is_file():
        with np.load(weights) as arrays:
            filters = {one: arrays[f"{one}/bias"].size for one in CONVOLUTION_NAMES}
            precision: Precision = "mixed_bfloat16" if has_bfloat16() else "float32"
            network = build_vgg16(len(DEFAULT_CLASS_NAMES), _PARAMETERS.size, precision, filters)
            for variable in network.weights:
                variable.assign(arrays[variable.path])
        batches = [
            network.predict_on_batch(to_input(pixels[i : i + 64, :, :, None])) for i in range(0, len(pixels), 64)
        ]
        np.save(file, np.concatenate(batches))
    logits = np.load(file)
    known = np.array([row.position is None and row.label in DEFAULT_CLASS_NAMES for row in rows])
    labels = np.array([DEFAULT_CLASS_NAMES.index(row.label) for row in rows if row.label in DEFAULT_CLASS_NAMES])
    labels = labels[known[[row.label in DEFAULT_CLASS_NAMES for row in rows]]]

    def miss(temperature: float) -> float:
        return -float(np.log(calibrate(logits[known], temperature)[np.arange(known.sum()), labels]).mean())

    return calibrate(logits, float(minimize_scalar(miss, bounds=(0.1, 5), method="bounded").x))


def _tabulate(rows: Sequence[_Row], answers: dict[str, NDArray[np.float64]]) -> list[list[str]]:
    sources, labels = np.array([row.source for row in rows]), np.array([row.label for row in rows])
    pictures = np.array([row.position is None for row in rows])
    lines: list[list[str]] = []

    def add(what: str, of: NDArray[np.bool_], figures: dict[str, str]) -> None:
        people = len({row.person for row, chosen in zip(rows, of, strict=True) if chosen})
        lines.append([what, f"{of.sum()}, {people}", *(figures[name] for name in answers)])

    known = pictures & np.isin(labels, DEFAULT_CLASS_NAMES)
    add("pictures: accuracy, macro-F1", known, {n: _judge_kinds(p[known], labels[known]) for n, p in answers.items()})
    both = pictures & np.isin(sources, _COLLECTIONS_WITH_BOTH)
    for what, of in (
        ("pictures: area, tumour against none", pictures),
        ("the same within Br35H and Navoneel", both),
        ("LGG slices: area", sources == "TCGA-LGG"),
    ):
        add(what, of, {n: f"{roc_auc_score(labels[of] != NO_TUMOR, 1 - p[of, _NONE]):.3f}" for n, p in answers.items()})
    sequences, positions = np.array([row.sequence for row in rows]), [row.position for row in rows]
    inner = np.array([position is not None and INNER[0] <= position <= INNER[1] for position in positions])
    heads_alone = inner & np.isin(labels, (NO_TUMOR, TUMOR_OF_UNSTATED_KIND)) & (sources != "TCGA-LGG")
    for sequence in ("t1", "t2", "flair"):
        of = heads_alone & (sequences == sequence)
        add(
            f"whole heads with a lesion inserted against the same without, {sequence}: area",
            of,
            {n: f"{roc_auc_score(labels[of] != NO_TUMOR, 1 - p[of, _NONE]):.3f}" for n, p in answers.items()},
        )
    unstated = pictures & (labels == TUMOR_OF_UNSTATED_KIND)
    slices = [("pictures with a tumour", pictures & (labels != NO_TUMOR)), ("tumours of unstated kind", unstated)]
    slices.append(("pictures without", pictures & (labels == NO_TUMOR)))
    groups = sorted({(row.source, row.sequence, row.label) for row in rows if row.position is not None})
    for source, sequence, label in groups:
        of = np.array([(row.source, row.sequence, row.label) == (source, sequence, label) for row in rows]) & ~pictures
        slices.append((f"{source}, {sequence}, {label}", of))
    lines.append(["answered `tumor` / `no_tumor` / `uncertain`", "", *("" for _ in answers)])
    decisions = {name: _decide(p, pictures) for name, p in answers.items()}
    for what, of in slices:
        add(what, of, {name: _share(decided[of]) for name, decided in decisions.items()})
    without = np.array([row.label == NO_TUMOR for row in rows])
    heads = sorted({(r.person, r.source, r.sequence) for r in rows if r.plane and r.label == NO_TUMOR} - _lgg(rows))
    lines.append(["heads, axial: probability that a tenth of the slices reaches", "", *("" for _ in answers)])
    for head in heads:
        of = without & np.array([(r.person, r.source, r.sequence) == head and r.plane == "axial" for r in rows])
        add(
            ", ".join(head[:1] + head[2:]),
            of,
            {n: f"{1 - pool_slices(p[of], _NONE, _REACH)[_NONE]:.2f}" for n, p in answers.items()},
        )
    return lines


def _lgg(rows: Sequence[_Row]) -> set[tuple[str, str, str]]:
    """People with a tumour elsewhere in the head."""
    return {(row.person, row.source, row.sequence) for row in rows if row.source == "TCGA-LGG"}


def _judge_kinds(probabilities: NDArray[np.float64], labels: NDArray[np.str_]) -> str:
    called = np.array(DEFAULT_CLASS_NAMES)[probabilities.argmax(axis=1)]
    return f"{(called == labels).mean():.3f}, {f1_score(labels, called, average='macro'):.3f}"


def _decide(probabilities: NDArray[np.float64], pictures: NDArray[np.bool_]) -> NDArray[np.str_]:
    confidence = probabilities.max(axis=1)
    least = np.quantile(confidence[pictures], 1 - _ANSWERED)
    called = np.where(probabilities.argmax(axis=1) == _NONE, NO_TUMOR, "tumor")
    decided: NDArray[np.str_] = np.where(confidence >= least, called, "uncertain")
    return decided


def _share(decided: NDArray[np.str_]) -> str:
    return " / ".join(f"{(decided == answer).mean():.2f}" for answer in ("tumor", NO_TUMOR, "uncertain"))


if __name__ == "__main__":
    main()

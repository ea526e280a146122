"""How well heat maps point at a tumour at a known place, beside maps that know nothing.

    .venv/bin/python -m scripts.measure_maps --data ../shared/data

Writes docs/figures/{explanations,explanations_segmented}.json, which the model card shows.

The pointing game (Zhang et al., arXiv 1608.00507) asks whether a map's highest point lies in the tumour's box or mask;
the energy (Wang et al., arXiv 1910.01279) how much of the map lies in it. Deletion and insertion (Petsiuk et al., arXiv
1806.07421) ask whether the tumour probability falls, and comes back, with what the map marks. The sanity check (Adebayo
et al., arXiv 1810.03292) asks whether the map depends on what the network learned.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scripts.options import read_options

from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.example import ImageFileReference, RelativeBox, VolumeReference, read_example, read_volume
from tumorscope.datasets.splits import read_split
from tumorscope.datasets.volumes import slice_masked_volume
from tumorscope.domain.scan import Slice
from tumorscope.imaging.slices import slice_volume
from tumorscope.inference.classifier import Classifier, calibrate
from tumorscope.inference.engines.choose import open_engine
from tumorscope.inference.engines.engine import Engine
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.heatmap import find_evidence, find_gradient, smooth_evidence
from tumorscope.model.bundle import SPLIT_FILE, Bundle, read_bundle
from tumorscope.preprocessing.pipeline import to_model_input
from tumorscope.preprocessing.spatial import Geometry

Map = NDArray[np.float32]

_OUTPUT = Path("docs/figures")

# Of half the square's side: where a head's middle is.
_BLOB_WIDTH = 0.35
_STEPS = 16
# Every so many-th slice shows deletion and insertion well enough: they take 32 passes each.
_CURVE_STRIDE = 8
_SHUFFLED = ("logits/kernel", "dense/kernel", "block5_conv3/kernel")


@dataclass(frozen=True, slots=True)
class MarkedSlice:
    """A slice and where its tumour is: a box, or a mask of its own shape (height, width)."""

    scan: Slice
    tumor: RelativeBox | NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Explained:
    """A slice with a known tumour: what the network saw, where the tumour is in it, and what the network made of it."""

    pixels: NDArray[np.float32]
    inside: NDArray[np.bool_]
    activation: Map
    class_index: int


def main() -> None:
    """Measure, and write the tables."""
    arguments = read_options(__doc__)
    bundle = read_bundle(arguments.bundle)
    classifier = Classifier(bundle, open_engine(bundle).engine)
    examples = discover_examples(arguments.data, tuple(bundle.manifest.class_names))
    validation = read_split(arguments.bundle / SPLIT_FILE, examples).validation
    pictures = [one for one in validation if isinstance(one.image, ImageFileReference)]
    boxed = [MarkedSlice(read_example(one), one.box) for one in pictures if one.box is not None]
    found = measure_maps(classifier, TensorFlowEngine, track(boxed, "maps"))
    place = "held-out slices with a tumour in a known box, which fills"
    _write("explanations", _describe("Where the maps point", "box", place, found))
    segmented = list(_find_segmented(arguments.data / "volumes" / "brats2015"))
    if segmented:
        found = measure_maps(classifier, TensorFlowEngine, track(segmented, "maps, segmented"))
        title = "Where the maps point in BraTS cases"
        place = "axial slices (contrast-enhanced T1 and FLAIR) of three external BraTS cases, with a tumour that"
        place = f"{place} is segmented and fills"
        _write("explanations_segmented", _describe(title, "segmentation", place, found))


def _find_segmented(folder: Path) -> Iterator[MarkedSlice]:
    for mask in sorted(folder.glob("*/*_seg.nii.gz")):
        for sequence in ("flair", "t1ce"):
            yield from read_segmented(mask.with_name(mask.name.replace("_seg", f"_{sequence}")), mask)


def read_segmented(path: Path, mask_path: Path) -> Iterator[MarkedSlice]:
    """The axial slices of a volume that show a segmented tumour.

    Parameters
    ----------
    path, mask_path : Path
        See `volumes.slice_masked_volume`, which says what is shown.
    """
    mask = read_volume(mask_path)
    inside = replace(mask, voxels=(mask.voxels > 0).astype(np.float32))
    for example in slice_masked_volume(path, mask_path, "tumor", "", "", planes=("axial",)):
        assert isinstance(example.image, VolumeReference)  # noqa: S101  (a slice of a volume)
        yield MarkedSlice(read_example(example), slice_volume(inside, "axial", example.image.index).pixels > 0.5)


def measure_maps(
    classifier: Classifier, load_engine: Callable[[Bundle], Engine], marked: Iterable[MarkedSlice]
) -> dict[str, Any]:
    """Measure the maps of slices with a tumour at a known place.

    Parameters
    ----------
    classifier : Classifier
        As it is served.
    load_engine : callable
        The same engine for other weights.
    marked : iterable of MarkedSlice
        At least one.

    Returns
    -------
    dict
        ``slices``; ``share``, the tumours' mean share of the square; for each of ``maps`` its ``pointing`` and
        ``energy``; ``deletion`` and ``insertion`` with the map and with the blob; ``sanity``, the mean correlation of
        a map with the one after layers were shuffled.
    """
    explained = [_explain(classifier, one) for one in marked]
    weights = classifier.bundle.weights
    random_bundle = replace(classifier.bundle, weights=_shuffle(weights, tuple(weights)))
    random_engine = load_engine(random_bundle)
    makers: Mapping[str, Callable[[_Explained], Map]] = {
        "hirescam": lambda one: _draw(weights, one),
        "gradcam": lambda one: _draw_gradcam(weights, one),
        "blob": lambda one: _draw_blob(one.pixels.shape[0]),
        "random_network": lambda one: _draw(random_bundle.weights, _look_again(random_engine, one)),
    }
    maps = {name: [make(one) for one in explained] for name, make in makers.items()}
    some = explained[::_CURVE_STRIDE]
    curves = {name: _measure_curves(classifier, some, maps[name][::_CURVE_STRIDE]) for name in ("hirescam", "blob")}
    return {
        "slices": len(explained),
        "share": float(np.mean([one.inside.mean() for one in explained])),
        "maps": {name: _measure_places(explained, drawn) for name, drawn in maps.items()},
        "deletion": {name: curve[0] for name, curve in curves.items()},
        "insertion": {name: curve[1] for name, curve in curves.items()},
        "sanity": _measure_sanity(classifier, load_engine, some, maps["hirescam"][::_CURVE_STRIDE]),
    }


def _explain(classifier: Classifier, marked: MarkedSlice) -> _Explained:
    manifest = classifier.bundle.manifest
    prepared = to_model_input(marked.scan, manifest.preprocessing_parameters)
    outputs = classifier.engine.run(prepared.pixels[None])
    kinds = [number for number, name in enumerate(manifest.class_names) if name != "no_tumor"]
    return _Explained(
        prepared.pixels,
        mark_tumor(marked.tumor, prepared.geometry),
        outputs.activation[0],
        max(kinds, key=lambda number: float(outputs.logits[0, number])),
    )


def mark_tumor(tumor: RelativeBox | NDArray[np.bool_], geometry: Geometry) -> NDArray[np.bool_]:
    """The cells of the model's square whose middle lies in a box or mask of the source slice; shape (size, size)."""
    height, width = geometry.source_height, geometry.source_width
    middles = np.arange(geometry.size) + 0.5
    rows, columns = np.array([geometry.to_source(middle, middle) for middle in middles]).T
    if isinstance(tumor, RelativeBox):
        in_rows = np.abs(rows - tumor.y_center * height) < tumor.height * height / 2
        in_columns = np.abs(columns - tumor.x_center * width) < tumor.width * width / 2
        marked: NDArray[np.bool_] = in_rows[:, None] & in_columns[None, :]
        return marked
    # Beyond the source there is padding.
    padded = np.pad(tumor, 1)
    by_row = np.clip(np.floor(rows).astype(int) + 1, 0, height + 1)
    by_column = np.clip(np.floor(columns).astype(int) + 1, 0, width + 1)
    inside: NDArray[np.bool_] = padded[by_row[:, None], by_column]
    return inside


def _look_again(engine: Engine, one: _Explained) -> _Explained:
    return replace(one, activation=engine.run(one.pixels[None]).activation[0])


def _draw(weights: Mapping[str, NDArray[np.float16]], one: _Explained) -> Map:
    return _enlarge(find_evidence(weights, one.activation, one.class_index), one.pixels.shape[0])


def _draw_gradcam(weights: Mapping[str, NDArray[np.float16]], one: _Explained) -> Map:
    """Grad-CAM (Selvaraju et al., arXiv 1610.02391): one weight a channel, the mean of its gradient."""
    gradient = find_gradient(weights, one.activation, one.class_index)
    return _enlarge((one.activation * gradient.mean(axis=(0, 1))).sum(axis=2), one.pixels.shape[0])


def _draw_blob(size: int) -> Map:
    """What a map that never looked would say: the middle."""
    places = (np.arange(size) + 0.5) / size * 2 - 1
    squares = (places[:, None] ** 2 + places[None, :] ** 2) / _BLOB_WIDTH**2
    return np.exp(-squares / 2).astype(np.float32)


def _enlarge(evidence: Map, size: int) -> Map:
    places = (np.arange(size) + 0.5) / size * len(evidence)
    return smooth_evidence(evidence, places, places)


def _measure_places(explained: Sequence[_Explained], maps: Sequence[Map]) -> dict[str, float]:
    hits = [
        bool(one.inside.ravel()[drawn.argmax()]) and drawn.max() > 0 for one, drawn in zip(explained, maps, strict=True)
    ]
    energies = [
        float(drawn[one.inside].sum() / max(float(drawn.sum()), 1e-9))
        for one, drawn in zip(explained, maps, strict=True)
    ]
    return {"pointing": float(np.mean(hits)), "energy": float(np.mean(energies))}


def _measure_curves(
    classifier: Classifier, explained: Sequence[_Explained], maps: Sequence[Map]
) -> tuple[float, float]:
    """Mean tumour probability while what is marked most is taken away, and while it is given back, step by step."""
    manifest = classifier.bundle.manifest
    healthy = manifest.class_names.index("no_tumor")
    means = []
    for one, drawn in zip(explained, maps, strict=True):
        ranks = np.argsort(np.argsort(-drawn.ravel())).reshape(drawn.shape) / drawn.size
        empty = np.full_like(one.pixels, np.median(one.pixels[one.pixels > 0]) if one.pixels.any() else 0)
        shares = (np.arange(_STEPS) + 0.5) / _STEPS
        # Over the first half of the square, which holds all of the head that could matter.
        taken = [np.where((ranks < share / 2)[:, :, None], empty, one.pixels) for share in shares]
        given = [np.where((ranks < share / 2)[:, :, None], one.pixels, empty) for share in shares]
        logits = classifier.engine.run(np.stack(taken + given).astype(np.float32)).logits
        tumor = 1 - calibrate(logits, manifest.temperature, manifest.uniform_weight)[:, healthy]
        means.append((tumor[:_STEPS].mean(), tumor[_STEPS:].mean()))
    deletion, insertion = np.mean(means, axis=0)
    return float(deletion), float(insertion)


def _measure_sanity(
    classifier: Classifier,
    load_engine: Callable[[Bundle], Engine],
    explained: Sequence[_Explained],
    maps: Sequence[Map],
) -> dict[str, float]:
    """How alike a map stays when layers are shuffled, from the last one down."""
    found = {}
    for count in range(1, len(_SHUFFLED) + 1):
        weights = _shuffle(classifier.bundle.weights, _SHUFFLED[:count])
        engine = load_engine(replace(classifier.bundle, weights=weights))
        others = [_draw(weights, _look_again(engine, one)) for one in explained]
        found[_SHUFFLED[count - 1].split("/")[0]] = float(
            np.mean([_correlate(drawn, other) for drawn, other in zip(maps, others, strict=True)])
        )
    return found


def _shuffle(weights: Mapping[str, NDArray[np.float16]], names: Sequence[str]) -> dict[str, NDArray[np.float16]]:
    """The same weights, those of the named layers shuffled."""
    rng = np.random.default_rng(0)
    return {
        name: rng.permutation(values.ravel()).reshape(values.shape) if name in names else values
        for name, values in weights.items()
    }


def _correlate(first: Map, second: Map) -> float:
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def _write(name: str, table: dict[str, Any]) -> None:
    (_OUTPUT / f"{name}.json").write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table["title"], *(" | ".join(row) for row in table["rows"]), table["note"], "", sep="\n")  # noqa: T201


def _describe(title: str, mark: str, place: str, found: dict[str, Any]) -> dict[str, Any]:
    names = {
        "hirescam": "HiResCAM (served)",
        "gradcam": "Grad-CAM",
        "blob": "a centred blob",
        "random_network": "HiResCAM, shuffled weights",
    }
    share = found["share"]
    rows = [
        [names[key], f"{one['pointing']:.3f}", f"{one['energy']:.3f}", f"{one['energy'] / share:.1f}"]
        for key, one in found["maps"].items()
    ]
    sanity = ", ".join(f"{name} {value:.2f}" for name, value in found["sanity"].items())
    return {
        "title": title,
        "note": (
            f"{found['slices']} {place} {share:.3f} of the square "
            f"on average. Pointing: the highest point lies in the {mark}. Deletion, the mean tumour probability while "
            f"the most marked pixels are removed step by step: {found['deletion']['hirescam']:.3f} (centred blob "
            f"{found['deletion']['blob']:.3f}); insertion, while they are put back: "
            f"{found['insertion']['hirescam']:.3f} (centred blob {found['insertion']['blob']:.3f}). Sanity check, the "
            "correlation of a map with that of a network whose layers were shuffled from the last one down to: "
            f"{sanity}."
        ),
        "columns": ["map", "pointing", f"energy in the {mark}", f"times the {mark}'s share"],
        "rows": rows,
    }


if __name__ == "__main__":
    main()

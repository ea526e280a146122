"""Examples in, the samples of each training epoch out."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tumorscope.datasets.example import Example, read_example
from tumorscope.datasets.skull_stripping import Box, fill_ellipse, strip_skull
from tumorscope.datasets.volumes import INNER
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND, allowed_classes
from tumorscope.domain.scan import Plane, Slice
from tumorscope.preprocessing.pipeline import ModelInput, PreprocessingParameters, to_model_input
from tumorscope.training.counterfactuals import box_in_model, insert_lesion, remove_lesion
from tumorscope.training.recipe import Mixture

# Parts of a head's height that count as different.
_HEIGHTS = 5
_CALLED_TUMOR = 0.5
# Of a head seen from the side or the front, so much from above is brain.
_BRAIN_SHARE = 0.6

Picked = TypeVar("Picked")


@dataclass(frozen=True, slots=True)
class Sample:
    """One prepared slice.

    Parameters
    ----------
    pixels : ndarray, shape (size, size, channels), float16, 0..1
        One channel for a grey slice.
    label : str
        A class name, or ``tumor`` for a tumour of unstated kind.
    box : Box, optional
        Where the tumour is; None without tumour, and where it is not known.
    plane : {'sagittal', 'coronal', 'axial'}, optional
        None where it is not known.
    position : float, optional
        Of one of many slices of a volume, see `Example`; None for a picture of its own.
    group : str
        Source, sequence and height: slices of a volume that share it are alike to a network that looks for shortcuts.
    """

    pixels: NDArray[np.float16]
    label: str
    box: Box | None = None
    plane: Plane | None = None
    position: float | None = None
    group: str = ""

    @property
    def grey(self) -> NDArray[np.float32]:
        """The one channel, shape (size, size), float32."""
        return self.pixels[:, :, 0].astype(np.float32)


def prepare_samples(
    examples: Sequence[Example], parameters: PreprocessingParameters, advance: Callable[[], None]
) -> list[Sample]:
    """Read and preprocess examples, in their order."""
    samples = []
    for example in examples:
        samples.append(prepare_sample(read_example(example), example, parameters))
        advance()
    return samples


def prepare_sample(scan: Slice, example: Example, parameters: PreprocessingParameters) -> Sample:
    """Preprocess one slice, with what its example states."""
    model_input = to_model_input(scan, parameters)
    box = None if example.box is None else box_in_model(example.box, model_input)
    return Sample(_channels(model_input), example.label, box, example.plane, example.position, _group(example))


def mark_allowed(label: str, class_names: tuple[str, ...]) -> NDArray[np.float32]:
    """1 for each class that the label allows, shape (classes,)."""
    allowed = allowed_classes(label, class_names)
    return np.array([name in allowed for name in class_names], np.float32)


def mark_tumor(sample: Sample) -> tuple[NDArray[np.float32], float]:
    """Where the tumour is, and whether that is known.

    Returns
    -------
    (ndarray, shape (size, size), float32, 0 or 1; float)
        The marks, all 0 without a tumour; 1.0 where they can be believed, 0.0 for a tumour at an unknown place.
    """
    size = sample.pixels.shape[0]
    if sample.box is not None:
        return fill_ellipse(size, sample.box).astype(np.float32), 1.0
    return np.zeros((size, size), np.float32), float(sample.label == NO_TUMOR)


def compose_epoch(
    samples: Sequence[Sample], mixture: Mixture, rng: np.random.Generator, hard_negatives: Sequence[Sample] = ()
) -> dict[str, list[Sample]]:
    """The samples of one epoch, by kind: real ones, rare ones repeated, and counterfactuals.

    Removed lesions are the same in each epoch, the other counterfactuals are drawn.

    Returns
    -------
    dict of str to list of Sample
        ``real``, ``repeated``, ``hard_negative``, ``lesion_removed``, ``lesion_inserted``, ``tissue_inserted``,
        ``skull_stripped``.
    """
    healthy = [sample for sample in samples if sample.label == NO_TUMOR and _shows_inner_part(sample)]
    located = [(sample, sample.box) for sample in samples if sample.box is not None]
    kinds = {
        "real": _draw_real(samples, mixture, rng),
        "repeated": [p for sample in samples for p in [sample] * (_shows(sample, mixture) - 1)],
        "hard_negative": list(hard_negatives),
        "lesion_removed": [
            removed
            for sample, box in located
            if 4 * box[2] * box[3] <= mixture.removal_max_share * sample.grey.size
            and (removed := _make(remove_lesion(sample.grey, box), NO_TUMOR)) is not None
        ],
        "lesion_inserted": [],
        "tissue_inserted": [],
        "skull_stripped": [],
    }
    if healthy and located:
        kinds["lesion_inserted"] = [
            blend
            for _ in range(mixture.lesions_inserted)
            if (blend := _blend(_pick(healthy, rng), *_pick(located, rng), rng, is_lesion=True)) is not None
        ]
        kinds["tissue_inserted"] = [
            blend
            for _ in range(mixture.tissue_inserted)
            if (blend := _blend(_pick(healthy, rng), _pick(healthy, rng), _pick(located, rng)[1], rng)) is not None
        ]
        kinds["skull_stripped"] = [
            stripped
            for i in range(mixture.skulls_stripped)
            if (stripped := _strip(_pick(located, rng)[0] if i % 2 else _pick(healthy, rng), rng)) is not None
        ]
    return kinds


def choose_hard_negatives(samples: Sequence[Sample], tumor_probabilities: NDArray[np.float64], count: int) -> list[int]:
    """Positions of slices without a tumour that a network calls tumour, at most `count`, the surest errors first."""
    wrong = [i for i, one in enumerate(samples) if one.label == NO_TUMOR and tumor_probabilities[i] >= _CALLED_TUMOR]
    return sorted(wrong, key=lambda i: (-tumor_probabilities[i], i))[:count]


def _channels(model_input: ModelInput) -> NDArray[np.float16]:
    """All channels, or one where they are the same."""
    pixels = model_input.pixels
    same = np.array_equal(pixels[:, :, :1].repeat(pixels.shape[2], axis=2), pixels)
    return (pixels[:, :, :1] if same else pixels).astype(np.float16)


def _shows(sample: Sample, mixture: Mixture) -> int:
    if sample.position is not None:
        return 1
    if sample.label == TUMOR_OF_UNSTATED_KIND:
        return mixture.repeats_of_unstated_kind
    return mixture.repeats_of_no_tumor if sample.label == NO_TUMOR else 1


def _group(example: Example) -> str:
    if example.position is None:
        return ""
    height = int(example.position * _HEIGHTS) if example.plane == "axial" else example.plane
    return f"{example.source}/{example.sequence}/{height}"


def _draw_real(samples: Sequence[Sample], mixture: Mixture, rng: np.random.Generator) -> list[Sample]:
    """Every sample once, and of the volumes' slices without tumour as many as the mixture says, evenly by group."""
    if mixture.volume_slices is None:
        return list(samples)
    groups: dict[str, list[Sample]] = defaultdict(list)
    real = []
    for sample in samples:
        if sample.position is not None and sample.label == NO_TUMOR:
            groups[sample.group].append(sample)
        else:
            real.append(sample)
    names = sorted(groups)
    chosen = rng.integers(len(names), size=mixture.volume_slices) if names else ()
    return [*real, *(_pick(groups[names[i]], rng) for i in chosen)]


def _shows_inner_part(sample: Sample) -> bool:
    """Whether a lesion could lie there: brain, and not face, neck or vertex."""
    return sample.position is None or INNER[0] <= sample.position <= INNER[1]


def _pick(samples: Sequence[Picked], rng: np.random.Generator) -> Picked:
    return samples[int(rng.integers(len(samples)))]


def _make(grey: NDArray[np.float32] | None, label: str, box: Box | None = None) -> Sample | None:
    return None if grey is None else Sample(grey[:, :, None].astype(np.float16), label, box)


def _blend(
    healthy: Sample, donor: Sample, box: Box, rng: np.random.Generator, *, is_lesion: bool = False
) -> Sample | None:
    """A slice without a tumour, with what another one has in a box: a lesion, or tissue."""
    # Seen from the side, a head has a neck: down to where there is brain.
    lowest = _BRAIN_SHARE if healthy.plane in {"sagittal", "coronal"} else 1.0
    blend = insert_lesion(healthy.grey, donor.grey, box, rng, keep_contrast=not is_lesion, lowest=lowest)
    if blend is None:
        return None
    return _make(blend[0], TUMOR_OF_UNSTATED_KIND, blend[1]) if is_lesion else _make(blend[0], NO_TUMOR)


def _strip(sample: Sample, rng: np.random.Generator) -> Sample | None:
    stripped = strip_skull(sample.grey, sample.box, rng)
    return None if stripped is None else _make(stripped[0], sample.label, stripped[1])

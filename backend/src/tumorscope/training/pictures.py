"""Examples in, the arrays that a training run draws its batches from out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.datasets.example import Example, read_example
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND, allowed_classes
from tumorscope.preprocessing.pipeline import ModelInput, PreprocessingParameters, to_model_input
from tumorscope.training.counterfactuals import Grey, blend_lesion, box_in_model, remove_tumor


@dataclass(frozen=True, slots=True)
class Pictures:
    """Prepared pictures with their labels.

    Parameters
    ----------
    grey : ndarray, shape (n, size, size), float16, 0..1
        One channel; the three of the model's input are the same.
    allowed : ndarray, shape (n, classes), float32, 0 or 1
        Classes that each picture may truly belong to.
    """

    grey: NDArray[np.float16]
    allowed: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.grey)


@dataclass(frozen=True, slots=True)
class Mixture:
    """How many counterfactuals are made, and how often rare pictures are shown in an epoch."""

    blended_lesions: int = 600
    blended_tissue: int = 250
    repeat_tumor_of_unstated_kind: int = 3
    repeat_no_tumor: int = 3


def prepare_pictures(
    examples: Sequence[Example],
    class_names: tuple[str, ...],
    parameters: PreprocessingParameters,
    advance: Callable[[], None],
) -> tuple[Pictures, list[ModelInput]]:
    """Read and preprocess examples, in their order.

    Parameters
    ----------
    examples : sequence of Example
        At least one.
    class_names : tuple of str
        The model's classes.
    parameters : PreprocessingParameters
        The same as will be served.
    advance : callable
        Called once an example.

    Returns
    -------
    Pictures
        One an example.
    list of ModelInput
        The same, with their geometry.
    """
    inputs = []
    for example in examples:
        inputs.append(to_model_input(read_example(example), parameters))
        advance()
    grey = np.stack([model_input.pixels[:, :, 0] for model_input in inputs]).astype(np.float16)
    return Pictures(grey, np.stack([mark_allowed(example.label, class_names) for example in examples])), inputs


def mark_allowed(label: str, class_names: tuple[str, ...]) -> NDArray[np.float32]:
    """1 for each class that the label allows, shape (classes,)."""
    allowed = allowed_classes(label, class_names)
    return np.array([name in allowed for name in class_names], np.float32)


def mix_training_pictures(
    examples: Sequence[Example],
    inputs: Sequence[ModelInput],
    class_names: tuple[str, ...],
    mixture: Mixture,
    seed: int,
) -> tuple[Pictures, dict[str, int]]:
    """The pictures of one epoch: real ones, rare ones repeated, and counterfactuals.

    Parameters
    ----------
    examples, inputs : sequence
        The training part and its prepared slices, in the same order.
    class_names : tuple of str
        The model's classes.
    mixture : Mixture
        Numbers.
    seed : int
        The same seed gives the same pictures.

    Returns
    -------
    Pictures
        Unshuffled.
    dict of str to int
        How many of each kind, for the manifest.
    """
    rng = np.random.default_rng(seed)
    kinds: dict[str, list[tuple[Grey, str]]] = {"real": [], "repeated": [], "tumor_removed": []}
    for example, model_input in zip(examples, inputs, strict=True):
        grey = model_input.pixels[:, :, 0]
        kinds["real"].append((grey, example.label))
        kinds["repeated"] += [(grey, example.label)] * (_repeats(example, mixture) - 1)
        if example.box is not None:
            removed = remove_tumor(grey, box_in_model(example.box, model_input))
            if removed is not None:
                kinds["tumor_removed"].append((removed, NO_TUMOR))
    healthy = [
        model_input.pixels[:, :, 0]
        for example, model_input in zip(examples, inputs, strict=True)
        if example.label == NO_TUMOR
    ]
    lesions = [
        (model_input.pixels[:, :, 0], box_in_model(example.box, model_input))
        for example, model_input in zip(examples, inputs, strict=True)
        if example.box is not None
    ]
    if healthy and lesions:
        kinds["lesion_blended"] = _blend_many(healthy, lesions, mixture.blended_lesions, rng)
        # The rim of a blend must not mean tumour: healthy tissue is blended in as well.
        boxes = [box for _, box in lesions]
        tissue = [(healthy[rng.integers(len(healthy))], boxes[rng.integers(len(boxes))]) for _ in range(len(healthy))]
        kinds["tissue_blended"] = _blend_many(healthy, tissue, mixture.blended_tissue, rng, keep_contrast=True)
    pairs = [pair for kind in kinds.values() for pair in kind]
    pictures = Pictures(
        np.stack([grey for grey, _ in pairs]).astype(np.float16),
        np.stack([mark_allowed(label, class_names) for _, label in pairs]),
    )
    return pictures, {name: len(kind) for name, kind in kinds.items()}


def _repeats(example: Example, mixture: Mixture) -> int:
    """How often an epoch shows a real picture; volumes give many alike slices and are not repeated."""
    if example.plane is not None:
        return 1
    if example.label == TUMOR_OF_UNSTATED_KIND:
        return mixture.repeat_tumor_of_unstated_kind
    return mixture.repeat_no_tumor if example.label == NO_TUMOR else 1


def _blend_many(
    healthy: Sequence[Grey],
    donors: Sequence[tuple[Grey, tuple[float, float, float, float]]],
    count: int,
    rng: np.random.Generator,
    keep_contrast: bool = False,
) -> list[tuple[Grey, str]]:
    """Up to `count` blends of random pairs; a pair without a place for the patch is passed over."""
    label = NO_TUMOR if keep_contrast else TUMOR_OF_UNSTATED_KIND
    blends = []
    for _ in range(count):
        donor, box = donors[int(rng.integers(len(donors)))]
        blended = blend_lesion(healthy[int(rng.integers(len(healthy)))], donor, box, rng, keep_contrast)
        if blended is not None:
            blends.append((blended, label))
    return blends

"""What a recipe states: classes, preprocessing, data, stages, augmentation, and what its model card says in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tumorscope.datasets.example import Example
from tumorscope.preprocessing.pipeline import PreprocessingParameters
from tumorscope.training.augmentation import Augmentation


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What an epoch shows beside each real picture once; see `training.counterfactuals`.

    Parameters
    ----------
    removal_max_share : float
        Every tumour whose box fills up to this share of the square, and whose other side can stand in for it, once
        more, without it, as ``no_tumor``; in 0..1.
    lesions_inserted : int
        ``no_tumor`` pictures with a lesion of another picture, as tumours of unstated kind; drawn anew each epoch.
    tissue_inserted : int
        ``no_tumor`` pictures with tissue of another one, so that a blend's rim means nothing; drawn anew each epoch.
    skulls_stripped : int
        Pictures without scalp and skull, half with and half without a tumour; drawn anew each epoch.
    repeats_of_unstated_kind, repeats_of_no_tumor : int
        How often an epoch shows each such picture; slices of volumes, many and alike, are shown once.
    hard_negatives : int
        At most so many slices without a tumour that the network calls tumour when the stage starts, once more each
        epoch.
    volume_slices : int, optional
        Slices of volumes without a tumour, drawn anew each epoch: as many of each source, sequence and height, so that
        none of these tells the class. None: every one, once.
    """

    removal_max_share: float = 0.0
    lesions_inserted: int = 0
    tissue_inserted: int = 0
    skulls_stripped: int = 0
    repeats_of_unstated_kind: int = 1
    repeats_of_no_tumor: int = 1
    hard_negatives: int = 0
    volume_slices: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One part of a training run, at one resolution.

    Parameters
    ----------
    size : int
        Side of the input, in pixels; a multiple of 32.
    epochs : int
        Passes over the training pictures, at most.
    peak_learning_rate : float
        Reached after `warmup_epochs`, then lowered along a half cosine to a hundredth.
    warmup_epochs : float
        Linear rise.
    frozen_convolutions : int
        Of the thirteen, counted from the first: these do not learn.
    attribution_weight : float
        Weight of the attribution-guided loss; see `loss.attribution_loss`. Such a stage has the size of the one before
        it, and trains with that one's batch normalisation folded away.
    patience : int, optional
        The stage ends early when the validation loss has not fallen for so many epochs, and goes back to the best;
        None: it runs to its end.
    lesions_per_volume : int
        Synthetic lesions put into each volume without a tumour, each in a copy; see `training.volume_lesions`.
    mixture : Mixture
        Beside the real pictures.
    """

    size: int
    epochs: int
    peak_learning_rate: float
    warmup_epochs: float = 0.5
    frozen_convolutions: int = 0
    attribution_weight: float = 0.0
    patience: int | None = None
    lesions_per_volume: int = 0
    mixture: Mixture = field(default_factory=Mixture)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the manifest says in words; of each collection its name, its licence and what it was used for."""

    model_name: str
    intended_use: str
    license: str
    limits: tuple[str, ...]
    data: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that makes one training run, but for data and initial weights.

    Parameters
    ----------
    preprocessing : PreprocessingParameters
        As it will be served; each stage overrides the size.
    read_examples : callable
        From the data's path to its labelled slices.
    stages : tuple of Stage
        One after another; each starts with the weights of the one before.
    initial_weights : {'imagenet', 'data', 'none'}
        Where the convolutions start unless told otherwise: Keras' download, the data folder's warm start, or nowhere.
    batch_norm : bool
        Train with batch normalisation, folded away before shipping.
    averaged_stages : tuple of int
        Positions of stages, all of the last one's size: the mean of the weights that they end with is what the run
        brings (Izmailov et al., arXiv 1803.05407; Wortsman et al., arXiv 2203.05482). None named: the last one's.
    tumor_map_weight : float
        Weight of the loss of the tumour map, a second output on the last feature map; 0: no such output.
    """

    name: str
    class_names: tuple[str, ...]
    preprocessing: PreprocessingParameters
    read_examples: Callable[[Path], Sequence[Example]]
    stages: tuple[Stage, ...]
    augmentations: tuple[Augmentation, ...]
    card: Card
    initial_weights: Literal["imagenet", "data", "none"]
    batch_norm: bool = False
    averaged_stages: tuple[int, ...] = ()
    tumor_map_weight: float = 0.0
    batch_size: int = 32
    label_smoothing: float = 0.0
    weight_decay: float = 0.0
    seed: int = 20
    validation_share: float = 0.2

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("a recipe has at least one stage")
        normalised = [stage.frozen_convolutions for stage in self.stages if not stage.attribution_weight]
        if self.batch_norm and len(set(normalised)) > 1:
            raise ValueError("with batch normalisation, every stage that has it freezes the same convolutions")
        if any(self.stages[number].size != self.stages[-1].size for number in self.averaged_stages):
            raise ValueError("stages are averaged that have the size of the last one")

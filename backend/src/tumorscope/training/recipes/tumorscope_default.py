"""The next model that ships: VGG16 trained to see the tumour and not the collection.

Command:   ``make train`` (``tumorscope train tumorscope_default --data ../shared/data --split SPLIT``)
Data:      ``slices.csv``, ``lgg.csv``, ``heads.csv``, ``volumes/{healthy,tcia_brain_tumor_progression}`` and the
           convolutions in ``weights/vgg16_imagenet_notop.npz``
Expected:  accuracy 0.935 and macro-F1 0.92 of all held-out slices
Hours:     about 2.5 on two cores with bfloat16 arithmetic (AMX)

docs/training-log.md says what each step brought.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.example import Example
from tumorscope.datasets.volumes import WHOLE, find_healthy_slices
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.preprocessing.pipeline import PreprocessingParameters
from tumorscope.training.augmentation import SCANNER, STANDARD
from tumorscope.training.recipe import Card, Mixture, Recipe, Stage

# ImageNet's edges and textures serve as they are; leaving their backward pass out saves a quarter of the time.
_FROZEN = 4

_SLICES_PER_PLANE = 24


def read_examples(data: Path) -> Sequence[Example]:
    """Everything that `discover_examples` finds, with the healthy volumes' slices at all heights."""
    examples = discover_examples(data)
    inner = {example.source for example in find_healthy_slices(data / "volumes" / "healthy", 1)}
    whole = find_healthy_slices(data / "volumes" / "healthy", _SLICES_PER_PLANE, WHOLE)
    return [*(example for example in examples if example.source not in inner), *whole]


CARD = Card(
    model_name="tumorscope-vgg16",
    intended_use=(
        "Research and evaluation: a second look at slices, series and volumes of brain MRI by people trained to read "
        "them. Investigational, not for diagnostic use."
    ),
    license="CC-BY-NC-SA-4.0",
    limits=(
        (
            "It judges one slice at a time and knows three kinds of tumour. It has not learned other lesions, and can "
            "call those of multiple sclerosis a tumour."
        ),
        (
            "It leaves about one slice in five of collections like its own uncertain, and more of others. It refuses "
            "most pictures that are not a brain MRI, not all."
        ),
        (
            "It answers 'no_tumor' to about four of five whole heads without a tumour, and leaves most thick stacks "
            "that are not axial uncertain."
        ),
        (
            "It learned tumours from contrast-enhanced T1 and FLAIR. On plain T1 and T2 it learned them almost only "
            "from synthetic lesions, and misses more of them."
        ),
        (
            "It learned the kinds of tumour almost only from contrast-enhanced T1. On other sequences the kind is "
            "unreliable."
        ),
        "It misses small tumours, tumours at the skull base and the outermost slices of a tumour more often.",
        "Some 'no tumour' training pictures show other disease: 'no_tumor' does not mean healthy.",
        "Nothing was measured at your site.",
    ),
    data=(
        (
            "Cheng, Brain Tumor Dataset, figshare 1512427 (T1-weighted, contrast-enhanced)",
            "CC BY 4.0",
            "glioma, meningioma, pituitary; and, with the tumour replaced by the mirrored other side, no_tumor",
        ),
        (
            "SARTAJ, Brain Tumor Classification (MRI), Kaggle",
            "as stated on its Kaggle page",
            "no_tumor, meningioma, pituitary",
        ),
        ("Br35H, Kaggle", "as stated on its Kaggle page", "no_tumor, tumours of unstated kind"),
        (
            "Navoneel, Brain MRI Images for Brain Tumor Detection, Kaggle",
            "as stated on its Kaggle page",
            "no_tumor, tumours of unstated kind",
        ),
        ("Nickparvar, Brain Tumor MRI Dataset, Kaggle", "as stated on its Kaggle page", "no_tumor"),
        ("TCIA Brain-Tumor-Progression", "CC BY 3.0", "glioma (slices with a tumour mask)"),
        (
            "TCGA-LGG: images TCIA (CC BY 3.0), masks of Buda et al.",
            "CC BY-NC-SA 4.0",
            "glioma, and no_tumor (slices of the same heads, away from the tumour)",
        ),
        (
            "CBICA demonstration volumes of people without a tumour",
            "demonstration data of the Center for Biomedical Image Computing and Analytics",
            "no_tumor, all heights; with a lesion inserted, tumours of unstated kind",
        ),
        ("OpenNeuro ds000011, whole heads", "PDDL", "no_tumor, and with a lesion inserted"),
        ("MASS templates, whole heads", "GPL-2", "no_tumor, and with a lesion inserted"),
        ("Ljubljana multiple sclerosis, whole heads", "CC BY", "no_tumor, and with a lesion inserted"),
        ("OpenNeuro ds002748, skull-stripped heads", "CC0", "no_tumor, and with a lesion inserted"),
        ("VGG16 ImageNet weights (Simonyan & Zisserman)", "CC BY 4.0", "initial weights"),
    ),
)

# A large tumour pushes the brain aside, which the other side in its place does not undo: a network that is told "no
# tumour" of such a picture overlooks the next large one. So only small ones are removed.
_MIXTURE = Mixture(
    removal_max_share=0.03,
    lesions_inserted=400,
    tissue_inserted=250,
    skulls_stripped=200,
    repeats_of_unstated_kind=3,
    repeats_of_no_tumor=3,
    volume_slices=1200,
)
# Most research volumes lack the skull, and the kinds are told apart in them only if they were learned there.
_STRIPPED = replace(_MIXTURE, skulls_stripped=1000)
_learn = partial(Stage, warmup_epochs=0.3, frozen_convolutions=_FROZEN, lesions_per_volume=2, mixture=_MIXTURE)
# Without the attribution-guided loss an explanation points anywhere. What an attribution rests on is up to the last
# block and the head.
_guide = partial(_learn, size=128, peak_learning_rate=1.5e-4, attribution_weight=0.3, frozen_convolutions=10, epochs=3)

RECIPE = Recipe(
    name="tumorscope_default",
    class_names=DEFAULT_CLASS_NAMES,
    preprocessing=PreprocessingParameters(size=128),
    read_examples=read_examples,
    stages=(
        _learn(size=96, epochs=8, peak_learning_rate=5e-4, warmup_epochs=0.5),
        _learn(size=128, epochs=5, peak_learning_rate=4e-4, mixture=replace(_MIXTURE, hard_negatives=400)),
        _guide(),
        # With normalisation again, for without it no more than the last block goes on learning.
        _learn(size=128, epochs=6, peak_learning_rate=3e-4, mixture=replace(_STRIPPED, hard_negatives=400)),
        _guide(mixture=_STRIPPED),
    ),
    augmentations=(*STANDARD, *SCANNER),
    card=CARD,
    initial_weights="data",
    batch_norm=True,
    # The mean of both ends points at the tumour as the last one does, and answers as well as the one before.
    averaged_stages=(3, 4),
    tumor_map_weight=1.0,
    label_smoothing=0.03,
    weight_decay=0.02,
)

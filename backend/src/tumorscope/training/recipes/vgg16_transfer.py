"""The standard recipe: VGG16 with ImageNet's weights, a new head, then the last three convolutions tuned.

Command:   ``tumorscope train vgg16_transfer --data FOLDER [--initial-weights FILE]``
Data:      a table such as ``slices.csv``, or a folder of class folders. ImageNet weights come from Keras' download, or
           from its ``vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5``, or from an ``.npz`` of convolutions
Expected:  91 % of the pictures of held-out patients, and no better than chance on sequences and collections that it did
           not see: this recipe learns the collection (docs/training.md says why); it is the baseline
Hours:     about 0.3 on two cores with bfloat16 for 3,000 pictures: the frozen base's backward pass is left out

Adam with categorical cross-entropy. Beyond the standard, the learning rate falls along a cosine and gradients are
clipped to a norm of 1. Pixels are scaled to 0..1 (divided by 255 for 8-bit pictures); the network's first layer, which
has no parameters, takes them to the scale that ImageNet's weights were trained with.
"""

from tumorscope.datasets.discover import discover_examples
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.preprocessing.pipeline import PreprocessingParameters
from tumorscope.training.augmentation import STANDARD
from tumorscope.training.recipe import Card, Recipe, Stage

_ALL = 13
_ALL_BUT_LAST_THREE = 10

RECIPE = Recipe(
    name="vgg16_transfer",
    class_names=DEFAULT_CLASS_NAMES,
    preprocessing=PreprocessingParameters(size=128),
    read_examples=discover_examples,
    stages=(
        Stage(size=128, epochs=10, peak_learning_rate=1e-3, frozen_convolutions=_ALL, patience=4),
        Stage(size=128, epochs=10, peak_learning_rate=1e-4, frozen_convolutions=_ALL_BUT_LAST_THREE, patience=4),
    ),
    augmentations=STANDARD,
    card=Card(
        model_name="vgg16-transfer",
        intended_use="Comparison with the standard recipe of the literature. Investigational, not for diagnostic use.",
        license="CC-BY-4.0",
        limits=("Trained the usual way, it tells collections apart rather than tumours.",),
        data=(("the folder or table that it was trained on", "as stated by its publisher", "all classes"),),
    ),
    initial_weights="imagenet",
)

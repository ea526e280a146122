"""The layers of VGG16 that others speak of; imports nothing, so that serving on a CPU imports no Keras."""

CONVOLUTIONS = (2, 2, 3, 3, 3)
"""Convolutions of each of the five blocks."""
FILTERS = (64, 128, 256, 512, 512)
"""Filters of each block's convolutions, before pruning."""
CONVOLUTION_NAMES = tuple(
    f"block{block}_conv{at}" for block, count in enumerate(CONVOLUTIONS, 1) for at in range(1, count + 1)
)
"""Of all thirteen, in order."""
FEATURE_BLOCKS = 4
"""The number of lower blocks whose features feed the scope gate."""
LAST_CONVOLUTION = "block5_conv3"
"""The layer whose output the heat map uses: ``network.get_layer(LAST_CONVOLUTION)``."""
IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)
"""ImageNet's mean, 0..255, which the published weights expect to be subtracted."""

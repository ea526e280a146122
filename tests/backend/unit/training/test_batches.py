"""An epoch's batches hold every sample once, with its classes and the place of its tumour."""

import numpy as np

from tests.backend.unit.training.networks import make_samples
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.training.augmentation import STANDARD, Augmentation
from tumorscope.training.batches import Batch, draw_batches, to_cells


def _draw(
    count: int = 10, seed: tuple[int, ...] = (1, 0, 0), augmentations: tuple[Augmentation, ...] = STANDARD
) -> list[Batch]:
    return list(draw_batches(make_samples(count), DEFAULT_CLASS_NAMES, augmentations, 4, seed))


def test_every_picture_is_in_one_batch() -> None:
    batches = _draw(count=42, augmentations=())
    assert [len(batch.pixels) for batch in batches] == [4] * 10 + [2]
    drawn = np.concatenate([batch.pixels[..., 0] for batch in batches]).astype(np.float16)
    expected = {sample.pixels[..., 0].tobytes() for sample in make_samples(42)}
    assert {sample.tobytes() for sample in drawn} == expected


def test_batch_has_the_shapes_that_the_network_takes() -> None:
    batch = _draw()[0]
    assert batch.pixels.shape == (4, 32, 32, 3)
    assert batch.pixels.dtype == np.float32
    assert batch.allowed.shape == (4, 4)
    assert batch.allowed.dtype == np.float32
    assert batch.tumor_map.shape == (4, 2, 2, 2)
    assert batch.tumor_map.dtype == np.float32


def test_seed_decides_order_and_augmentation() -> None:
    first, again, other = (_draw(seed=(1, 0, epoch)) for epoch in (0, 0, 1))
    for batch, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(batch.pixels, same.pixels)
        np.testing.assert_array_equal(batch.tumor_map, same.tumor_map)
    assert not np.array_equal(first[0].pixels, other[0].pixels)


def test_map_shows_tumour_where_there_is_one() -> None:
    for batch in _draw(augmentations=()):
        no_tumor = batch.allowed[:, DEFAULT_CLASS_NAMES.index("no_tumor")] == 1
        assert (batch.tumor_map[no_tumor][..., 0] == 0).all()
        assert (batch.tumor_map[~no_tumor][..., 0].max(axis=(1, 2)) > 0.05).all()
        assert (batch.tumor_map[..., 1] == 1).all()


def test_cell_holds_the_share_of_its_pixels() -> None:
    marked = np.zeros((32, 32), np.float32)
    marked[:16, 16:24] = 1
    np.testing.assert_array_equal(to_cells(marked, 0.0)[..., 0], [[0, 0.5], [0, 0]])
    np.testing.assert_array_equal(to_cells(marked, 0.0)[..., 1], 0)

from pathlib import Path

import numpy as np
import pytest
from scripts.measure_maps import MarkedSlice, mark_tumor, measure_maps, read_segmented

from tests.factories import make_nifti_bytes, make_slice
from tumorscope.datasets.example import RelativeBox
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.model.bundle import Bundle
from tumorscope.preprocessing.spatial import Box, Geometry


def test_a_box_and_its_mask_mark_the_same_cells() -> None:
    geometry = Geometry(100, 80, Box(10, 4, 80, 70), 64)
    mask = np.zeros((100, 80), bool)
    mask[30:50, 20:60] = True
    box = RelativeBox(0.5, 0.4, 0.5, 0.2)
    marked = mark_tumor(mask, geometry)
    assert (marked == mark_tumor(box, geometry)).all()
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    # Of 80 rows of source to 64 cells; 5 columns of padding on the left.
    assert (rows[0], rows[-1] + 1) == (16, 32)
    assert (columns[0], columns[-1] + 1) == (17, 49)


def test_a_mask_that_reaches_the_edge_of_the_slice_does_not_mark_the_padding() -> None:
    marked = mark_tumor(np.ones((40, 20), bool), Geometry(40, 20, Box(0, 0, 40, 20), 32))
    assert marked[:, 8:24].all()
    assert not marked[:, :8].any()
    assert not marked[:, 24:].any()


def test_slices_of_a_volume_come_with_their_own_part_of_the_mask(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((40, 40, 6), np.uint8)
    mask[5:25, 10:30, 2:4] = 4
    (tmp_path / "case_t1ce.nii.gz").write_bytes(make_nifti_bytes(rng.random((40, 40, 6), np.float32), compressed=True))
    (tmp_path / "case_seg.nii.gz").write_bytes(make_nifti_bytes(mask, compressed=True))
    found = list(read_segmented(tmp_path / "case_t1ce.nii.gz", tmp_path / "case_seg.nii.gz"))
    assert len(found) == 2
    for one in found:
        assert isinstance(one.tumor, np.ndarray)
        assert one.tumor.shape == one.scan.pixels.shape
        assert one.tumor.sum() == 400


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_energy_of_a_map_that_knows_nothing_is_about_what_the_tumour_fills(
    tiny_bundle: Bundle, tiny_engine: TensorFlowEngine, share: float
) -> None:
    scan = make_slice(1, lesion=True)
    mask = np.zeros(scan.pixels.shape, bool)
    mask[: int(scan.height * share)] = True
    found = measure_maps(Classifier(tiny_bundle, tiny_engine), TensorFlowEngine, [MarkedSlice(scan, mask)])
    assert found["slices"] == 1
    assert found["maps"]["blob"]["pointing"] == (share == 1.0)
    if share == 1.0:
        # All of the head is tumour: what lies outside of it is padding and margin.
        assert found["maps"]["blob"]["energy"] > 0.9

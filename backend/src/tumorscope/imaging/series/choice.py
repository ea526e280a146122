"""The DICOM data sets of one study in, the series to read out, and why."""

from collections import defaultdict
from collections.abc import Sequence

from pydicom.dataset import FileDataset

from tumorscope.domain.scan import ScanWarning
from tumorscope.imaging.formats.dicom_instance import (
    has_contrast_agent,
    is_derived_map,
    is_localizer,
    is_multi_frame_mr,
    is_t1,
)
from tumorscope.imaging.formats.dicom_pixels import count_frames
from tumorscope.imaging.scan_warnings import warn_series_chosen


def choose_series(datasets: Sequence[FileDataset]) -> tuple[list[FileDataset], tuple[ScanWarning, ...]]:
    """Choose the series that the model knows best.

    Parameters
    ----------
    datasets : sequence of FileDataset
        At least one, of one study.

    Returns
    -------
    (list of FileDataset, tuple of ScanWarning)
        Contrast-enhanced T1 before non-contrast T1 before other sequences, localizers and derived maps last; among
        equals the series with most slices. An object with several frames is a series of its own. The warnings say what
        was left out.
    """
    series: dict[str, list[FileDataset]] = defaultdict(list)
    for dataset in datasets:
        key = str(dataset.get("SOPInstanceUID" if is_multi_frame_mr(dataset) else "SeriesInstanceUID"))
        series[key].append(dataset)
    chosen = max(series.items(), key=lambda item: (*_rank(item[1][0]), sum(map(count_frames, item[1])), item[0]))[1]
    if len(series) == 1:
        return chosen, ()
    return chosen, (warn_series_chosen(len(series), len(chosen)),)


def _rank(dataset: FileDataset) -> tuple[bool, bool, bool]:
    is_image = not (is_localizer(dataset) or is_derived_map(dataset))
    return is_image, is_t1(dataset) and has_contrast_agent(dataset), is_t1(dataset)

"""Heat maps in the rows and columns of their images in, a Parametric Map in the geometry of the series out."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
from highdicom import (
    CoordinateSystemNames,
    PixelMeasuresSequence,
    PlaneOrientationSequence,
    PlanePositionSequence,
    VOILUTTransformation,
)
from highdicom.pm import ParametricMap, RealWorldValueMapping
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import MRImageStorage

from tumorscope.domain.scan import DicomOrigin, OriginImage
from tumorscope.presentation.wording import name_class
from tumorscope.results.identity import Identity
from tumorscope.results.source import CHARACTER_SET, make_header, refer_to


def make_heat_map(
    origin: DicomOrigin, maps: dict[int, NDArray[np.uint8]], label: str, identity: Identity
) -> ParametricMap:
    """Make a map with a frame for each image that was explained, where that image lies; at least one was."""
    # highdicom is shown images with one frame, of one series: the references to them are mended afterwards.
    shown = {f"2.25.{index}": origin.images[index] for index in maps}
    images = list(shown.values())
    made = ParametricMap(
        source_images=[
            make_header(origin, replace(image, sop_class_uid=MRImageStorage, sop_instance_uid=uid, series_uid="2.25"))
            for uid, image in shown.items()
        ],
        # The module for whole numbers has 16 bits (PS3.3, C.8.32.2).
        pixel_array=np.stack(list(maps.values())).astype(np.uint16),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[
            RealWorldValueMapping(
                lut_label="EVIDENCE",
                lut_explanation="Share of the strongest evidence of the image",
                unit=codes.UCUM.NoUnits,
                value_range=(0, 255),
                slope=1 / 255,
                intercept=0,
                quantity_definition=codes.DCM.GradientWeightedClassActivation,
            )
        ],
        voi_lut_transformations=[VOILUTTransformation(window_center=128.0, window_width=256.0)],
        content_label="HEAT_MAP",
        content_description=f"Evidence for {name_class(label)}. Investigational."[:64],
        pixel_measures=PixelMeasuresSequence(origin.spacing_mm or (1.0, 1.0), origin.thickness_mm),
        plane_orientation=PlaneOrientationSequence(
            CoordinateSystemNames.PATIENT, [*(origin.right or ()), *(origin.down or ())]
        ),
        plane_positions=[
            PlanePositionSequence(CoordinateSystemNames.PATIENT, image.position_mm or ()) for image in images
        ],
        specific_character_set=CHARACTER_SET,
        **identity.describe("heat map"),
    )
    _refer_to(made, shown)
    return made


def _refer_to(made: ParametricMap, shown: dict[str, OriginImage]) -> None:
    """Name the images themselves, their series, and the frames of one with several."""
    by_series: dict[str, dict[str, Dataset]] = defaultdict(dict)
    for image in shown.values():
        by_series[image.series_uid][image.sop_instance_uid] = refer_to(image)
    made.SourceImageSequence = [one for references in by_series.values() for one in references.values()]
    made.ReferencedSeriesSequence = [Dataset() for _ in by_series]
    for series, (uid, references) in zip(made.ReferencedSeriesSequence, by_series.items(), strict=True):
        series.SeriesInstanceUID, series.ReferencedInstanceSequence = uid, list(references.values())
    for frame in made.PerFrameFunctionalGroupsSequence:
        for source in frame.DerivationImageSequence[0].SourceImageSequence:
            image = shown[source.ReferencedSOPInstanceUID]
            source.update(refer_to(image))
            if image.frame_number is not None:
                source.ReferencedFrameNumber = image.frame_number

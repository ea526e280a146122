"""A prediction in, DICOM files of it out: a structured report, heat maps and a picture, in the study of its images."""

import logging
import warnings
from io import BytesIO

from pydicom.dataset import Dataset

from tumorscope.domain.errors import NothingToReport
from tumorscope.domain.prediction import Decision
from tumorscope.inference.pipeline import StudyPrediction
from tumorscope.presentation.answer import PredictionAnswer
from tumorscope.results.heat_map import make_heat_map
from tumorscope.results.identity import identify
from tumorscope.results.picture import make_picture
from tumorscope.results.regions import find_maps
from tumorscope.results.report import make_report
from tumorscope.results.source import is_placed, require_origin

# It logs the content of headers, which may be a patient's name.
logging.getLogger("highdicom").setLevel(logging.CRITICAL + 1)


def make_objects(result: StudyPrediction, answer: PredictionAnswer) -> dict[str, bytes]:
    """Make the DICOM objects of a prediction.

    Returns
    -------
    dict of str to bytes
        Files by SOP Instance UID: a Comprehensive 3D SR, a Parametric Map where the place of the images is known, and a
        Secondary Capture; each a series of its own. A repeat gives the same UIDs.

    Raises
    ------
    NothingToReport
        The study is out of scope.
    NoDicomOrigin
        It was not read from DICOM images that objects can refer to.
    """
    if answer.decision is Decision.OUT_OF_SCOPE:
        raise NothingToReport("The study is out of scope; no report is made of a refusal.")
    origin = require_origin(result.origin)
    identity = identify(origin, answer.model)
    with warnings.catch_warnings(action="ignore"):
        maps = find_maps(result, origin)
        made: list[Dataset] = [make_report(result, answer, origin, maps, identity)]
        if maps and result.explanation is not None and is_placed(origin):
            made.append(make_heat_map(origin, maps, result.explanation.label, identity))
        made.append(make_picture(result, answer, origin, identity))
        for image in made[1:]:
            image.BodyPartExamined = "BRAIN"
        return {str(one.SOPInstanceUID): _write(one) for one in made}


def _write(made: Dataset) -> bytes:
    buffer = BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()

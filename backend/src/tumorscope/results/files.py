"""A prediction in, its DICOM objects as files of a folder out."""

import os
import threading
from pathlib import Path

from tumorscope.domain.errors import NoDicomOrigin, NothingToReport
from tumorscope.inference.pipeline import StudyPrediction
from tumorscope.presentation.answer import PredictionAnswer
from tumorscope.results.objects import make_objects


def write_objects(result: StudyPrediction, answer: PredictionAnswer, folder: Path) -> list[str]:
    """Write the DICOM objects of an answer, and name them; none of a refusal, and of other formats.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    try:
        objects = make_objects(result, answer)
    except (NothingToReport, NoDicomOrigin):
        return []
    folder.mkdir(parents=True, exist_ok=True)
    for uid, data in objects.items():
        # Complete, or not there; copies of a series, answered side by side, make objects of the same name.
        unfinished = folder / f"{uid}.{os.getpid()}.{threading.get_ident()}.part"
        unfinished.write_bytes(data)
        unfinished.replace(folder / f"{uid}.dcm")
    return [f"{uid}.dcm" for uid in objects]

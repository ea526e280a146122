"""A prediction in, a picture of it out for viewers that show no reports: a Secondary Capture of the slice and words."""

from textwrap import wrap

import numpy as np
from highdicom.sc import SCImage
from highdicom.sr import CodedConcept
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tumorscope.domain.scan import DicomOrigin
from tumorscope.inference.pipeline import StudyPrediction
from tumorscope.presentation.answer import PredictionAnswer, draw_view
from tumorscope.presentation.wording import describe_result
from tumorscope.results.identity import Identity
from tumorscope.results.source import CHARACTER_SET, make_header, refer_to

_SOURCE = CodedConcept("121322", "DCM", "Source image for image processing operation")
# Where rows and columns point to on the screen.
_ORIENTATIONS = {"axial": ("L", "P"), "coronal": ("L", "F"), "sagittal": ("P", "F")}
# The slice fits the first, and the words below it lines of the second many letters.
_SIDE, _LETTERS = 512, 60
_FONT_SIZE, _LINE = 15, 20
_MARGIN = 10


def make_picture(result: StudyPrediction, answer: PredictionAnswer, origin: DicomOrigin, identity: Identity) -> SCImage:
    """Make the picture of a study that is in scope: the slice that is shown, and what the report says in words.

    Nothing that identifies a patient is burnt in.
    """
    shown, plane = origin.images[result.shown.index], result.shown_scan.plane or ""
    header = make_header(origin, shown)
    made = SCImage(
        draw_picture(draw_view(result.shown_scan, result.shown.window), describe_result(answer)),
        photometric_interpretation="MONOCHROME2",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=_ORIENTATIONS.get(plane, _ORIENTATIONS["axial"]),
        study_instance_uid=header.StudyInstanceUID,
        specific_character_set=CHARACTER_SET,
        **identity.describe("picture"),
    )
    if plane not in _ORIENTATIONS:
        made.PatientOrientation = []
    made.copy_patient_and_study_information(header)
    # What the scanner or a capture burnt in is still there.
    if "BurnedInAnnotation" in header:
        made.BurnedInAnnotation = header.BurnedInAnnotation
    reference = refer_to(shown)
    if shown.frame_number is not None:
        reference.ReferencedFrameNumber = shown.frame_number
    reference.PurposeOfReferenceCodeSequence = [_SOURCE]
    made.SourceImageSequence = [reference]
    return made


def draw_picture(view: NDArray[np.uint8], sentences: list[str]) -> NDArray[np.uint8]:
    """Draw sentences below a slice.

    Parameters
    ----------
    view : ndarray, shape (height, width), uint8
        Square pixels.
    sentences : list of str
        Each begins a line.

    Returns
    -------
    ndarray, shape (height, 512), uint8
        White on black; the slice is 512 pixels wide or high.
    """
    scale = _SIDE / max(view.shape)
    height, width = (max(1, round(side * scale)) for side in view.shape)
    lines = [line for sentence in sentences for line in wrap(sentence, _LETTERS)]
    page = Image.new("L", (_SIDE, height + 2 * _MARGIN + _LINE * len(lines)))
    page.paste(Image.fromarray(view).resize((width, height), Image.Resampling.BILINEAR), ((_SIDE - width) // 2, 0))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(_FONT_SIZE)
    for number, line in enumerate(lines):
        draw.text((_MARGIN, height + _MARGIN + _LINE * number), line, fill=255, font=font)
    return np.asarray(page)

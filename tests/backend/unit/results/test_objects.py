"""A prediction from DICOM files in, DICOM objects out, as their readers and the standard's judges see them."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom.sr import CodedConcept, srread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from tests.backend.unit.results.studies import LESION, ORIENTATIONS, Predicted, make_series, predict
from tests.factories import make_dicom_bytes, make_nifti_bytes
from tumorscope import NOTICE
from tumorscope.domain.errors import NoDicomOrigin, NotAnMrImage, NothingToReport
from tumorscope.domain.prediction import Decision
from tumorscope.results.objects import make_objects

_SR, _MAP, _PICTURE = "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.30", "1.2.840.10008.5.1.4.1.1.7"
_JARS = ("pixelmed", "commons-codec", "hsqldb", "vecmath")
_PIXELMED = [Path(f"/usr/share/java/{name}.jar") for name in _JARS]


@cache
def _predict_series(orientation: str = "axial", *, lesion: bool = True) -> Predicted:
    return predict(make_series(orientation, lesion=lesion))


def _read(predicted: Predicted) -> dict[str, Dataset]:
    """The objects by class."""
    found = [pydicom.dcmread(BytesIO(data)) for data in make_objects(predicted.result, predicted.answer).values()]
    return {str(one.SOPClassUID): one for one in found}


def _items(container: Dataset) -> Iterator[Dataset]:
    for item in container.get("ContentSequence") or ():
        yield item
        yield from _items(item)


def _find(container: Dataset, code: str) -> list[Dataset]:
    return [item for item in container.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == code]


def _groups(report: Dataset) -> list[Dataset]:
    (measurements,) = _find(report, "126010")
    return _find(measurements, "125007")


def test_a_tumour_gives_a_report_a_map_and_a_picture_in_series_of_their_own() -> None:
    objects = _read(_predict_series())
    assert set(objects) == {_SR, _MAP, _PICTURE}
    assert len({one.SeriesInstanceUID for one in objects.values()} | {"1.2.3.4"}) == 4
    for one in objects.values():
        assert (one.StudyInstanceUID, one.PatientID, one.PatientName) == ("1.2.3", "4711", "Doe^Jane")
        assert "investigational" in one.SeriesDescription


def test_highdicom_reads_the_report_back() -> None:
    predicted = _predict_series()
    (data, *_) = make_objects(predicted.result, predicted.answer).values()
    report = srread(BytesIO(data))
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    assert report.PreliminaryFlag == "PRELIMINARY"
    assert not report.ReferencedPerformedProcedureStepSequence
    assert report.PerformedProcedureCodeSequence[0].CodeValue == "24590-2"
    content: Any = report.content
    whole, finding = content.get_planar_roi_measurement_groups()
    for group in (whole, finding):
        assert group.finding_type.value == "393564001"
        (evaluation,) = group.get_qualitative_evaluations()
        assert (evaluation.name.value, evaluation.value.value) == ("108369006", "52101004")
        (measurement,) = group.get_measurements()
        assert (measurement.name.value, measurement.unit.value) == ("122157", "%")
    assert whole.get_measurements()[0].value == round(100 * (predicted.answer.tumor_probability or 0), 2)
    assert finding.get_measurements()[0].value == round(100 * predicted.answer.findings[0].probability, 2)


@pytest.mark.parametrize(
    ("decision", "code"), [(Decision.NO_TUMOR, "272519000"), (Decision.UNCERTAIN, "373068000")], ids=str
)
def test_presence_is_coded_as_decided(decision: Decision, code: str) -> None:
    groups = _groups(_read(_predict_series().decide(decision))[_SR])
    assert len(groups) == (1 if decision is Decision.NO_TUMOR else 2)
    for group in groups:
        (presence,) = [one.ConceptCodeSequence[0] for one in _find(group, "108369006")]
        assert presence.CodeValue == code
        # Present-Absent, as the standard lists it.
        assert CodedConcept.from_dataset(presence) in codes.CID240.concepts.values()
        # A kind is not stated where none was decided.
        assert [one.ConceptCodeSequence[0].CodeValue for one in _find(group, "121071")] == ["108369006"]


def test_a_tumour_of_several_possible_kinds_is_present() -> None:
    predicted = _predict_series().decide(Decision.UNCERTAIN)
    several = [{"code": "several_kinds_possible", "message": "…", "patient_message": "…", "params": {}}]
    answer = predicted.answer.model_validate({**predicted.answer.model_dump(), "reasons": several})
    (group, _) = _groups(_read(Predicted(predicted.result, answer))[_SR])
    assert [one.ConceptCodeSequence[0].CodeValue for one in _find(group, "108369006")] == ["52101004"]


def test_a_viewer_finds_what_it_shows_of_a_report() -> None:
    # The rules by which OHIF reads measurements: title, image library, tracking identifiers, a region of each number.
    report = _read(_predict_series())[_SR]
    assert report.ConceptNameCodeSequence[0].CodeValue == "126000"
    (library,) = _find(report, "111028")
    (group,) = _find(library, "126200")
    listed = {image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for image in group.ContentSequence}
    assert all(image.ReferencedSOPSequence[0].ReferencedSOPClassUID for image in group.ContentSequence)
    assert listed
    tracked = set()
    for group in _groups(report):
        tracked.add(_find(group, "112040")[0].UID)
        assert _find(group, "112039")[0].TextValue
        # It takes the first UID of a group for that of what is tracked.
        assert next(item for item in group.ContentSequence if item.ValueType == "UIDREF").UID in tracked
        for number in [item for item in group.ContentSequence if item.ValueType == "NUM"]:
            assert number.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "%"
        (region,) = [item for item in group.ContentSequence if item.ValueType == "SCOORD"]
        assert region.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID in listed
    assert len(tracked) == 2


def test_every_referenced_image_is_in_the_evidence_and_that_holds_the_series() -> None:
    report = _read(_predict_series())[_SR]
    referenced = {
        reference.ReferencedSOPInstanceUID
        for item in _items(report)
        for reference in item.get("ReferencedSOPSequence") or ()
    }
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    evidence = {one.ReferencedSOPInstanceUID for one in series.ReferencedSOPSequence}
    assert referenced < evidence == {f"1.2.3.4.{number}" for number in range(1, 25)}
    assert (study.StudyInstanceUID, series.SeriesInstanceUID) == ("1.2.3", "1.2.3.4")


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_region_of_a_finding_is_around_it_on_the_stored_image(orientation: str) -> None:
    _, finding = _groups(_read(_predict_series(orientation))[_SR])
    (region,) = [item for item in finding.ContentSequence if item.ValueType == "SCOORD"]
    uid = region.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    assert abs(int(uid.rsplit(".", 1)[1]) - 1 - LESION[0]) <= 2
    points = np.array(region.GraphicData).reshape(-1, 2)
    assert points[0].tolist() == points[-1].tolist()
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    assert top < LESION[1] + 0.5 < bottom
    assert left < LESION[2] + 0.5 < right
    # A cell of the network's last map is 14 pixels wide here.
    assert (bottom - top) * (right - left) < 90 * 72 / 4


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_map_lies_where_its_images_lie(orientation: str) -> None:
    predicted = _predict_series(orientation)
    made = _read(predicted)[_MAP]
    sources = {one.SOPInstanceUID: one for one in map(_parse, make_series(orientation))}
    shared = made.SharedFunctionalGroupsSequence[0]
    pixels = made.pixel_array.reshape(made.NumberOfFrames, made.Rows, made.Columns)
    assert made.FrameOfReferenceUID == "1.2.3.9"
    for frame, image in zip(made.PerFrameFunctionalGroupsSequence, pixels, strict=True):
        (derivation,) = frame.DerivationImageSequence
        (reference,) = derivation.SourceImageSequence
        source = sources[reference.ReferencedSOPInstanceUID]
        assert np.allclose(frame.PlanePositionSequence[0].ImagePositionPatient, source.ImagePositionPatient, atol=1e-3)
        orientations = shared.PlaneOrientationSequence[0].ImageOrientationPatient
        assert np.allclose(orientations, source.ImageOrientationPatient, atol=1e-4)
        assert np.allclose(shared.PixelMeasuresSequence[0].PixelSpacing, source.PixelSpacing)
        assert image.shape == (source.Rows, source.Columns)
        row, column = np.unravel_index(image.argmax(), image.shape)
        assert np.hypot(row - LESION[1], column - LESION[2]) < 10


def _parse(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(data))


def test_a_map_says_what_its_values_are() -> None:
    made = _read(_predict_series())[_MAP]
    (mapping,) = made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    assert mapping.RealWorldValueSlope == pytest.approx(1 / 255)
    (quantity,) = mapping.QuantityDefinitionSequence
    assert quantity.ConceptCodeSequence[0].CodeValue == "130403"
    assert 200 < made.pixel_array.max() <= 255
    assert made.ContentQualification == "RESEARCH"
    # Image objects with functional groups keep their window there, and not at the top.
    assert "WindowCenter" not in made
    (window,) = made.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence
    assert (window.WindowCenter, window.WindowWidth) == (128, 256)


def test_the_picture_shows_the_slice_and_words() -> None:
    made = _read(_predict_series())[_PICTURE]
    picture = made.pixel_array
    assert picture.shape == (made.Rows, made.Columns)
    # The letters below the slice.
    assert (picture[-40:] > 200).sum() > 200
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID.startswith("1.2.3.4.")


def test_results_are_not_read_as_images() -> None:
    predicted = _predict_series()
    objects = make_objects(predicted.result, predicted.answer)
    with pytest.raises(NotAnMrImage):
        predict(list(objects.values()))
    # As an archive exports the study.
    again = predict([*objects.values(), *make_series()])
    assert set(make_objects(again.result, again.answer)) == set(objects)
    assert [one.code for one in again.answer.input.warnings] == ["other_files_left_out"]


def test_the_report_holds_the_result_in_words_and_the_notice() -> None:
    report = _read(_predict_series())[_SR]
    sentences = [item.TextValue for item in _find(report, "121106")]
    assert sentences[0].startswith("Prediction: tumour, most probably glioma")
    assert sentences[-1] == NOTICE


def test_the_report_and_the_picture_say_what_was_not_read() -> None:
    first, *others = make_series()
    left_out = "1 of 24 files could not be read and were left out."
    objects = _read(predict([first[: len(first) // 2], *others]))
    assert left_out in [item.TextValue for item in _find(objects[_SR], "121106")]
    # A line more than without.
    assert objects[_PICTURE].Rows > _read(_predict_series())[_PICTURE].Rows


def test_a_repeat_gives_the_same_uids_and_another_model_or_other_images_give_others() -> None:
    predicted = _predict_series()
    first = set(make_objects(predicted.result, predicted.answer))
    # Files in another order.
    again = predict(make_series()[::-1])
    assert set(make_objects(again.result, again.answer)) == first
    model = predicted.answer.model.model_copy(update={"sha256": "1" * 64})
    assert not first & set(make_objects(predicted.result, predicted.answer.model_copy(update={"model": model})))
    fewer = predict([data for data in make_series() if _parse(data).SOPInstanceUID != "1.2.3.4.1"])
    assert not first & set(make_objects(fewer.result, fewer.answer))


def test_names_in_any_character_set_are_kept() -> None:
    series = make_series(SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName="Yamada^Tarou=山田^太郎")
    for one in _read(predict(series)).values():
        assert one.SpecificCharacterSet == "ISO_IR 192"
        assert str(one.PatientName) == "Yamada^Tarou=山田^太郎"


def test_what_is_de_identified_stays_so() -> None:
    series = make_series(PatientIdentityRemoved="YES", DeidentificationMethod="by hand", PatientName="", PatientID="X1")
    for one in _read(predict(series)).values():
        assert (one.PatientIdentityRemoved, one.DeidentificationMethod) == ("YES", "by hand")
        assert (one.PatientName, one.PatientID, one.PatientBirthDate) == ("", "X1", "")
    for one in _read(predict(make_series(PatientIdentityRemoved="yes"))).values():
        assert (one.PatientIdentityRemoved, one.DeidentificationMethod) == ("YES", "Not stated in the images")


_SPOILED: dict[str, Any] = {
    "PatientSex": "U",
    "PatientBirthDate": "unknown",
    "PatientAge": "45",
    "PatientSize": "NaN",
    "PatientWeight": "70.12345678901234567",
    "StudyDate": "2020-x",
    "StudyTime": "25:61",
    "StudyID": "1" * 17,
    "StudyDescription": "T1\\T2",
    "ReferringPhysicianName": "A\\B",
    "PositionReferenceIndicator": "x\ny",
    "LongitudinalTemporalInformationModified": "GONE",
    "LossyImageCompression": "YES",
    "BurnedInAnnotation": "MAYBE",
    # The module of a trial is whole or absent.
    "ClinicalTrialSubjectID": "S1",
}


def test_values_that_dicom_does_not_allow_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    for one in _read(predict(make_series(**_SPOILED, PatientName="Secret" * 40))).values():
        stated = {keyword: one.get(keyword) for keyword in _SPOILED}
        # Images have to state these.
        assert stated.pop("LossyImageCompression") in (None, "00")
        assert stated.pop("BurnedInAnnotation") in (None, "NO", "YES")
        assert not any(stated.values())
    assert "Secret" not in caplog.text


def test_archives_join_by_what_the_images_state_even_if_dicom_does_not_allow_it() -> None:
    # A backslash parts values, and is the sign of the yen in one of Japan's character sets.
    stated: dict[str, Any] = {"PatientID": "7" * 70, "AccessionNumber": "1" * 20, "PatientName": "Doe\\Roe^Jane"}
    for one in _read(predict(make_series(**stated))).values():
        assert {keyword: str(one[keyword].value) for keyword in ("PatientID", "AccessionNumber")} == {
            "PatientID": "7" * 70,
            "AccessionNumber": "1" * 20,
        }
        assert list(one.PatientName) == ["Doe", "Roe^Jane"]


def test_a_trial_is_stated_as_a_whole() -> None:
    keywords = ("ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialSubjectReadingID")
    stated: dict[str, Any] = dict.fromkeys(keywords, "A")
    for one in _read(predict(make_series(**stated))).values():
        assert {keyword: one.get(keyword) for keyword in stated} == stated
        assert one.ClinicalTrialProtocolName == ""


def test_several_uids_in_the_place_of_one_are_none() -> None:
    assert set(_read(predict(make_series(FrameOfReferenceUID="1.2\\1.3")))) == {_SR, _PICTURE}
    predicted = predict(make_series(StudyInstanceUID="1.2\\1.3"))
    with pytest.raises(NoDicomOrigin):
        make_objects(predicted.result, predicted.answer)


def test_images_whose_place_is_unknown_have_a_report_and_no_map() -> None:
    single = make_dicom_bytes(
        np.pad(np.full((40, 40), 400, np.uint16), 12), ImageOrientationPatient=None, ImagePositionPatient=None
    )
    assert set(_read(predict([single]))) == {_SR, _PICTURE}


def test_images_of_unknown_thickness_have_a_map_where_they_lie() -> None:
    made = _read(predict(make_series(SliceThickness=None)))
    (measures,) = made[_MAP].SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    assert "SliceThickness" not in measures
    assert set(made) == {_SR, _MAP, _PICTURE}


def test_files_with_a_series_uid_each_are_referred_to_by_it() -> None:
    files = []
    for data in make_series(SeriesNumber=3):
        dataset = _parse(data)
        dataset.SeriesInstanceUID = f"1.2.9.{dataset.SOPInstanceUID.rsplit('.', 1)[1]}"
        buffer = BytesIO()
        dataset.save_as(buffer)
        files.append(buffer.getvalue())
    (study,) = _read(predict(files))[_SR].CurrentRequestedProcedureEvidenceSequence
    named = {
        (series.SeriesInstanceUID, one.ReferencedSOPInstanceUID)
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    assert named == {(f"1.2.9.{number}", f"1.2.3.4.{number}") for number in range(1, 25)}


def test_a_refusal_is_not_reported() -> None:
    predicted = _predict_series().decide(Decision.OUT_OF_SCOPE)
    with pytest.raises(NothingToReport):
        make_objects(predicted.result, predicted.answer)


def test_other_formats_have_no_images_to_refer_to() -> None:
    predicted = predict([make_nifti_bytes(np.random.default_rng(0).integers(200, 900, (40, 40, 4)).astype(np.uint16))])
    with pytest.raises(NoDicomOrigin):
        make_objects(predicted.result, predicted.answer)


@cache
def _make_all() -> dict[str, bytes]:
    cases = {
        "tumour": _predict_series(),
        "none": _predict_series(lesion=False),
        "sagittal": _predict_series("sagittal"),
        "named": predict(make_series(PatientName="Müller^Jörg", SpecificCharacterSet="ISO_IR 100")),
        "spoiled": predict(make_series(**_SPOILED, PatientIdentityRemoved="YES")),
        "two frames": predict(
            [make_dicom_bytes(np.pad(np.full((2, 40, 40), 400, np.uint16), ((0, 0), (12, 12), (12, 12))))]
        ),
    }
    return {
        f"{name}-{number}.dcm": data
        for name, predicted in cases.items()
        for number, data in enumerate(make_objects(predicted.result, predicted.answer).values())
    }


def _write_all(folder: Path) -> list[Path]:
    paths = []
    for name, data in _make_all().items():
        paths.append(folder / name)
        paths[-1].write_bytes(data)
    return paths


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is absent: apt-get install dicom3tools")
def test_dciodvfy_finds_no_errors(tmp_path: Path) -> None:
    for path in _write_all(tmp_path):
        judged = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
        errors = [line for line in (judged.stdout + judged.stderr).splitlines() if line.startswith(("Error", "Abort"))]
        assert not errors, path.name


@pytest.mark.skipif(shutil.which("dsr2html") is None, reason="dsr2html is absent: apt-get install dcmtk")
def test_dsr2html_shows_the_report(tmp_path: Path) -> None:
    for path in _write_all(tmp_path):
        if pydicom.dcmread(path).Modality == "SR":
            shown = subprocess.run(["dsr2html", "+U8", path], capture_output=True, text=True, check=True)
            text = re.sub(r"<[^>]*>", " ", shown.stdout)
            assert "Imaging Measurement Report" in text
            assert NOTICE in text
            assert not [line for line in shown.stderr.splitlines() if line.startswith(("E:", "F:"))]


@pytest.mark.skipif(
    shutil.which("java") is None or not all(jar.exists() for jar in _PIXELMED),
    reason="PixelMed is absent: apt-get install libpixelmed-java default-jre-headless",
)
def test_pixelmed_finds_that_the_report_follows_its_template(tmp_path: Path) -> None:
    path = next(path for path in _write_all(tmp_path) if path.name == "tumour-0.dcm")
    # Its rules are a stylesheet that is larger than Java allows by itself.
    limits = [f"-Djdk.xml.xpath{name}Limit=0" for name in ("TotalOp", "ExprOp", "ExprGrp")]
    command = ["java", *limits, "-cp", ":".join(map(str, _PIXELMED)), "com.pixelmed.validate.DicomSRValidator"]
    judged = subprocess.run([*command, path], capture_output=True, text=True, check=True).stdout.splitlines()
    assert "Found Root Template TID_1500 (MeasurementReport)" in judged
    assert "Root Template Validation Complete" in judged
    # That group is extensible.
    errors = [line for line in judged if line.startswith("Error") and "not found in context group 100" not in line]
    assert not errors


def test_values_of_a_map_are_read_in_its_own_scale() -> None:
    predicted = _predict_series()
    _, data, _ = make_objects(predicted.result, predicted.answer).values()
    frame = highdicom.imread(BytesIO(data)).get_frame(1)
    assert 0.75 < frame.max() <= 1


def test_frames_of_one_file_are_named_by_number() -> None:
    predicted = _predict_series()
    origin = predicted.result.origin
    assert origin is not None
    enhanced = "1.2.840.10008.5.1.4.1.1.4.1"
    images = tuple(
        replace(image, sop_class_uid=enhanced, sop_instance_uid="1.2.3.5", frame_number=number)
        for number, image in enumerate(origin.images, 101)
    )
    several = replace(predicted.result, origin=replace(origin, images=images))
    objects = _read(Predicted(several, predicted.answer))
    (reference,) = objects[_MAP].SourceImageSequence
    assert reference.ReferencedSOPInstanceUID == "1.2.3.5"
    for frame in objects[_MAP].PerFrameFunctionalGroupsSequence:
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        at = images[source.ReferencedFrameNumber - 101].position_mm
        assert at == pytest.approx(frame.PlanePositionSequence[0].ImagePositionPatient, abs=1e-3)
    _, finding = _groups(objects[_SR])
    (region,) = [item for item in finding.ContentSequence if item.ValueType == "SCOORD"]
    number = region.ContentSequence[0].ReferencedSOPSequence[0].ReferencedFrameNumber
    assert abs(number - 101 - LESION[0]) <= 2

"""A study's files in, its row out: what each worker of an archive's scoring runs, on Ray or not."""

import errno
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tumorscope.domain.errors import ExpandsTooMuch, ModelError, PeerUnavailable, TumorscopeError
from tumorscope.imaging.decoder_pool import DecoderPool
from tumorscope.imaging.source import FROM_DISK, DecodeLimits, SourceFile
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.choose import EngineChoice, open_classifier
from tumorscope.inference.pipeline import Explain
from tumorscope.model.bundle import read_bundle
from tumorscope.model.manifest import OperatingPoint
from tumorscope.presentation.from_disk import describe_failure, predict_files, read_files
from tumorscope.scale.dicomweb import DicomwebPath
from tumorscope.scale.studies import name_study


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What every worker runs, the same on each machine.

    Parameters
    ----------
    bundle : str
        Folder of the model, found under this name on each machine.
    sha256 : str
        The bundle's; a worker that finds another does not start.
    engine : str
        Of `EngineChoice`, but for "auto": machines may differ in which is the fastest, and their answers would.
    threads : int
        Cores that one slice is computed on.
    operating_point : str
        Of `OperatingPoint`.
    study_mib : int
        Most memory that reading one study may take, in MiB; a larger one is a failure of the code `expands_too_much`.
    dicom_out : str, optional
        Folder for the DICOM objects of the answers.
    """

    bundle: str
    sha256: str
    engine: EngineChoice
    threads: int
    operating_point: OperatingPoint
    study_mib: int
    dicom_out: str | None = None


class Worker:
    """Holds a model.

    Raises
    ------
    ModelError
        The model is absent here, or another one.
    """

    def __init__(self, plan: WorkerPlan) -> None:
        bundle = read_bundle(Path(plan.bundle))
        if bundle.sha256 != plan.sha256:
            raise ModelError("The worker's machine holds another model under this name.")
        self.classifier: Classifier = open_classifier(bundle, plan.engine, plan.threads, plan.operating_point)
        """The model."""
        self._decoders = DecoderPool()
        self._study_mib = plan.study_mib
        self._dicom_out = plan.dicom_out

    def answer(self, files: Iterable[Path]) -> dict[str, Any] | None:
        """Answer a study with a row of `answers.AnswerFolder`; nothing that is wrong with its files is raised.

        None if it has to be left: the archive that holds it cannot answer now, or its DICOM objects cannot be written.
        """
        files = list(files)
        limits = _limit_study(self._study_mib)
        explain: Explain = "none" if self._dicom_out is None else "heatmap"
        row = name_study(files)
        try:
            result, answer = predict_files(
                self.classifier, self._decoders, files, limits, read=_read_study, explain=explain
            )
            if self._dicom_out is not None:
                from tumorscope.results.files import write_objects  # noqa: PLC0415  (few archives ask for them)

                try:
                    row["dicom_files"] = write_objects(result, answer, Path(self._dicom_out))
                except OSError:
                    return None
        except PeerUnavailable:
            return None
        except Exception as error:  # noqa: BLE001  (one study of a million must not end the run)
            return {**row, "error": describe_failure(error)}
        return {**row, **answer.model_dump(mode="json")}


def _read_study(files: list[Path], limits: DecodeLimits) -> list[SourceFile]:
    first: object = files[0]
    if isinstance(first, DicomwebPath):
        return first.read(limits.expanded_bytes)
    try:
        return read_files(files, limits)
    except (OSError, TumorscopeError):
        raise
    except Exception as error:
        # Libraries of object storage have errors of their own.
        raise OSError(errno.EIO, "The storage does not answer.") from error


def _limit_study(study_mib: int) -> DecodeLimits:
    left = study_mib * 2**20

    def reserve(size: int) -> None:
        nonlocal left
        left -= size
        if left < 0:
            raise ExpandsTooMuch(f"Reading the study takes more than {study_mib} MiB. Name a single series.")

    return replace(FROM_DISK, expanded_bytes=study_mib * 2**20, reserve=reserve)

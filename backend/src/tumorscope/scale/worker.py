"""A study's files in, its row out: what each worker of an archive's scoring runs, on Ray or not."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tumorscope.domain.errors import ExpandsTooMuch, ModelError
from tumorscope.imaging.decoder_pool import DecoderPool
from tumorscope.imaging.source import FROM_DISK, DecodeLimits
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.choose import EngineChoice, open_classifier
from tumorscope.model.bundle import read_bundle
from tumorscope.model.manifest import OperatingPoint
from tumorscope.presentation.from_disk import describe_failure, predict_files
from tumorscope.scale.studies import identify_study


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
    """

    bundle: str
    sha256: str
    engine: EngineChoice
    threads: int
    operating_point: OperatingPoint
    study_mib: int


class Worker:
    """Holds a model.

    Parameters
    ----------
    plan : WorkerPlan
        Of the run.

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

    def answer(self, files: Iterable[Path]) -> dict[str, Any]:
        """Answer a study with a row of `answers.AnswerFolder`; nothing that is wrong with its files is raised."""
        files = list(files)
        try:
            _, answer = predict_files(self.classifier, self._decoders, files, _limit_study(self._study_mib))
        except Exception as error:  # noqa: BLE001  (one study of a million must not end the run)
            return {**name_study(files), "error": describe_failure(error)}
        return {**name_study(files), **answer.model_dump(mode="json")}


def name_study(files: Iterable[Path]) -> dict[str, Any]:
    """Make the beginning of a study's row: its key, and its files by names that are text."""
    files = list(files)
    names = [os.fsencode(file.absolute()).decode("utf-8", "backslashreplace") for file in files]
    return {"study": identify_study(files), "files": names}


def _limit_study(study_mib: int) -> DecodeLimits:
    left = study_mib * 2**20

    def reserve(size: int) -> None:
        nonlocal left
        left -= size
        if left < 0:
            raise ExpandsTooMuch(f"Reading the study takes more than {study_mib} MiB. Name a single series.")

    return replace(FROM_DISK, expanded_bytes=study_mib * 2**20, reserve=reserve)

"""The user's own files of a study in, its prediction and the contract's answer out; or what is wrong with them."""

import errno
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tumorscope.domain.errors import ExpandsTooMuch, NoFile, TumorscopeError, UnsupportedFormat
from tumorscope.imaging.decode import sniff_upload
from tumorscope.imaging.decoder_pool import DecoderPool
from tumorscope.imaging.source import FROM_DISK, DecodeLimits, SourceFile
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.pipeline import Explain, StepTimes, StudyPrediction, predict_upload
from tumorscope.presentation.answer import PredictionAnswer, present

_NUMBERS = {FileNotFoundError: errno.ENOENT, PermissionError: errno.EACCES}


def predict_files(
    classifier: Classifier,
    decoders: DecoderPool,
    files: list[Path],
    limits: DecodeLimits = FROM_DISK,
    *,
    read: Callable[[list[Path], DecodeLimits], list[SourceFile]] | None = None,
    series: str | None = None,
    explain: Explain = "none",
    every_slice: bool = False,
) -> tuple[StudyPrediction, PredictionAnswer]:
    """Predict from the files of one study, which `read` may read in another way than `read_files`.

    Raises
    ------
    TumorscopeError
        The files cannot be read, or hold nothing that the model reads.
    OSError
        A file cannot be opened.
    """
    upload = sniff_upload((read or read_files)(files, limits), series)
    times = StepTimes()
    decode = partial(decoders.decode, limits=limits)
    result = predict_upload(classifier, upload, decode, times.add, explain=explain)
    return result, present(result, classifier, upload.hash(), times, every_slice=every_slice, with_picture=False)


def read_files(files: list[Path], limits: DecodeLimits) -> list[SourceFile]:
    """Read the files of a study; see `predict_files`."""
    states = [file.stat() for file in files]
    if stat.S_ISDIR(states[0].st_mode):
        # Raises where the folder cannot be opened.
        next(files[0].iterdir(), None)
        raise NoFile("The folder holds no scan. Name the folder of a series.")
    if not all(stat.S_ISREG(one.st_mode) for one in states):
        raise UnsupportedFormat("Neither a regular file nor a folder. Name the file of a scan.")
    if sum(one.st_size for one in states) > limits.expanded_bytes:
        raise ExpandsTooMuch(f"The study is larger than {limits.expanded_bytes // 2**20} MiB. Name a single series.")
    return [SourceFile(file.name, file.read_bytes()) for file in files]


def describe_failure(error: Exception) -> dict[str, str]:
    """Code and detail of what went wrong with the files of a study, none of them names."""
    if isinstance(error, TumorscopeError):
        return {"code": error.code, "detail": str(error)}
    if isinstance(error, OSError):
        # Object storage gives the class without the number.
        number = error.errno or _NUMBERS.get(type(error), errno.EIO)
        return {"code": "unreadable", "detail": os.strerror(number)}
    return {"code": TumorscopeError.code, "detail": type(error).__name__}

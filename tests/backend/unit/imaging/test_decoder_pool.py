"""Files are read in processes that may crash, hang and be killed; what they answer is what reading here gives."""

import errno
import gc
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from pydicom.uid import RLELossless

from tests.factories import make_dicom_bytes, make_dicom_dataset, make_nifti_bytes, make_picture, write_dicom
from tests.waiting import wait_until
from tumorscope.domain.errors import CorruptFile, ImageTooLarge, NotAnMrImage, Overloaded
from tumorscope.domain.scan import Scan, ScanWarning, Slice
from tumorscope.imaging.decode import Upload, decode_upload, sniff_upload
from tumorscope.imaging.decoder_pool import DecoderPool
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.imaging.source import FROM_DISK, DecodeLimits, SourceFile

_PIXELS = draw_phantom(1, lesion=True, size=96)
_WIDE = _PIXELS.astype(np.uint16) * 16
_VOXELS = np.stack([_WIDE[:, :60]] * 7, axis=-1)
_MARK = 7


def _use_thread(_: str) -> None:
    with ThreadPoolExecutor(1) as threads:
        threads.submit(os.getpid).result()


_ATTEMPTS: dict[str, Callable[[str], object]] = {
    "network": lambda port: socket.create_connection(("127.0.0.1", int(port))),
    "program": lambda name: subprocess.run([name], check=True),
    "fork": lambda _: os.fork(),
    "thread": _use_thread,
    "kill": lambda pid: os.kill(int(pid), signal.SIGTERM),
    "limit": lambda pid: resource.prlimit(int(pid), resource.RLIMIT_CPU, (1, 1)),
    "peer": lambda pid: Path(f"/proc/{pid}/mem").open("rb").read(1),  # noqa: SIM115
    "wait": lambda path: wait_until(Path(path).exists),
    "write": lambda path: Path(path).write_bytes(b"secret"),
}


def _misbehave(upload: Upload, limits: DecodeLimits) -> Scan:
    """Does as the file says; a slice of one pixel tells that it was here."""
    what, _, argument = upload.files[0].data.decode(errors="replace").partition(" ")
    match what:
        case "signal":
            os.kill(os.getpid(), signal.Signals[argument])
        case "spin":
            while True:
                pass
        case "sleep":
            time.sleep(3600)
        case "allocate":
            np.ones(int(argument), np.uint8)
        case "reserve":
            limits.reserve(int(argument))
        case "other":
            raise NotAnMrImage("a CT") from KeyError("secret")
        case "unexpected":
            raise LookupError("secret")
        case _ if what in _ATTEMPTS:
            _ATTEMPTS[what](argument)
    return Slice(np.full((1, 1), _MARK, np.uint8), "nifti", warnings=(ScanWarning("pid", "", {"pid": os.getpid()}),))


def _call(pool: DecoderPool, what: str, limits: DecodeLimits = FROM_DISK, **options: Any) -> int:
    """The process that did it."""
    scan = pool.decode(Upload("nifti", [SourceFile("", what.encode())]), limits, **options)
    assert isinstance(scan, Slice)
    assert scan.pixels.tolist() == [[_MARK]]
    return int(scan.warnings[0].params["pid"])


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with DecoderPool() as opened:
        yield opened


@pytest.fixture
def misbehaving() -> Iterator[DecoderPool]:
    with DecoderPool(decode=_misbehave) as opened:
        yield opened


def test_want_of_descriptors_is_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with DecoderPool(decode=_misbehave) as pool:
        monkeypatch.setattr("socket.socketpair", refuse)
        with pytest.raises(Overloaded):
            _call(pool, "signal SIGSEGV")


def _compress() -> bytes:
    dataset = make_dicom_dataset(_WIDE)
    dataset.compress(RLELossless)
    return write_dicom(dataset)


_STUDIES: dict[str, list[SourceFile]] = {
    "WebP": [SourceFile("", make_picture(_PIXELS, "WEBP", lossless=True))],
    "16-bit TIFF": [SourceFile("", make_picture(_WIDE, "TIFF"))],
    "compressed DICOM": [SourceFile("", _compress())],
    "sagittal DICOM": [SourceFile("", make_dicom_bytes(_WIDE, ImageOrientationPatient=[0, 1, 0, 0, 0, -1]))],
    "series": [SourceFile("", make_dicom_bytes(_WIDE, ImagePositionPatient=[0, 0, z])) for z in (9, 3, 6)],
    "NIfTI": [SourceFile("", make_nifti_bytes(_VOXELS, compressed=True))],
    "BraTS case": [SourceFile(f"a_{name}.nii", make_nifti_bytes(_VOXELS)) for name in ("t1", "flair")],
}


def _assert_same(found: object, expected: object) -> None:
    assert type(found) is type(expected)
    if isinstance(found, np.ndarray) and isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
        # Slices are cut from it as fast.
        assert (found.dtype, found.strides) == (expected.dtype, expected.strides)
    elif is_dataclass(found):
        for field in fields(found):
            _assert_same(getattr(found, field.name), getattr(expected, field.name))
    elif isinstance(found, Mapping) and isinstance(expected, Mapping):
        assert list(found) == list(expected)
        for key in found:
            _assert_same(found[key], expected[key])
    else:
        assert found == expected


@pytest.mark.parametrize("study", _STUDIES)
def test_what_another_process_reads_is_what_this_one_would(pool: DecoderPool, study: str) -> None:
    upload = sniff_upload(_STUDIES[study])
    _assert_same(pool.decode(upload, FROM_DISK), decode_upload(upload, FROM_DISK))


def _decodes_here(pool: DecoderPool, data: bytes) -> bool:
    return pool.decode(sniff_upload([SourceFile("", data)]), FROM_DISK).pixels.size > 1  # type: ignore[union-attr]


def test_small_plain_pictures_alone_are_read_in_this_process(misbehaving: DecoderPool) -> None:
    progressive = make_picture(_PIXELS, "JPEG", progressive=True)
    assert _decodes_here(misbehaving, make_picture(_PIXELS, "PNG"))
    assert _decodes_here(misbehaving, progressive)
    scan = progressive.rindex(b"\xff\xda")
    assert not _decodes_here(misbehaving, progressive[:-2] + 20 * progressive[scan:-2] + progressive[-2:])
    assert not _decodes_here(misbehaving, make_picture(np.zeros((2500, 2500), np.uint8), "PNG"))
    assert not _decodes_here(misbehaving, make_picture(_PIXELS, "WEBP"))
    assert not _decodes_here(misbehaving, make_picture(_PIXELS, "BMP"))


def test_process_serves_one_file_after_another(misbehaving: DecoderPool) -> None:
    first = _call(misbehaving, "")
    assert first != os.getpid()
    for what in ("other", "unexpected"):
        with pytest.raises(CorruptFile if what == "unexpected" else NotAnMrImage):
            _call(misbehaving, what)
    assert _call(misbehaving, "") == first


def test_caller_works_while_a_process_reads(misbehaving: DecoderPool) -> None:
    pids: list[int] = []
    assert _call(misbehaving, "", meanwhile=lambda: pids.append(os.getpid())) not in pids
    assert pids == [os.getpid()]


def test_error_of_a_file_keeps_its_words_and_the_type_of_its_cause_alone(misbehaving: DecoderPool) -> None:
    with pytest.raises(NotAnMrImage, match="a CT") as stated:
        _call(misbehaving, "other")
    with pytest.raises(CorruptFile) as unexpected:
        _call(misbehaving, "unexpected")
    assert type(stated.value.__cause__).__name__ == "KeyError"
    assert type(unexpected.value.__cause__).__name__ == "LookupError"
    for error in (stated.value, unexpected.value):
        assert "secret" not in f"{error} {error.__cause__}"


@pytest.mark.parametrize(
    ("what", "error"),
    [("signal SIGSEGV", CorruptFile), ("signal SIGKILL", Overloaded), ("allocate 2000000000", MemoryError)],
)
def test_failure_costs_one_call_and_says_whose_fault_it_is(what: str, error: type[Exception]) -> None:
    with DecoderPool(2**28, decode=_misbehave) as pool:
        first = _call(pool, "")
        with pytest.raises(error):
            _call(pool, what)
        # A want of memory leaves the process as it was.
        assert (_call(pool, "") == first) == (error is MemoryError)


def test_process_that_has_taken_much_memory_is_not_kept(misbehaving: DecoderPool) -> None:
    first = _call(misbehaving, f"reserve {2**24}")
    assert _call(misbehaving, f"reserve {2**29}") == first
    assert _call(misbehaving, "") != first


def test_file_that_takes_too_much_of_a_processor_is_corrupt() -> None:
    with DecoderPool(cpu_s=0.2, decode=_misbehave) as pool, pytest.raises(CorruptFile, match="longer"):
        _call(pool, "spin")


@pytest.mark.parametrize("what", ["signal SIGSTOP", "sleep"])
def test_process_that_stands_still_is_no_fault_of_the_file(what: str) -> None:
    with DecoderPool(cpu_s=0.2, patience_s=0.2, decode=_misbehave) as pool, pytest.raises(Overloaded):
        _call(pool, what)


@pytest.mark.skipif(sys.platform != "linux", reason="the filter of system calls is Linux's")
@pytest.mark.parametrize("what", ["network 9", "program true", "fork", "kill {owner}", "limit {owner}", "peer {owner}"])
def test_process_reaches_neither_network_nor_programs_nor_other_processes(misbehaving: DecoderPool, what: str) -> None:
    first = _call(misbehaving, "thread")
    with pytest.raises(CorruptFile) as refused:
        _call(misbehaving, what.format(owner=os.getpid()))
    assert type(refused.value.__cause__).__name__ == "PermissionError"
    # It was refused, not ended.
    assert _call(misbehaving, "") == first


def test_process_writes_no_file(misbehaving: DecoderPool, tmp_path: Path) -> None:
    _call(misbehaving, "")
    with pytest.raises(CorruptFile):
        _call(misbehaving, f"write {tmp_path / 'file'}")
    assert not any(path.stat().st_size for path in tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_process_has_no_privileges(misbehaving: DecoderPool) -> None:
    status = Path(f"/proc/{_call(misbehaving, '')}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines())
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    assert {facts[name].strip("0") for name in ("CapEff", "CapPrm", "CapInh")} == {""}


def test_idle_process_that_was_killed_is_replaced(misbehaving: DecoderPool) -> None:
    first = _call(misbehaving, "")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(first))
    assert _call(misbehaving, "") != first


def test_work_that_nobody_wants_any_more_ends(misbehaving: DecoderPool) -> None:
    first = _call(misbehaving, "")
    asked: list[None] = []

    def watch() -> None:
        asked.append(None)
        if len(asked) > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _call(misbehaving, "spin", watch=watch)
    wait_until(lambda: not psutil.pid_exists(first))


def test_memory_is_reserved_by_the_caller_who_may_refuse(misbehaving: DecoderPool) -> None:
    reserved: list[int] = []

    def reserve(size: int) -> None:
        reserved.append(size)
        if sum(reserved) > 2**24:
            raise ImageTooLarge("no more")

    limits = replace(FROM_DISK, reserve=reserve)
    _call(misbehaving, f"reserve {2**23}", limits)
    assert 2**23 <= sum(reserved) < 2**23 + 2**20
    with pytest.raises(ImageTooLarge, match="no more"):
        _call(misbehaving, f"reserve {2**23}", limits)
    _call(misbehaving, "")


def test_calls_of_several_threads_do_not_wait_for_each_other(misbehaving: DecoderPool, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(_call, misbehaving, f"wait {tmp_path / 'done'}")
        other = _call(misbehaving, "")
        (tmp_path / "done").touch()
        assert waiting.result() != other


def test_processes_end_with_their_pool_busy_or_not() -> None:
    with ThreadPoolExecutor(1) as threads, DecoderPool(decode=_misbehave) as pool:
        idle = _call(pool, "")
        sleeping = threads.submit(_call, pool, "sleep")
        wait_until(lambda: psutil.Process(idle).status() == psutil.STATUS_SLEEPING)
        pool.__exit__(None, None, None)
        with pytest.raises(Overloaded):
            sleeping.result()
        wait_until(lambda: not psutil.pid_exists(idle))


def test_pool_that_nobody_closed_leaves_no_process() -> None:
    pool = DecoderPool(decode=_misbehave)
    process = psutil.Process(_call(pool, "here"))
    del pool
    gc.collect()
    wait_until(lambda: not process.is_running())

"""A folder of good files in; files that reach ever more of the parsers' code are read, until one is a fault."""

import sys
import traceback
from collections import Counter

import atheris

# Whatever is imported here is instrumented, so that its coverage is known.
with atheris.instrument_imports(include=["tumorscope.imaging", "pydicom", "nibabel", "PIL"]):
    from tumorscope.domain.errors import ImageTooLarge, InputError
    from tumorscope.imaging.decode import decode_upload, sniff_upload
    from tumorscope.imaging.source import DecodeLimits, SourceFile

_RESERVED_BYTES = 2**28
_LIMITS = ["-timeout=30", "-rss_limit_mb=2048", "-max_len=600000"]
# Between two reports: the fuzzer ends the process without another word.
_EVERY = 1000


def main() -> None:
    """Fuzz until the time is over; exit status 0 without a fault."""
    seen: Counter[str] = Counter()

    def read(data: bytes) -> None:
        seen[_read(data)] += 1
        if seen.total() % _EVERY == 0:
            sys.stdout.write(f"{seen.total()} files guided by coverage: {dict(seen.most_common())}\n")
            sys.stdout.flush()

    atheris.Setup([sys.argv[0], *_LIMITS, *sys.argv[1:]], read)
    atheris.Fuzz()


def _read(data: bytes) -> str:
    """The code of its error, or the type and place of one that only the pool turns into `corrupt_file`."""
    try:
        decode_upload(sniff_upload([SourceFile("", data)]), _make_limits())
    except InputError as error:
        return error.code
    except Exception as error:  # noqa: BLE001  (of any type; which, is what is looked for)
        return f"{type(error).__name__} in {traceback.extract_tb(error.__traceback__)[-1].name}"
    return "a scan"


def _make_limits() -> DecodeLimits:
    reserved = 0

    def reserve(size: int) -> None:
        nonlocal reserved
        reserved += size
        if reserved > _RESERVED_BYTES:
            raise ImageTooLarge("It takes more memory than files of this size should.")

    return DecodeLimits(pixels=16_000_000, expanded_bytes=128 * 2**20, files=200, reserve=reserve)


if __name__ == "__main__":
    main()

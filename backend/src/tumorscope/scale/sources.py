"""Names of sources in, paths out: of files here, of object storage by fsspec, and of archives by DICOMweb."""

from pathlib import Path
from typing import cast

from tumorscope.domain.errors import InvalidRequest
from tumorscope.scale.dicomweb import PREFIX, DicomwebPath


def name_source(name: str) -> Path:
    """Make a path of a name; of an address with a scheme (``s3://``), one with the functions of `Path`.

    Raises
    ------
    InvalidRequest
        Nothing that is installed reads this scheme.
    """
    if "://" not in name:
        return Path(name)
    if name.startswith(PREFIX):
        return cast("Path", DicomwebPath.parse(name))
    from upath import UPath  # noqa: PLC0415  (most archives are of files)

    try:
        path = UPath(name)
        # The library of the scheme is looked for here.
        _ = path.fs
    except (ImportError, ValueError) as error:
        raise InvalidRequest(f"Sources of this kind cannot be read: {error}") from error
    return cast("Path", path)

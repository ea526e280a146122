"""A slice that was answered in; what of its quality a reader should weigh the answer by out."""

import numpy as np

from tumorscope.domain.scan import ScanWarning, SequenceName, Slice
from tumorscope.model.manifest import TrustManifest
from tumorscope.preprocessing.spatial import Geometry

# Of the head's pixels, so many at the very brightest value: what is above it was cut off. The percentiles of
# preprocessing cut off half a percent themselves; pictures of the public collections reach 4 %.
_MAX_AT_BRIGHTEST = 0.05

_NAMES: dict[SequenceName, str] = {
    "flair": "FLAIR",
    "t1": "T1 without contrast agent",
    "t1ce": "T1 with contrast agent",
    "t2": "T2",
}


def find_quality_warnings(scan: Slice, geometry: Geometry, trust: TrustManifest | None) -> tuple[ScanWarning, ...]:
    """Say what makes an answer less certain than its number.

    Ghosts of motion are not looked for: they are told from the background around the head, which most pictures and
    many scanners have set to zero.

    Parameters
    ----------
    scan : Slice
        As decoded.
    geometry : Geometry
        Where on it the network looked.
    trust : TrustManifest, optional
        Of the served model; None for one that was not calibrated.

    Returns
    -------
    tuple of ScanWarning
        ``low_resolution``, ``clipped_intensities``, ``sequence_hardly_seen``, ``plane_hardly_seen``.
    """
    warnings = []
    if geometry.square_side < geometry.size:
        warnings.append(
            ScanWarning(
                "low_resolution",
                f"The head is {geometry.square_side} pixels large, the model looks at {geometry.size}: small tumours"
                " cannot be seen.",
            )
        )
    crop = geometry.crop
    head = scan.pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    clipped = np.count_nonzero(head == head.max()) / head.size
    if scan.channels is None and clipped > _MAX_AT_BRIGHTEST:
        warnings.append(
            ScanWarning("clipped_intensities", f"{clipped:.0%} of the head are at the brightest value: detail is lost.")
        )
    learned = None if trust is None else trust.tumor_sequences
    if learned and scan.sequence is not None and scan.sequence not in learned:
        names = " and ".join(_NAMES[name] for name in learned)
        warnings.append(
            ScanWarning(
                "sequence_hardly_seen",
                f"This is {_NAMES[scan.sequence]} by its file; the model learned tumours almost only from {names}.",
            )
        )
    if scan.plane == "oblique":
        warnings.append(
            ScanWarning(
                "plane_hardly_seen", "The slice lies oblique in the head; the model learned from upright planes."
            )
        )
    return tuple(warnings)

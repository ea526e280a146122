"""An answered slice in, warnings about its quality out."""

import numpy as np

from tumorscope.domain.scan import ScanWarning, SequenceName, Slice
from tumorscope.model.manifest import TrustManifest
from tumorscope.preprocessing.spatial import Geometry

# With a larger share of the head's pixels at the highest value, brighter intensities were clipped. Preprocessing itself
# clips half a percent; images of the public collections reach 4 %.
_MAX_CLIPPED = 0.05

_NAMES: dict[SequenceName, str] = {
    "flair": "FLAIR",
    "t1": "non-contrast T1",
    "t1ce": "contrast-enhanced T1",
    "t2": "T2",
}
_OBLIQUE = ScanWarning(
    "plane_hardly_seen", "The slice is oblique; the model was trained on axial, coronal and sagittal slices."
)


def find_quality_warnings(scan: Slice, geometry: Geometry, trust: TrustManifest | None) -> tuple[ScanWarning, ...]:
    """Warn about what makes an answer less reliable than its probability says.

    Motion artefacts are not checked: they show in the background around the head, which most image files and many
    scanners have set to zero.

    Parameters
    ----------
    scan : Slice
        As decoded.
    geometry : Geometry
        Of the model's input.
    trust : TrustManifest, optional
        Of the served model; None if it was not calibrated.

    Returns
    -------
    tuple of ScanWarning
        ``low_resolution``, ``clipped_intensities``, ``sequence_hardly_seen``, ``plane_hardly_seen``.
    """
    warnings = []
    if geometry.square_side < geometry.size:
        head_px, model_px = geometry.square_side, geometry.size
        message = f"The head is {head_px} pixels wide, the model's input {model_px}: small tumours cannot be seen."
        params = {"head_px": head_px, "model_px": model_px}
        warnings.append(ScanWarning("low_resolution", message, params))
    crop = geometry.crop
    head = scan.pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    clipped = float(np.count_nonzero(head == head.max()) / head.size)
    if scan.channels is None and clipped > _MAX_CLIPPED:
        message = f"{clipped:.0%} of the head's pixels have the highest value: detail is lost."
        warnings.append(ScanWarning("clipped_intensities", message, {"share": round(clipped, 4)}))
    trained = None if trust is None else trust.tumor_sequences
    if trained and scan.sequence is not None and scan.sequence not in trained:
        names = " and ".join(_NAMES[name] for name in trained)
        message = f"The file states {_NAMES[scan.sequence]}; the model learned tumours almost only from {names}."
        warnings.append(
            ScanWarning("sequence_hardly_seen", message, {"sequence": scan.sequence, "trained": ",".join(trained)})
        )
    if scan.plane == "oblique":
        warnings.append(_OBLIQUE)
    return tuple(warnings)

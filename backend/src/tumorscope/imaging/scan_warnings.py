"""Every warning that decoding gives, one a code; `inference.study.find_quality_warnings` adds others."""

from collections.abc import Sequence

from tumorscope.domain.scan import ScanWarning

FIRST_FRAME = ScanWarning("multiple_frames", "The file holds several images; only the first was read.")
FIRST_VOLUME = ScanWarning("first_volume", "The file holds several volumes; only the first was read.")
FIRST_STACK = ScanWarning("first_stack", "The file holds several stacks of slices; only one was read.")
EXIF_ROTATED = ScanWarning("exif_rotated", "The file's EXIF data asks for a rotation or mirroring; it was applied.")
MOSTLY_COLOURED = ScanWarning("mostly_coloured", "The image is in colour throughout.")
IN_COLOUR = ScanWarning("colour_picture", "The image is in colour; only its brightness was used.")
NOT_FINITE = ScanWarning("not_finite", "Some voxels are not finite numbers; they were set to the darkest value.")
CONSTANT = ScanWarning("constant", "All voxels have the same value.")
NO_SPACING = ScanWarning("no_spacing", "The file states no valid spacing of pixels or slices; 1 mm was assumed.")
NO_ORIENTATION = ScanWarning(
    "no_orientation", "The file does not state how its slices are oriented; axial slices were assumed."
)
MISSING_SLICES = ScanWarning("missing_slices", "The slices are not evenly spaced: some are missing.")
SHEARED = ScanWarning("sheared", "The slices are shifted against each other; other planes than theirs are distorted.")
SLICES_ON_FOURTH_AXIS = ScanWarning(
    "slices_on_fourth_axis", "The file holds volumes of one slice; they were read as the slices of one volume."
)
SEGMENTATION_LEFT_OUT = ScanWarning("segmentation_left_out", "A segmentation was uploaded too; it was not used.")
NOT_ORIGINAL = ScanWarning(
    "secondary_capture", "The image is a screen capture, or its file does not state that it comes from an MR scanner."
)
OTHER_BODY_PART = ScanWarning("other_body_part", "The file states another body part than the head.")
LOCALIZER = ScanWarning("localizer", "The image is a localizer.")
DERIVED_MAP = ScanWarning(
    "derived_map",
    "The image is computed from others (a map, a projection, a difference) or shows a phase, real or imaginary part; "
    "the model was not trained on such images.",
)


_HARDLY_SEEN = {
    "susceptibility": "a T2*- or susceptibility-weighted image, which is not a T2-weighted one",
    "diffusion": "a diffusion image",
    "perfusion": "a perfusion image",
    "functional": "a functional image",
    "angiography": "an angiography",
    "field_map": "a field map",
}


def warn_kind(kind: str, *, is_computed: bool) -> tuple[ScanWarning, ...]:
    """A kind of image is no anatomical one; of one that is computed from others, `DERIVED_MAP` says enough."""
    if kind == "anatomical":
        return ()
    if kind == "localizer":
        return (LOCALIZER,)
    if kind == "derived_map" or is_computed:
        return (DERIVED_MAP,)
    message = f"The file states {_HARDLY_SEEN[kind]}; the model was not trained on such images."
    return (ScanWarning("kind_hardly_seen", message, {"kind": kind}),)


def warn_files_left_out(left_out: int, total: int) -> ScanWarning:
    """Some DICOM files of a study could not be read."""
    message = f"{left_out} of {total} files could not be read and were left out."
    return ScanWarning("files_left_out", message, {"left_out": left_out, "total": total})


def add_other_files(warnings: Sequence[ScanWarning], kinds: Sequence[str]) -> tuple[ScanWarning, ...]:
    """Say of files that lie beside the scan, one kind for each, that they were left out: in one warning with others."""
    others = [one for one in warnings if one.code != "other_files_left_out"]
    before = [one.params for one in warnings if one not in others]
    count = len(kinds) + sum(int(params["count"]) for params in before)
    named = sorted({*kinds, *(name for params in before for name in str(params["kinds"]).split(","))})
    message = f"{count} other files were left out: {', '.join(named)}."
    return ScanWarning("other_files_left_out", message, {"count": count, "kinds": ",".join(named)}), *others


def warn_sequence_chosen(name: str) -> ScanWarning:
    """One of several sequences was read."""
    message = f"The model reads one sequence; of those sent, {name} was read."
    return ScanWarning("sequence_chosen", message, {"sequence": name})


def warn_series_chosen(series: int, files: int) -> ScanWarning:
    """One of several series was read."""
    message = f"Of {series} series one was read; it has {files} files."
    return ScanWarning("series_chosen", message, {"series": series, "files": files})


def warn_slices_left_out(count: int) -> ScanWarning:
    """Some slices of a series do not fit the others."""
    message = f"{count} slices have another size or orientation than the rest and were left out."
    return ScanWarning("slices_left_out", message, {"count": count})


def warn_unlikely_size(extent_mm: float) -> ScanWarning:
    """A slice is too small or too large to show a head."""
    message = f"By its spacing the image is {extent_mm:.0f} mm long, which no image of a human head is."
    return ScanWarning("unlikely_size", message, {"extent_mm": round(extent_mm)})


def warn_no_position(order: str) -> ScanWarning:
    """Slices state no position of their own; `order` is ``slice_location`` or ``number``."""
    message = f"The slices state no positions of their own; their {order.replace('_', ' ')} gave their order."
    return ScanWarning("no_position", message, {"order": order})


_READ = {
    "component": "the magnitude",
    "b_value": "the lowest b-value",
    "echo": "the first echo",
    "inversion_time": "the longest inversion time",
    "time_point": "the first time point",
}


def warn_duplicate_slices(count: int, differences: Sequence[str]) -> ScanWarning:
    """Some slices of a series share a position; `differences` are of `repeats.DIFFERENCES`."""
    read = ", ".join(_READ[one] for one in differences) or "the first image"
    message = f"{count} slices have the position of another one and were left out; of each position {read} was read."
    return ScanWarning("duplicate_slices", message, {"count": count, "differences": ",".join(differences)})

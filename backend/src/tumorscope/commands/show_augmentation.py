"""``tumorscope show-augmentation``: a picture of what each augmentation does."""

from pathlib import Path
from typing import Annotated

import typer


def show_augmentation(
    output: Annotated[Path, typer.Argument(help="PNG file that is written.")],
    picture: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A slice of your own; default: a synthetic one.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Draw what each augmentation makes of a slice."""
    from tumorscope.domain.scan import Slice  # noqa: PLC0415
    from tumorscope.imaging.decode import decode_image  # noqa: PLC0415
    from tumorscope.imaging.phantom import draw_phantom  # noqa: PLC0415
    from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input  # noqa: PLC0415
    from tumorscope.training.augmentation.gallery import draw_gallery  # noqa: PLC0415
    from tumorscope.training.augmentation.pipeline import AGAINST_SHORTCUTS  # noqa: PLC0415

    max_pixels = 64_000_000
    scan = (
        Slice(draw_phantom(seed, lesion=True), "png")
        if picture is None
        else decode_image(picture.read_bytes(), max_pixels)
    )
    prepared = to_model_input(scan, PreprocessingParameters()).pixels
    output.write_bytes(draw_gallery(prepared, AGAINST_SHORTCUTS, seed))

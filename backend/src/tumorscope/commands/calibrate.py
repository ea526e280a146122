"""``tumorscope calibrate``: a bundle and held-out patients in; the bundle with its trust layer out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tumorscope.domain.errors import EvaluationError

if TYPE_CHECKING:
    from tumorscope.model.bundle import Bundle

SPLIT_FILE = "split.json"
"""In a bundle's folder."""


def calibrate(
    bundle: Annotated[Path, typer.Argument(help="Folder of the model; its manifest is replaced.")],
    data: Annotated[Path, typer.Argument(help="What it was trained on; the bundle's split says who was held out.")],
    version: Annotated[str | None, typer.Option(help="Of the model from now on, MAJOR.MINOR.PATCH.")] = None,
) -> None:
    """Fit calibration, prediction sets, operating points and scope gate on the patients held out of training."""
    from tumorscope.datasets.discover import discover_examples  # noqa: PLC0415
    from tumorscope.datasets.splits import read_split  # noqa: PLC0415
    from tumorscope.domain.labels import NO_TUMOR  # noqa: PLC0415
    from tumorscope.evaluation.calibration.trust_layer import fit_trust_layer  # noqa: PLC0415
    from tumorscope.model.bundle import read_bundle  # noqa: PLC0415

    loaded = with_version(read_bundle(bundle), version)
    if NO_TUMOR not in loaded.manifest.class_names or loaded.manifest.input.channel_names is not None:
        raise EvaluationError("The trust layer is fitted for models of grey slices that tell tumour from none.")
    split = read_split(bundle / SPLIT_FILE, discover_examples(data, tuple(loaded.manifest.class_names)))
    write_fitted(bundle, fit_trust_layer(loaded, split))


def with_version(bundle: "Bundle", version: str | None) -> "Bundle":
    """The bundle under another version, unless that is None.

    Raises
    ------
    EvaluationError
        It is none.
    """
    from dataclasses import replace  # noqa: PLC0415

    from pydantic import ValidationError  # noqa: PLC0415

    from tumorscope.model.manifest import Manifest  # noqa: PLC0415

    if version is None:
        return bundle
    try:
        manifest = Manifest.model_validate({**bundle.manifest.model_dump(), "version": version})
    except ValidationError as error:
        raise EvaluationError(f"{version!r} is no version: MAJOR.MINOR.PATCH.") from error
    return replace(bundle, manifest=manifest)


def write_fitted(folder: Path, fitted: "Bundle") -> None:
    """Replace the bundle in the folder, and say what was measured."""
    from tumorscope.model.bundle import write_bundle  # noqa: PLC0415

    attached = {SPLIT_FILE: (folder / SPLIT_FILE).read_bytes()}
    write_bundle(folder, fitted.manifest, fitted.weights, fitted.golden_files, attached, fitted.scope, fitted.int8)
    console = Console()
    if fitted.manifest.trust is not None:
        for name, figure in fitted.manifest.trust.figures.items():
            console.print(name, f"{figure['value']:.3f}" if isinstance(figure, dict) and "value" in figure else figure)
    console.print(f"wrote {folder}")

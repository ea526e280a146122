"""``tumorscope calibrate``: a bundle and held-out patients in; the bundle with its trust layer out."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tumorscope.domain.errors import EvaluationError

if TYPE_CHECKING:
    from tumorscope.model.bundle import Bundle


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
    from tumorscope.model.bundle import SPLIT_FILE, read_bundle  # noqa: PLC0415

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


def replace_bundle(folder: Path, bundle: "Bundle", changes: Mapping[str, object]) -> str:
    """Write a bundle over that in the folder, whose split stays.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    bundle : Bundle
        What is written.
    changes : mapping
        Fields of the manifest that are other ones now.

    Returns
    -------
    str
        SHA-256 of the bundle.
    """
    from tumorscope.model.bundle import SPLIT_FILE, read_bundle, write_bundle  # noqa: PLC0415

    split = folder / SPLIT_FILE
    attached = {SPLIT_FILE: split.read_bytes()} if split.is_file() else {}
    manifest = bundle.manifest.model_copy(update=changes)
    write_bundle(folder, manifest, bundle.weights, bundle.golden_files, attached, bundle.scope, bundle.int8)
    return read_bundle(folder).sha256


def write_fitted(folder: Path, fitted: "Bundle") -> None:
    """Replace the bundle in the folder, and say what was measured."""
    replace_bundle(folder, fitted, {})
    console = Console()
    if fitted.manifest.trust is not None:
        for name, figure in fitted.manifest.trust.figures.items():
            console.print(name, f"{figure['value']:.3f}" if isinstance(figure, dict) and "value" in figure else figure)
    console.print(f"wrote {folder}")

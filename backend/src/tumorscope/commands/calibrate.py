"""``tumorscope calibrate``: a bundle and held-out patients in; the bundle with its trust layer out."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tumorscope.domain.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tumorscope.datasets.splits import Split
    from tumorscope.evaluation.studies.find import Study
    from tumorscope.model.bundle import Bundle

# Of five folds of people none is empty.
_MIN_PEOPLE = 5


def calibrate(
    bundle: Annotated[Path, typer.Argument(help="Folder of the model; its manifest is replaced.")],
    data: Annotated[Path, typer.Argument(help="What it was trained on; the bundle's split says who was held out.")],
    version: Annotated[str | None, typer.Option(help="Of the model from now on, MAJOR.MINOR.PATCH.")] = None,
) -> None:
    """Fit calibration, prediction sets, operating points, scope gate and the model of studies on held-out patients."""
    from tumorscope.datasets.discover import discover_examples
    from tumorscope.datasets.splits import read_split
    from tumorscope.domain.labels import NO_TUMOR
    from tumorscope.evaluation.calibration.trust_layer import fit_trust_layer
    from tumorscope.evaluation.studies.find import find_studies
    from tumorscope.model.bundle import SPLIT_FILE, read_bundle

    loaded = with_version(read_bundle(bundle), version)
    if NO_TUMOR not in loaded.manifest.class_names or loaded.manifest.input.channel_names is not None:
        raise EvaluationError("The trust layer is fitted for models of grey slices that tell tumour from none.")
    split = read_split(bundle / SPLIT_FILE, discover_examples(data, tuple(loaded.manifest.class_names)))
    trained_on = {example.patient_id for example in split.training}
    heads = [
        one for one in find_studies(data, trained_on | split.set_aside) if one.label == NO_TUMOR and len(one.files) == 1
    ]
    write_fitted(bundle, _with_study_model(fit_trust_layer(loaded, split), split, heads))


def _with_study_model(bundle: "Bundle", split: "Split", heads: "Sequence[Study]") -> "Bundle":
    """The bundle with a model of whole studies; as it is where people are too few."""
    from dataclasses import replace

    from rich.progress import Progress

    from tumorscope.evaluation.calibration.study_model import fit_study_model, read_known_tumors, read_studies
    from tumorscope.evaluation.evaluate import score_examples
    from tumorscope.inference.classifier import Classifier
    from tumorscope.inference.engines.choose import open_engine
    from tumorscope.training.volume_lesions import insert_lesion

    trust = bundle.manifest.trust
    if trust is None or len({one.patient_id for one in heads}) < _MIN_PEOPLE:
        return bundle
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("reading whole heads", total=len(heads) + len(split.validation))
        classifier = Classifier(bundle, open_engine(bundle).engine)
        readings = read_studies(classifier, heads, insert_lesion, lambda: progress.advance(task))
        scored = score_examples(classifier, split.validation, lambda: progress.advance(task))
    study = fit_study_model([*readings, *read_known_tumors(classifier, scored)], scored)
    Console().print("study", study.figures)
    changed = bundle.manifest.model_copy(update={"trust": trust.model_copy(update={"study": study})})
    return replace(bundle, manifest=changed)


def with_version(bundle: "Bundle", version: str | None) -> "Bundle":
    """The bundle under another version, unless that is None.

    Raises
    ------
    EvaluationError
        It is none.
    """
    from dataclasses import replace

    from pydantic import ValidationError

    from tumorscope.model.manifest import Manifest

    if version is None:
        return bundle
    try:
        manifest = Manifest.model_validate({**bundle.manifest.model_dump(), "version": version})
    except ValidationError as error:
        raise EvaluationError(f"{version!r} is no version: MAJOR.MINOR.PATCH.") from error
    return replace(bundle, manifest=manifest)


def replace_bundle(folder: Path, bundle: "Bundle", changes: Mapping[str, object]) -> str:
    """Write a bundle, with these fields of its manifest changed, over that in the folder; give its SHA-256."""
    from tumorscope.model.bundle import SPLIT_FILE, read_bundle, write_bundle

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

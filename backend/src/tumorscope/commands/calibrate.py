"""``tumorscope calibrate``: a bundle and held-out patients in; the bundle with its trust layer out."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console
from rich.progress import Progress

from tumorscope.domain.errors import EvaluationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tumorscope.datasets.example import Example
    from tumorscope.datasets.splits import Split
    from tumorscope.domain.scan import SequenceName, Slice
    from tumorscope.inference.engines.engine import Engine, Outputs
    from tumorscope.model.bundle import Bundle
    from tumorscope.model.manifest import TrustManifest

_BATCH = 16
_SPLIT_FILE = "split.json"
# So many slices of each collection are shown once more without scalp and skull, and so many drawn heads: the gate is to
# let the project's own examples pass.
_STRIPPED = 120
_PHANTOMS = 16
# In a sequence that so small a share of the tumours came in, tumours were hardly learned.
_LEARNED = 0.1


def calibrate(
    bundle: Annotated[Path, typer.Argument(help="Folder of the model; its manifest is replaced.")],
    data: Annotated[Path, typer.Argument(help="What it was trained on; the bundle's split says who was held out.")],
    version: Annotated[str | None, typer.Option(help="Of the model from now on, MAJOR.MINOR.PATCH.")] = None,
) -> None:
    """Fit temperature, prediction sets, operating points and scope gate on the patients held out of training."""
    from tumorscope.datasets.discover import discover_examples  # noqa: PLC0415
    from tumorscope.datasets.splits import read_split  # noqa: PLC0415
    from tumorscope.domain.labels import NO_TUMOR  # noqa: PLC0415
    from tumorscope.evaluation.release import answer_golden  # noqa: PLC0415
    from tumorscope.inference.classifier import Classifier  # noqa: PLC0415
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine  # noqa: PLC0415
    from tumorscope.model.bundle import Bundle, read_bundle, write_bundle  # noqa: PLC0415

    loaded = read_bundle(bundle)
    names = tuple(loaded.manifest.class_names)
    if NO_TUMOR not in names or loaded.manifest.input.channel_names is not None:
        raise EvaluationError("The trust layer is fitted for models of grey slices that tell tumour from none.")
    split = read_split(bundle / _SPLIT_FILE, discover_examples(data, names))
    engine = TensorFlowEngine(loaded)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("looking", total=len(split.validation) + len(split.training))
        temperature, trust, scope = _fit(loaded, engine, split, lambda: progress.advance(task))
    update = {"trust": trust, "temperature": temperature, "version": version or loaded.manifest.version}
    fitted = Bundle(loaded.manifest.model_copy(update=update), "", loaded.weights, loaded.golden_files, scope)
    golden = answer_golden(Classifier(fitted, engine))
    attached = {_SPLIT_FILE: (bundle / _SPLIT_FILE).read_bytes()}
    manifest = fitted.manifest.model_copy(update={"golden": golden})
    write_bundle(bundle, manifest, loaded.weights, loaded.golden_files, attached, scope)
    console = Console()
    for name, figure in trust.figures.items():
        console.print(name, f"{figure['value']:.3f}" if isinstance(figure, dict) else figure)
    console.print(f"wrote {bundle}")


def _fit(
    bundle: "Bundle", engine: "Engine", split: "Split", advance: Callable[[], None]
) -> "tuple[float, TrustManifest, dict[str, NDArray[np.float32]]]":
    """The temperature, what the manifest says, and the gate's arrays."""
    from dataclasses import replace  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415

    from tumorscope.evaluation import trust  # noqa: PLC0415
    from tumorscope.evaluation.release import as_logits, fit_temperature  # noqa: PLC0415
    from tumorscope.evaluation.scored import Scored  # noqa: PLC0415
    from tumorscope.inference.calibration import calibrate as apply_temperature  # noqa: PLC0415
    from tumorscope.inference.scope import measure_distance  # noqa: PLC0415
    from tumorscope.model.bundle import Bundle  # noqa: PLC0415
    from tumorscope.model.manifest import ScopeManifest, TrustManifest  # noqa: PLC0415

    names = tuple(bundle.manifest.class_names)
    held_out = _observe(bundle, engine, _read(split.validation), advance)
    features, groups = _observe_reference(bundle, engine, split.training, advance)
    scope = trust.fit_scope(features, groups)
    distances = measure_distance(Bundle(bundle.manifest, "", {}, {}, scope), held_out.features)
    assert distances is not None  # noqa: S101  (the bundle has a gate)
    scored = Scored.of(
        split.validation, apply_temperature(held_out.logits, 1.0), names, bundle.manifest.tumor_threshold
    )
    temperature = fit_temperature(scored)
    rules = trust.fit_rules(replace(scored, probabilities=apply_temperature(as_logits(scored), temperature)))
    kept_from = rules["balanced"].kept_from or {}
    figures = trust.measure_rules(scored)
    manifest = TrustManifest(
        coverage=trust.COVERAGE,
        kept_from={name: round(limit, 6) for name, limit in kept_from.items()},
        operating_points=trust.describe_points(rules, figures),
        scope=ScopeManifest(
            picture_limit=round(float(np.quantile(distances, 1 - trust.REFUSED_PICTURES)), 4),
            mr_limit=round(float(np.quantile(distances, 1 - trust.REFUSED_MR)), 4),
        ),
        tumor_sequences=_find_tumor_sequences(split.training),
        figures=figures,
    )
    return temperature, manifest, scope


def _find_tumor_sequences(training: "Sequence[Example]") -> "list[SequenceName]":
    """Those of at least a tenth of the tumours of known sequence."""
    from collections import Counter  # noqa: PLC0415

    from tumorscope.domain.labels import NO_TUMOR  # noqa: PLC0415
    from tumorscope.domain.scan import SequenceName  # noqa: PLC0415

    counts = Counter(example.sequence for example in training if example.label != NO_TUMOR and example.sequence)
    names: tuple[SequenceName, ...] = get_args(SequenceName)
    return [name for name in names if counts[name] >= _LEARNED * max(1, counts.total())]


def _read(examples: "Sequence[Example]") -> "list[Callable[[], Slice]]":
    from functools import partial  # noqa: PLC0415

    from tumorscope.datasets.example import read_example  # noqa: PLC0415

    return [partial(read_example, example) for example in examples]


def _observe(
    bundle: "Bundle", engine: "Engine", readers: "Sequence[Callable[[], Slice]]", advance: Callable[[], None]
) -> "Outputs":
    """What the network makes of slices, but for the activations, which would fill the memory."""
    import numpy as np  # noqa: PLC0415

    from tumorscope.inference.engines.engine import Outputs  # noqa: PLC0415
    from tumorscope.preprocessing.pipeline import to_model_input  # noqa: PLC0415

    parameters = bundle.manifest.preprocessing_parameters
    logits, features = [], []
    for start in range(0, len(readers), _BATCH):
        chosen = readers[start : start + _BATCH]
        outputs = engine.run(np.stack([to_model_input(read(), parameters).pixels for read in chosen]))
        logits.append(outputs.logits)
        features.append(outputs.features)
        for _ in chosen:
            advance()
    return Outputs(np.concatenate(logits), np.concatenate(features), np.empty(0, np.float32))


def _observe_reference(
    bundle: "Bundle", engine: "Engine", training: "Sequence[Example]", advance: Callable[[], None]
) -> "tuple[NDArray[np.float32], list[str]]":
    """Features of everything that the model was made from, and the collection of each."""
    import numpy as np  # noqa: PLC0415

    from tumorscope.domain.scan import Slice  # noqa: PLC0415
    from tumorscope.imaging.phantom import draw_phantom  # noqa: PLC0415
    from tumorscope.preprocessing.pipeline import to_model_input  # noqa: PLC0415
    from tumorscope.training.counterfactuals import strip_skull  # noqa: PLC0415

    rng = np.random.default_rng(0)
    groups = [f"{example.source} {example.plane or ''}" for example in training]
    seen = _observe(bundle, engine, _read(training), advance).features
    phantoms = [Slice(draw_phantom(seed, seed % 2 == 0), "png") for seed in range(2 * _PHANTOMS)]
    sources = np.array([example.source for example in training])
    chosen = [rng.permutation(np.flatnonzero(sources == source))[:_STRIPPED] for source in np.unique(sources)]
    stripped = []
    for row in np.concatenate(chosen):
        prepared = to_model_input(_read([training[row]])[0](), bundle.manifest.preprocessing_parameters).pixels
        left = strip_skull(prepared[:, :, 0], None, rng)
        if left is not None:
            stripped.append(np.repeat(left[0][:, :, None], 3, axis=2))
    without_skull = [
        engine.run(np.stack(stripped[start : start + _BATCH])).features for start in range(0, len(stripped), _BATCH)
    ]
    drawn = _observe(bundle, engine, [lambda one=one: one for one in phantoms], lambda: None).features  # type: ignore[misc]
    groups += ["stripped"] * len(stripped) + ["drawn"] * len(phantoms)
    return np.concatenate([seen, *without_skull, drawn]), groups

"""A bundle and held-out patients in; the bundle with what was fitted and measured on them out."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from tumorscope.datasets.example import Example, ImageFileReference, read_example
from tumorscope.datasets.skull_stripping import strip_skull
from tumorscope.datasets.splits import Split
from tumorscope.domain.errors import EvaluationError, GoldenMismatch
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.scan import SequenceName, Slice
from tumorscope.evaluation.calibration.agreement import check_agreement, compare_answers
from tumorscope.evaluation.calibration.cross_validation import (
    measure_decisions,
    measure_left_out_sources,
    with_decisions,
)
from tumorscope.evaluation.calibration.decision_limits import fit_decisions
from tumorscope.evaluation.calibration.release import answer_golden, measure_calibrated
from tumorscope.evaluation.calibration.scope_limits import (
    find_held_out_collection_limit,
    fit_scope,
    fit_scope_limits,
)
from tumorscope.evaluation.calibration.sequence_recognition import fit_sequences
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.classifier import Classifier, calibrate
from tumorscope.inference.engines.choose import open_engine
from tumorscope.inference.engines.engine import Engine
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.golden import check_golden_answers
from tumorscope.inference.scope import describe_slices, measure_distance
from tumorscope.model.bundle import Bundle
from tumorscope.preprocessing.pipeline import to_model_input

_BATCH = 16
CALIBRATION_SLICES = 300
"""Training slices that the scales of an int8 form are found on."""
# So many slices of each collection are shown once more without scalp and skull, and so many drawn heads: the gate is to
# let the project's own examples pass.
_STRIPPED = 120
_PHANTOMS = 16
# In a sequence that so small a share of the tumours came in, tumours were hardly learned.
_LEARNED = 0.1


@dataclass(frozen=True, slots=True)
class _Observed:
    """Of n slices: logits, shape (n, classes), and what the scope gate compares them by, shape (n, features)."""

    logits: NDArray[np.float32]
    described: NDArray[np.float32]


def fit_trust_layer(bundle: Bundle, split: Split) -> Bundle:
    """The bundle with its trust layer and golden answers; with an int8 form, measured beside the float32 network.

    Raises
    ------
    EvaluationError
        Its int8 form is too far from the float32 network.
    """
    engine, int8 = TensorFlowEngine(bundle, exact=True), open_int8(bundle)
    with Progress(console=Console(stderr=True)) as progress:
        held_out, reference = len(split.validation), len(split.training)
        # By the float32 network, and the held-out slices as TensorFlow serves them. With each engine of an int8 form
        # the held-out slices twice more: for its limits, and to compare the decisions.
        total = 2 * held_out + reference + 2 * len(int8) * held_out
        task = progress.add_task("calibrating", total=total)
        fitted = _fit(bundle, engine, int8, split, lambda: progress.advance(task))
        golden = answer_golden(Classifier(fitted, engine))
        fitted = replace(fitted, manifest=fitted.manifest.model_copy(update={"golden": golden}))
        return measure_int8(fitted, engine, int8, split, lambda: progress.advance(task)) if int8 else fitted


def measure_int8(
    bundle: Bundle, engine: Engine, int8: Sequence[Engine], split: Split, advance: Callable[[], None]
) -> Bundle:
    """The bundle with what its int8 form costs, by that of its engines that decides most slices otherwise.

    Raises
    ------
    EvaluationError
        Too much, on the held-out patients or on the golden images.
    """
    exact, measured = Classifier(bundle, engine), []
    for one in int8:
        fast = Classifier(bundle, one)
        found = compare_answers(exact, fast, split.validation, CALIBRATION_SLICES, advance)
        for name, value in found:
            Console().print(one.name, name, value)
        check_agreement(found)
        try:
            check_golden_answers(fast)
        except GoldenMismatch as error:
            raise EvaluationError(f"The int8 form is too far from the float32 network: {error}.") from error
        measured.append(found)
    furthest = max(measured, key=lambda found: found.different_decisions)
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"int8": furthest}))


def open_int8(bundle: Bundle) -> list[Engine]:
    """The engines that run its int8 form; empty without one."""
    if bundle.int8 is None:
        return []
    return [open_engine(bundle, "litert").engine, open_engine(bundle, "ncnn-int8").engine]


def _fit(bundle: Bundle, engine: Engine, int8: Sequence[Engine], split: Split, advance: Callable[[], None]) -> Bundle:
    """The bundle with scope gate, calibration, limits and their figures."""
    names = tuple(bundle.manifest.class_names)
    # Of all engines that could serve here, for limits that they fall on the same side of.
    engines = [engine, TensorFlowEngine(bundle, cpu_only=True), *int8]
    held_out = [_observe(bundle, one, _read(split.validation), advance) for one in engines]
    described, groups, shown = _observe_reference(bundle, engine, split.training, advance)
    sources, sequences = [one.source for one in shown], [one.sequence for one in shown]
    scope = fit_scope(described, groups) | fit_sequences(described[: len(shown)], sequences, sources)
    gated = replace(bundle, scope=scope)
    distances = np.array([measure_distance(gated, one.described) for one in held_out], np.float64)
    pictures = {group_of(one) for one in split.training if isinstance(one.image, ImageFileReference)}
    collection_limit = find_held_out_collection_limit(described, groups, sorted(pictures), gated)
    scored = Scored.of(split.validation, calibrate(held_out[0].logits, 1.0), names)
    decisions = fit_decisions(scored, [one.logits for one in held_out[1:]])
    figures = {**measure_decisions(scored), "ece_left_out": measure_left_out_sources(scored)}
    limits = fit_scope_limits(distances, collection_limit)
    manifest = with_decisions(bundle.manifest, decisions, figures, limits, _find_tumor_sequences(split.training))
    # Those of the curves and figures that go by probabilities are other ones now.
    calibration = (decisions.temperature, decisions.uniform_weight)
    metrics = measure_calibrated(scored, calibration, engine.name)
    return replace(bundle, manifest=manifest.model_copy(update={"metrics": metrics}), scope=scope)


def _find_tumor_sequences(training: Sequence[Example]) -> list[SequenceName]:
    """Those of at least a tenth of the tumours of known sequence."""
    counts = Counter(example.sequence for example in training if example.label != NO_TUMOR and example.sequence)
    names: tuple[SequenceName, ...] = get_args(SequenceName)
    return [name for name in names if counts[name] >= _LEARNED * max(1, counts.total())]


def _read(examples: Sequence[Example]) -> list[Callable[[], Slice]]:
    return [partial(read_example, example) for example in examples]


def group_of(example: Example) -> str:
    """What counts as one collection to the scope gate."""
    return f"{example.source} {example.plane or ''}"


def _observe(
    bundle: Bundle, engine: Engine, readers: Sequence[Callable[[], Slice]], advance: Callable[[], None]
) -> _Observed:
    parameters = bundle.manifest.preprocessing_parameters
    parts = []
    for start in range(0, len(readers), _BATCH):
        chosen = readers[start : start + _BATCH]
        parts.append(_look(engine, np.stack([to_model_input(read(), parameters).pixels for read in chosen])))
        for _ in chosen:
            advance()
    return _Observed(np.concatenate([one.logits for one in parts]), np.concatenate([one.described for one in parts]))


def _look(engine: Engine, pixels: NDArray[np.float32]) -> _Observed:
    outputs = engine.run(pixels)
    return _Observed(outputs.logits, describe_slices(outputs.features, pixels))


def _observe_reference(
    bundle: Bundle, engine: Engine, training: Sequence[Example], advance: Callable[[], None]
) -> tuple[NDArray[np.float32], list[str], list[Example]]:
    """What all that the model was made from is compared by, the group of each, and the examples that come first."""
    rng = np.random.default_rng(0)
    groups = [group_of(example) for example in training]
    seen = _observe(bundle, engine, _read(training), advance).described
    phantoms = [Slice(draw_phantom(seed, seed % 2 == 0), "png") for seed in range(2 * _PHANTOMS)]
    sources = np.array([example.source for example in training])
    chosen = [rng.permutation(np.flatnonzero(sources == source))[:_STRIPPED] for source in np.unique(sources)]
    stripped, shown = [], list(training)
    for row in np.concatenate(chosen):
        prepared = to_model_input(_read([training[row]])[0](), bundle.manifest.preprocessing_parameters).pixels
        left = strip_skull(prepared[:, :, 0], None, rng)
        if left is not None:
            stripped.append(np.repeat(left[0][:, :, None], 3, axis=2))
            shown.append(training[row])
    without_skull = [
        _look(engine, np.stack(stripped[start : start + _BATCH])).described for start in range(0, len(stripped), _BATCH)
    ]
    drawn = _observe(bundle, engine, [lambda one=one: one for one in phantoms], lambda: None).described  # type: ignore[misc]
    groups += ["stripped"] * len(stripped) + ["drawn"] * len(phantoms)
    return np.concatenate([seen, *without_skull, drawn]), groups, shown

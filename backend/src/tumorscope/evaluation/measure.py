"""A classifier and data in, everything that report and card show out, as one JSON document."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tumorscope import NOTICE
from tumorscope.datasets.example import Example
from tumorscope.evaluation.calibration.cross_validation import cross_fit
from tumorscope.evaluation.data import EvaluationData
from tumorscope.evaluation.evaluate import answer_examples, answer_studies, check_labels, score_examples
from tumorscope.evaluation.metrics.baselines import measure_baselines
from tumorscope.evaluation.metrics.bootstrap import CONFIDENCE, ROUNDS
from tumorscope.evaluation.metrics.decisions import Judged, count_decisions
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.evaluation.metrics.summary import summarise
from tumorscope.evaluation.studies.find import Study
from tumorscope.inference.classifier import Classifier

HELD_OUT, EXTERNAL = "held-out patients", "external data"
"""Groups of people: of the collections that were trained on; of collections of which nobody was trained on."""


def measure(classifier: Classifier, data: EvaluationData, advance: Callable[[], None]) -> tuple[dict[str, Any], Scored]:
    """Evaluate a model.

    Where calibration and limits were fitted on the part, each of its people is answered with those that were fitted on
    the other four fifths of them: nothing is reported on the patients that it was chosen on.

    Returns
    -------
    dict
        The content of ``metrics.json``, but for the command, which the caller knows.
    Scored
        The answers to the part, in the examples' order.
    """
    manifest = classifier.bundle.manifest
    class_names = tuple(manifest.class_names)
    check_labels(data.part, class_names)
    if data.fitted_on:
        check_labels(data.fitted_on, class_names)
    fitted = cross_fit(classifier, score_examples(classifier, data.part, advance)) if data.chose_calibration else {}

    def classifier_of(case: Example | Study) -> Classifier:
        return fitted.get(case.patient_id, classifier)

    predictions = answer_examples(classifier_of, data.part, advance)
    scored = Scored.of_predictions(data.part, predictions, class_names)
    external = answer_examples(classifier_of, data.external, advance)
    studies = answer_studies(classifier_of, data.studies, advance)
    group = HELD_OUT if data.part_name == "validation" else f"{data.part_name} data"
    people = {example.patient_id for example in data.part}
    slices = [Judged(case, group, answer) for case, answer in zip(data.part, predictions, strict=True)]
    slices += [Judged(case, EXTERNAL, answer) for case, answer in zip(data.external, external, strict=True)]
    whole = [
        Judged(case, group if case.patient_id in people else EXTERNAL, answer)
        for case, answer in zip(data.studies, studies, strict=True)
    ]
    whole.sort(key=lambda one: one.group == EXTERNAL)
    baselines = (
        measure_baselines(data.fitted_on, data.part, scored, manifest.preprocessing_parameters, advance)
        if data.fitted_on
        else {}
    )
    return {
        "notice": NOTICE,
        "model": {"name": manifest.name, "version": manifest.version, "sha256": classifier.bundle.sha256},
        "engine": classifier.engine.name,
        "operating_point": None if manifest.trust is None else classifier.operating_point,
        "chose_calibration": data.chose_calibration,
        "measured": datetime.now(UTC).date().isoformat(),
        "intervals": {"rounds": ROUNDS, "confidence": CONFIDENCE, "drawn": "patients"},
        "decisions": {"slices": count_decisions(slices, class_names), "studies": count_decisions(whole, class_names)},
        **summarise(scored, data.part_name, data.split_sha256),
        "baselines": baselines,
    }, scored

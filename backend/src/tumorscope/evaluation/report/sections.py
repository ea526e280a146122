"""The content of metrics.json in, sections and tables of text out, for README, report and model card alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tumorscope.evaluation.metrics.baselines import COMPARED, TITLES
from tumorscope.evaluation.metrics.decisions import ANSWERS, FEWEST_PEOPLE
from tumorscope.evaluation.metrics.figures import DEFINITIONS
from tumorscope.model.manifest import TrustManifest

Table = list[list[str]]
"""Rows; the first is the head."""

_DECISIONS_NOTE = (
    "What the service answers at its default operating point. 'Right' counts the answers 'tumor' and 'no_tumor' that "
    "are right; where the truth states the kind of tumour, the kind has to be right too. In brackets: 95 % intervals, "
    f"by bootstrap over people. Of fewer than {FEWEST_PEOPLE} people or answers: counts."
)
_HELD_OUT_NOTE = (
    "Held-out patients are of the collections that the model was trained on; each is answered with calibration and "
    "limits that were fitted on the other four fifths of them (whole studies: on all others). These counts are of one "
    "such division; the section on cross-validation has the mean over several, and their spread. External data are "
    "collections that the model was neither trained nor calibrated on; designs were compared on them too, so that they "
    "are not quite unseen."
)
_UNITS = {"slices": "Slices", "studies": "Whole studies"}

_TRUTHS = {"tumor": "tumour", "no_tumor": "no tumour"}
_GROUPED = ("accuracy", "tumor_auc")

PLOTS = {
    "decisions": "Decisions by source",
    "confusion_matrix": "Confusion matrix",
    "roc": "ROC curves",
    "precision_recall": "Precision against recall",
    "calibration": "Calibration",
}
"""What each plot shows."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of level 2 or 3, a paragraph, a table and plots by name; all but the heading may be empty."""

    title: str
    words: str = ""
    table: Table = field(default_factory=list)
    plots: tuple[str, ...] = ()
    level: int = 2


def describe_evaluation(metrics: Mapping[str, Any]) -> list[Section]:
    """What was measured, what users get first."""
    engine = f"By the engine `{metrics['engine']}`; another one decides a few in a thousand slices otherwise."
    note = f"{_DECISIONS_NOTE} {engine}"
    if metrics["chose_calibration"]:
        note = f"{note} {_HELD_OUT_NOTE}"
    answers = {unit: _decision_table(metrics["decisions"], unit) for unit in _UNITS}
    sections = [
        Section("What it answers", note, plots=("decisions",)),
        *(Section(_UNITS[unit], table=table, level=3) for unit, table in answers.items() if metrics["decisions"][unit]),
        Section(
            "Threshold figures, as the literature reports them",
            f"{_data_sentence(metrics)} These figures ask for the most probable class, or for the order of the "
            "probabilities. They count every slice, also those that the service leaves uncertain. Intervals are 95 %, "
            "by bootstrap over patients.",
            figure_table(metrics["figures"]),
            ("confusion_matrix", "roc", "precision_recall", "calibration"),
        ),
        Section("Classes", table=_class_table(metrics), level=3),
    ]
    if metrics["baselines"]:
        words = (
            "Each is a small decision tree on one feature, fitted on the training part. Where one comes near, the "
            "data gives the class away, and the model deserves no credit."
        )
        sections.append(Section("Beside single-feature baselines", words, _comparison_table(metrics), level=3))
    return [
        *sections,
        *(Section(f"By {by}", table=_breakdown_table(metrics, by), level=3) for by in metrics["breakdown"]),
    ]


def _decision_table(decisions: Mapping[str, Any], unit: str) -> Table:
    """How slices or studies are answered, a row for each group and truth; `unit` is the head of their column."""
    rows = [
        [row["name"], _TRUTHS[row["truth"]], str(row["count"]), str(row["people"]), *_show_answers(row)]
        for row in decisions[unit]
    ]
    return [["", "truth", unit, "people", *(f"`{answer}`" for answer in ANSWERS.values()), "right"], *rows]


def short_decision_table(decisions: Mapping[str, Any]) -> Table:
    """Slices and studies of all groups in one table, without intervals."""
    rows = [
        {**row, "name": f"{title.lower()}, {row['name']}", "intervals": None}
        for unit, title in _UNITS.items()
        for row in decisions[unit]
        if row["by"] == "all"
    ]
    return _decision_table({"number": rows}, "number")


def _show_answers(row: Mapping[str, Any]) -> list[str]:
    """The cells of the four answers, and of how many are right."""
    answered = row["tumor"] + row["no_tumor"]
    of = {**dict.fromkeys(ANSWERS.values(), row["count"]), "right": answered}
    intervals = row["intervals"] or {}
    return [show_share(row[name], of[name], row["people"], intervals.get(name)) for name in of]


def show_share(count: int, total: int, people: int, interval: Sequence[float] | None = None) -> str:
    """A share for readers: of few people or cases a count, else a percentage, with its interval where there is one."""
    if not total:
        return "–"
    if min(people, total) < FEWEST_PEOPLE:
        return f"{count} of {total}"
    share = f"{100 * count / total:.1f} %"
    return share if interval is None else f"{share} ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"


def cross_validation_table(trust: TrustManifest) -> Table:
    """How calibration and limits do on patients that they were not fitted on."""
    figures = trust.figures
    names = {
        **{
            name: f"prediction set holds the truth, {to_words(name.removeprefix('coverage_'))}"
            for name in figures
            if name.startswith("coverage_")
        },
        "mean_set_size": "classes in a prediction set",
        "ece": "expected calibration error",
        "brier": "Brier score, over all classes",
    }
    for point in trust.operating_points:
        names |= {
            f"{point}_answered": f"`{point}`: answered, not uncertain",
            f"{point}_right_of_answered": f"`{point}`: of the answers, right",
            f"{point}_tumor_called_none": f"`{point}`: slices with a tumour answered 'no_tumor'",
            f"{point}_tumor_called_tumor": f"`{point}`: slices with a tumour answered 'tumor'",
            f"{point}_none_called_tumor": f"`{point}`: slices without a tumour answered 'tumor'",
        }
    left_out = [
        [f"expected calibration error on {source}, calibrated without it", f"{value:.3f}", "–"]
        for source, value in figures["ece_left_out"].items()
    ]
    rows = [
        [words, f"{figures[key]['value']:.3f}", f"{figures[key]['spread']:.3f}"]
        for key, words in names.items()
        if key in figures
    ]
    return [["figure", "mean", "standard deviation"], *rows, *left_out]


def _data_sentence(metrics: Mapping[str, Any]) -> str:
    """What was evaluated, in a sentence."""
    data = metrics["data"]
    labels = ", ".join(f"{count} {to_words(name)}" for name, count in data["labels"].items())
    return f"{data['slices']} slices of {data['patients']} patients ({data['part']} part): {labels}."


def figure_table(figures: Mapping[str, Any]) -> Table:
    """One row a threshold figure, with its interval and meaning."""
    rows = [
        [
            DEFINITIONS[name].title,
            *_split(name, figure),
            str(figure["n"]),
            str(figure["patients"]),
            DEFINITIONS[name].meaning,
        ]
        for name, figure in figures.items()
    ]
    return [["figure", "value", "95 % interval", "slices", "patients", "what it is"], *rows]


def _class_table(metrics: Mapping[str, Any]) -> Table:
    """Precision, recall, F1 and area of each class."""
    shown = {
        "precision": "precision",
        "recall": "recall",
        "f1": "F1",
        "auc": "ROC area",
        "average_precision": "PR area",
    }
    rows = [
        [to_words(name), *(_show(key, figures.get(key)) for key in shown)]
        for name, figures in metrics["classes"].items()
    ]
    return [["class", *shown.values()], *rows]


def _comparison_table(metrics: Mapping[str, Any]) -> Table:
    """The model beside the baselines."""
    shown = [name for name in COMPARED if name in metrics["figures"]]
    contenders = {"this model": metrics["figures"]} | {
        TITLES[name]: figures for name, figures in metrics["baselines"].items()
    }
    rows = [[title, *(_show(name, figures.get(name)) for name in shown)] for title, figures in contenders.items()]
    return [["", *(DEFINITIONS[name].title for name in shown)], *rows]


def _breakdown_table(metrics: Mapping[str, Any], by: str) -> Table:
    """One row a source, plane or sequence."""
    groups = metrics["breakdown"][by]
    shown = [name for name in _GROUPED if any(name in group["figures"] for group in groups.values())]
    rows = [
        [name, str(group["slices"]), str(group["patients"]), *(_show(f, group["figures"].get(f)) for f in shown)]
        for name, group in groups.items()
    ]
    return [[by, "slices", "patients", *(DEFINITIONS[name].title for name in shown)], *rows]


def to_words(name: str) -> str:
    """A class or curve for readers: ``no_tumor`` becomes "no tumor"."""
    return name.replace("_", " ")


def _split(name: str, figure: Mapping[str, Any]) -> tuple[str, str]:
    """A figure's value, and its interval where there is one; of few patients a count, or nothing."""
    if figure["patients"] < FEWEST_PEOPLE:
        total = figure.get(DEFINITIONS[name].counts or "") if name in DEFINITIONS else None
        return ("–" if total is None else f"{round(figure['value'] * total)} of {total}"), ""
    low, high = figure["low"], figure["high"]
    return f"{figure['value']:.3f}", "" if low is None else f"{low:.3f} to {high:.3f}"


def _show(name: str, figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return "–"
    value, interval = _split(name, figure)
    return f"{value} ({interval})" if interval else value

"""The content of metrics.json in, tables of text out, for the report and the model card alike; first the head row."""

from collections.abc import Mapping
from typing import Any

from tumorscope.evaluation.metrics.baselines import TITLES
from tumorscope.evaluation.metrics.definitions import DEFINITIONS

Table = list[list[str]]

_COMPARED = ("accuracy", "macro_f1", "tumor_auc", "tumor_auc_same_collections", "tumor_auc_within_collection")
_GROUPED = ("accuracy", "tumor_sensitivity", "tumor_specificity", "tumor_auc")


def data_sentence(metrics: Mapping[str, Any]) -> str:
    """What was evaluated, in a sentence."""
    data = metrics["data"]
    labels = ", ".join(f"{count} {to_words(name)}" for name, count in data["labels"].items())
    return f"{data['slices']} slices of {data['patients']} patients ({data['part']} part): {labels}."


def figure_table(figures: Mapping[str, Any]) -> Table:
    """One row a figure, with its interval and meaning."""
    rows = [
        [
            DEFINITIONS[name].title,
            *value_and_interval(figure),
            str(figure["n"]),
            str(figure["patients"]),
            DEFINITIONS[name].meaning,
        ]
        for name, figure in figures.items()
    ]
    return [["figure", "value", "95 % interval", "slices", "patients", "what it is"], *rows]


def class_table(metrics: Mapping[str, Any]) -> Table:
    """Precision, recall, F1 and area of each class."""
    shown = {"precision": "precision", "recall": "recall", "f1": "F1", "auc": "area"}
    rows = [
        [to_words(name), *(_with_interval(figures.get(key)) for key in shown)]
        for name, figures in metrics["classes"].items()
    ]
    return [["class", *shown.values()], *rows]


def comparison_table(metrics: Mapping[str, Any]) -> Table:
    """The model beside the baselines."""
    shown = [name for name in _COMPARED if name in metrics["figures"]]
    contenders = {"this model": metrics["figures"]} | {
        TITLES[name]: figures for name, figures in metrics["baselines"].items()
    }
    rows = [[title, *(_with_interval(figures.get(name)) for name in shown)] for title, figures in contenders.items()]
    return [["", *(DEFINITIONS[name].title for name in shown)], *rows]


def breakdown_table(metrics: Mapping[str, Any], by: str) -> Table:
    """One row a source, plane or sequence."""
    groups = metrics["breakdown"][by]
    shown = [name for name in _GROUPED if any(name in group["figures"] for group in groups.values())]
    rows = [
        [name, str(group["slices"]), str(group["patients"]), *(_with_interval(group["figures"].get(f)) for f in shown)]
        for name, group in groups.items()
    ]
    return [[by, "slices", "patients", *(DEFINITIONS[name].title for name in shown)], *rows]


def leakage_table(parts: Mapping[str, Any]) -> Table:
    """The official testing part beside the part of it without near-duplicates in training."""
    shown = [name for name in _COMPARED if all(name in part["figures"] for part in parts.values())]
    rows = [
        [title, str(part["data"]["slices"]), *(_with_interval(part["figures"][name]) for name in shown)]
        for title, part in parts.items()
    ]
    return [["part", "slices", *(DEFINITIONS[name].title for name in shown)], *rows]


def to_words(name: str) -> str:
    """A class or curve for readers: ``no_tumor`` becomes "no tumor"."""
    return name.replace("_", " ")


def value_and_interval(figure: Mapping[str, Any]) -> tuple[str, str]:
    """A figure's value, and its interval where there is one, to three digits."""
    low, high = figure["low"], figure["high"]
    return f"{figure['value']:.3f}", "" if low is None else f"{low:.3f} to {high:.3f}"


def _with_interval(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return "–"
    value, interval = value_and_interval(figure)
    return f"{value} ({interval})" if interval else value

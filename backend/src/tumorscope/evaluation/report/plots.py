"""The content of metrics.json in, plots out."""

import io
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from tumorscope.evaluation.metrics.summary import TUMOR_AGAINST_NONE
from tumorscope.evaluation.report.sections import to_words

Metrics = Mapping[str, Any]

# Okabe and Ito's colours, which people who confuse red and green can tell apart.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_INK, _FAINT = "#1b1f24", "#9aa3ad"
_DPI = 110


def draw_plots(metrics: Metrics) -> dict[str, bytes]:
    """Every plot that the figures allow, as PNG by name."""
    bars = len(_source_rows(metrics))
    drawings: dict[str, tuple[bool, Callable[[Axes, Metrics], None], tuple[float, float]]] = {
        "roc": (bool(metrics["curves"]), _draw_roc, (4.8, 4.6)),
        "precision_recall": (bool(metrics["curves"]), _draw_precision_recall, (4.8, 4.6)),
        "confusion_matrix": (bool(np.sum(metrics["confusion_matrix"])), _draw_confusion, (4.8, 4.6)),
        "calibration": (bool(metrics["calibration"]), _draw_calibration, (4.8, 4.6)),
        "decisions": (bool(bars), _draw_decisions, (9.6, 1.2 + 0.28 * bars)),
    }
    return {name: _render(draw, metrics, size) for name, (has_content, draw, size) in drawings.items() if has_content}


def _render(draw: Callable[[Axes, Metrics], None], metrics: Metrics, size: tuple[float, float]) -> bytes:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes, metrics)
    axes.tick_params(labelsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()


def _draw_roc(axes: Axes, metrics: Metrics) -> None:
    axes.plot([0, 1], [0, 1], color=_FAINT, lw=1, ls=":")
    for color, (name, curve) in zip(cycle(_COLORS), metrics["curves"].items(), strict=False):
        label = f"{to_words(name)} ({curve['auc']['value']:.3f})"
        axes.plot(curve["roc"]["fpr"], curve["roc"]["tpr"], color=color, lw=_width(name), label=label)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title="ROC (area)", xlim=(-0.01, 1), ylim=(0, 1.01))
    axes.legend(loc="lower right", fontsize=8.5, frameon=False)


def _draw_precision_recall(axes: Axes, metrics: Metrics) -> None:
    for color, (name, curve) in zip(cycle(_COLORS), metrics["curves"].items(), strict=False):
        points = curve["precision_recall"]
        label = f"{to_words(name)} ({curve['average_precision']['value']:.3f})"
        axes.plot(points["recall"], points["precision"], color=color, lw=_width(name), label=label)
    axes.set(xlabel="recall", ylabel="precision", title="Precision and recall (area)", xlim=(0, 1.01), ylim=(0, 1.01))
    axes.legend(loc="lower left", fontsize=8.5, frameon=False)


def _draw_confusion(axes: Axes, metrics: Metrics) -> None:
    counts = np.array(metrics["confusion_matrix"], float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap=LinearSegmentedColormap.from_list("share", ["white", _COLORS[0]]), vmin=0, vmax=1)
    names = [to_words(name) for name in metrics["class_names"]]
    axes.set_xticks(range(len(names)), names, rotation=20)
    axes.set_yticks(range(len(names)), names)
    for (row, column), share in np.ndenumerate(shares):
        # Ink that can be read on the cell, whose blue is dark.
        ink = "white" if share > 0.5 else _INK
        text = f"{int(counts[row, column])}\n{share:.0%}"
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=9.5)
    axes.set(xlabel="most probable class", ylabel="truth", title="Confusion (share of the truth)")


def _draw_calibration(axes: Axes, metrics: Metrics) -> None:
    bins = metrics["calibration"]
    total = sum(bin_["n"] for bin_ in bins)
    for bin_ in bins:
        width = bin_["high"] - bin_["low"]
        axes.bar(bin_["low"], bin_["n"] / total, width, align="edge", color=_FAINT, alpha=0.45)
    axes.plot([0, 1], [0, 1], color=_FAINT, lw=1, ls=":")
    axes.plot(
        [bin_["confidence"] for bin_ in bins],
        [bin_["accuracy"] for bin_ in bins],
        "o-",
        color=_COLORS[0],
        ms=4,
        lw=1.8,
    )
    error = metrics["figures"]["ece"]["value"]
    axes.set(
        xlabel="probability of the most probable class",
        ylabel="how often it is right; bars: share of slices",
        title=f"Calibration (ECE {error:.3f})",
        xlim=(0, 1.01),
        ylim=(0, 1.03),
    )


def _draw_decisions(axes: Axes, metrics: Metrics) -> None:
    """A stacked bar a source and truth: right, wrong, uncertain, refused."""
    rows = _source_rows(metrics)
    names, left = [], np.zeros(len(rows))
    blue, orange = _COLORS[:2]
    parts = {
        "right": (blue, [row["right"] for _, row in rows]),
        "wrong": (orange, [row["tumor"] + row["no_tumor"] - row["right"] for _, row in rows]),
        "uncertain": (_FAINT, [row["uncertain"] for _, row in rows]),
        "refused": (_INK, [row["refused"] for _, row in rows]),
    }
    for unit, row in rows:
        truth = "tumour" if row["truth"] == "tumor" else "no tumour"
        names.append(f"{row['name']}, {truth} ({row['count']} {unit})")
    counts = np.array([row["count"] for _, row in rows])
    for label, (color, values) in parts.items():
        shares = np.array(values) / counts
        axes.barh(range(len(rows)), shares, left=left, color=color, label=label, height=0.7)
        left += shares
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), title="Answers by source")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.04), ncols=len(parts), fontsize=8.5, frameon=False)


def _source_rows(metrics: Metrics) -> list[tuple[str, Mapping[str, Any]]]:
    return [(unit, row) for unit, rows in metrics["decisions"].items() for row in rows if row["by"] == "source"]


def _width(name: str) -> float:
    return 2.4 if name == TUMOR_AGAINST_NONE else 1.4

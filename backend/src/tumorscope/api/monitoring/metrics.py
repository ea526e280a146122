"""Events of the service in, Prometheus counters and histograms out; no file name, path or patient data."""

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from tumorscope.api.http.errors import STATUS
from tumorscope.domain.prediction import Decision
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.pipeline import StudyPrediction
from tumorscope.inference.scope import has_mr_limit
from tumorscope.presentation.answer import Timing

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SLICES = (1, 2, 4, 8, 16, 32, 64)
# Finer at the ends, where a confident model has most of its predictions.
_PROBABILITIES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
_DISTANCES = (0.05, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.4, 0.6, 1)

# Labels have few values, whatever a client sends: an unknown method is "other", an unknown path is not recorded.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD = "other"
_NONE = "none"


class Metrics:
    """The collectors of one application, in a registry of their own; any thread may change them."""

    def __init__(self) -> None:
        # These would state when each series started, which Prometheus finds out by itself.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"tumorscope_{name}", text, labels, registry=self.registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"tumorscope_{name}", text, labels, buckets=buckets, registry=self.registry)

        self.requests = counter(
            "requests", "Answered requests; code is the problem's, or none.", "route", "method", "status", "code"
        )
        self.stream_failures = counter(
            "stream_failures", "Streams that started with status 200 and ended with a problem.", "code"
        )
        self.request_seconds = histogram(
            "request_duration_seconds", "Duration of whole requests, including upload and queue.", _SECONDS, "route"
        )
        self.upload_seconds = histogram(
            "upload_duration_seconds", "Duration of reading the files of a request.", _SECONDS
        )
        self.wait_seconds = histogram("queue_wait_seconds", "Time that requests spend in the queue.", _SECONDS, "lane")
        self.stage_seconds = histogram(
            "stage_duration_seconds",
            "Duration of the steps of a prediction of a slice or volume: decode, preprocess, inference, explain, total;"
            " and of inference on prepared tensors (/v2).",
            _SECONDS,
            "stage",
            "scan",
        )
        self.batch_slices = histogram("batch_slices", "Slices per batch that a request sends to the engine.", _SLICES)
        version = "model_version"
        self.decisions = counter(
            "decisions", "Predictions; label is the kind of tumour, or none.", version, "decision", "label"
        )
        self.reasons = counter(
            "reasons", "Reasons of predictions that are uncertain or out of scope.", version, "decision", "reason"
        )
        self.tumor_probability = histogram(
            "tumor_probability", "Tumour probability of predictions in scope.", _PROBABILITIES, version
        )
        self.class_probability = histogram(
            "class_probability", "Class probabilities of predictions in scope.", _PROBABILITIES, version, "class_name"
        )
        self.scope_distance = histogram(
            "scope_distance",
            "Out-of-distribution score of slices; source is mr if the file states it, else picture.",
            _DISTANCES,
            version,
            "source",
        )
        self.inputs = counter("inputs", "Decoded studies.", "format")
        self.warnings = counter("warnings", "Warnings about inputs.", "code")
        # Prometheus sees no increase from an absent series to 1, so the series of alerts exist from the start.
        for error, status in STATUS.items():
            if "code" in vars(error):
                self.requests.labels("/predict", "POST", str(status), error.code)
                self.stream_failures.labels(error.code)


def record_request(
    metrics: Metrics, route: str | None, method: str, status: int | None, code: str | None, seconds: float
) -> None:
    """Count an answered request: no route if none matches, no status if the connection ended before the answer."""
    known_method = method if method in _METHODS else _OTHER_METHOD
    metrics.requests.labels(route or _NONE, known_method, str(status or _NONE), code or _NONE).inc()
    metrics.request_seconds.labels(route or _NONE).observe(seconds)


def record_prediction(metrics: Metrics, classifier: Classifier, result: StudyPrediction, timing: Timing) -> None:
    """Count a prediction, how long its steps took, and what its probabilities are."""
    scan = "volume" if result.is_volume else "slice"
    for stage, milliseconds in timing:
        metrics.stage_seconds.labels(stage, scan).observe(milliseconds / 1000)
    version = classifier.bundle.manifest.version
    prediction = result.prediction
    metrics.decisions.labels(version, prediction.decision.value, prediction.label or _NONE).inc()
    for reason in prediction.reasons:
        metrics.reasons.labels(version, prediction.decision.value, reason.code).inc()
    metrics.inputs.labels(result.shown_scan.source_format).inc()
    for warning in result.warnings:
        metrics.warnings.labels(warning.code).inc()
    if (distance := result.shown.scope_distance) is not None:
        source = "mr" if has_mr_limit(result.shown_scan) else "picture"
        metrics.scope_distance.labels(version, source).observe(distance)
    if prediction.decision is Decision.OUT_OF_SCOPE:
        return
    if prediction.tumor_probability is not None:
        metrics.tumor_probability.labels(version).observe(prediction.tumor_probability)
    for name, probability in prediction.probabilities.items():
        metrics.class_probability.labels(version, name).observe(probability)

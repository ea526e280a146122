"""The sequence of a volume is recognised from what its slices look like to the network."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tests.factories import make_manifest
from tumorscope.evaluation.calibration.sequence_recognition import fit_sequences
from tumorscope.inference.classifier import SEQUENCES, name_sequence, recognise_sequences
from tumorscope.model.bundle import Bundle

_RNG = np.random.default_rng(0)


def _describe(name: str, count: int) -> NDArray[np.float32]:
    """Noise about a direction of the sequence's own, of length 1."""
    rows = _RNG.normal(0, 0.02, (count, 12)) + np.eye(12)[SEQUENCES.index(name)]
    described: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return described


def _fit(counts: dict[str, int]) -> dict[str, NDArray[np.float32]]:
    described = np.concatenate([_describe(name, count) for name, count in counts.items()])
    sequences = [name for name, count in counts.items() for _ in range(count)]
    return fit_sequences(described, sequences, [f"{name} {row % 3}" for row, name in enumerate(sequences)])


_BUNDLE = Bundle(make_manifest(), "", {}, {}, _fit({"flair": 40, "t1": 400, "t1ce": 20, "t2": 9}))


def test_each_sequence_is_recognised_however_rare_it_was() -> None:
    for number, name in enumerate(SEQUENCES):
        shares = recognise_sequences(_BUNDLE, _describe(name, 50))
        assert shares is not None
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        assert (shares.argmax(axis=1) == number).all()
        assert name_sequence(list(shares)) == name


def test_slices_without_a_majority_name_no_sequence() -> None:
    assert name_sequence([np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.5, 0.3, 0.1])]) is None
    assert name_sequence([]) is None


def test_without_slices_of_every_sequence_nothing_is_learned() -> None:
    assert _fit({"t1": 20, "t2": 20}) == {}
    assert (
        recognise_sequences(replace(_BUNDLE, scope={"reference": np.ones((1, 12), np.float32)}), _describe("t1", 1))
        is None
    )

"""Examples and the model's answers in, one table of both out, with the questions that figures ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.prediction import Prediction

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Classified slices, one row each.

    Parameters
    ----------
    labels, patients, sources : ndarray, shape (n,), str
        The truth, the group for the bootstrap, the collection.
    planes, sequences : ndarray, shape (n,), str
        Empty where the source does not say.
    volumes : ndarray, shape (n,), str
        Which volume the slice is of; empty for an image.
    probabilities : ndarray, shape (n, classes)
        The model's answers, calibrated.
    class_names : tuple of str
        Of the columns.
    """

    labels: NDArray[np.str_]
    patients: NDArray[np.str_]
    sources: NDArray[np.str_]
    planes: NDArray[np.str_]
    sequences: NDArray[np.str_]
    volumes: NDArray[np.str_]
    probabilities: NDArray[np.float64]
    class_names: tuple[str, ...]

    @classmethod
    def of(
        cls,
        examples: Sequence[Example],
        probabilities: NDArray[np.float64],
        class_names: tuple[str, ...],
    ) -> Self:
        """Examples beside the answers to them, in one order."""
        return cls(
            labels=np.array([example.label for example in examples]),
            patients=np.array([example.patient_id for example in examples]),
            sources=np.array([example.source for example in examples]),
            planes=np.array([example.plane or "" for example in examples]),
            sequences=np.array([example.sequence or "" for example in examples]),
            volumes=np.array([_volume_of(example) for example in examples]),
            probabilities=probabilities,
            class_names=class_names,
        )

    @classmethod
    def of_predictions(
        cls, examples: Sequence[Example], predictions: Sequence[Prediction], class_names: tuple[str, ...]
    ) -> Self:
        """Examples beside the pipeline's predictions, in one order."""
        rows = [[prediction.probabilities[name] for name in class_names] for prediction in predictions]
        return cls.of(examples, np.array(rows), class_names)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.int_] | Mask) -> "Scored":
        """Some of the rows."""
        columns = (field.name for field in fields(self) if field.name != "class_names")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    @property
    def predicted(self) -> NDArray[np.str_]:
        """The most probable class of each."""
        names: NDArray[np.str_] = np.asarray(self.class_names)[self.probabilities.argmax(axis=1)]
        return names

    @property
    def knows_no_tumor(self) -> bool:
        """Whether the model tells tumour from none; a model of grades does not."""
        return NO_TUMOR in self.class_names

    @property
    def tumor_probability(self) -> NDArray[np.float64]:
        """1 - P(no_tumor) of each; only for a model that `knows_no_tumor`."""
        result: NDArray[np.float64] = 1 - self.probabilities[:, self.class_names.index(NO_TUMOR)]
        return result

    @property
    def kinds(self) -> tuple[str, ...]:
        """The classes that are tumours."""
        return tuple(name for name in self.class_names if name != NO_TUMOR)

    @property
    def of_known_class(self) -> Mask:
        """Whether the truth of each is a class of the model, and not a tumour of unstated kind."""
        return np.isin(self.labels, self.class_names)

    @property
    def with_tumor(self) -> Mask:
        """Whether each truly shows a tumour."""
        mask: Mask = self.labels != NO_TUMOR
        return mask

    @property
    def in_same_collection(self) -> Mask:
        """Whether each is of a collection that holds tumours and healthy slices alike.

        Those are the sources with both ``no_tumor`` and ``tumor``, whose kind nobody sorted out: there the collection
        cannot give the class away.
        """
        healthy = np.unique(self.sources[~self.with_tumor])
        unsorted = np.unique(self.sources[self.labels == TUMOR_OF_UNSTATED_KIND])
        return np.isin(self.sources, np.intersect1d(healthy, unsorted))


def _volume_of(example: Example) -> str:
    return "" if isinstance(example.image, ImageFileReference) else str(example.image.path)

"""What each epoch brought in, ``epochs.csv`` and TensorBoard's event files out."""

import csv
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import Self

from tensorboardX import SummaryWriter

from tumorscope.training.train import EpochLog

_FILE = "epochs.csv"


class EpochWriter:
    """Appends to the run folder's logs; a context manager, since TensorBoard's writer has a thread to end.

    Parameters
    ----------
    run_folder : Path
        Gets ``epochs.csv`` and ``tensorboard/``.
    """

    def __init__(self, run_folder: Path) -> None:
        self._table = run_folder / _FILE
        self._events = SummaryWriter(str(run_folder / "tensorboard"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._events.close()

    def write(self, log: EpochLog) -> None:
        """Append one epoch."""
        row = asdict(log)
        is_new = not self._table.is_file()
        step = 1 if is_new else len(read_epochs(self._table.parent)) + 1
        with self._table.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(EpochLog)])
            if is_new:
                writer.writeheader()
            writer.writerow({name: round(value, 6) for name, value in row.items()})
        for name in ("learning_rate", "training_loss", "validation_loss", "validation_accuracy"):
            self._events.add_scalar(name, row[name], step)


def read_epochs(run_folder: Path) -> list[dict[str, float]]:
    """The rows of ``epochs.csv``, first to last."""
    with (run_folder / _FILE).open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]

"""What each epoch brought in, ``epochs.csv`` and TensorBoard's event files out."""

import csv
from dataclasses import asdict
from pathlib import Path

from tensorboardX import SummaryWriter

from tumorscope.training.train import EpochLog

_FILE = "epochs.csv"


def write_epoch(run_folder: Path, events: SummaryWriter, log: EpochLog) -> None:
    """Append one epoch to the run folder's ``epochs.csv`` and to TensorBoard's events."""
    row, table = asdict(log), run_folder / _FILE
    is_new = not table.is_file()
    step = 1 if is_new else len(read_epochs(run_folder)) + 1
    with table.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, row)
        if is_new:
            writer.writeheader()
        writer.writerow({name: round(value, 6) for name, value in row.items()})
    for name in ("learning_rate", "training_loss", "validation_loss", "validation_accuracy"):
        events.add_scalar(name, row[name], step)


def read_epochs(run_folder: Path) -> list[dict[str, float]]:
    """The rows of ``epochs.csv``, first to last."""
    with (run_folder / _FILE).open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]

"""How often the sequence of a scan that states none is recognised.

    .venv/bin/python -m scripts.measure_sequences --data ../shared/data

Writes docs/figures/sequences.json, which the model card shows.
"""

import json
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import track
from scripts.options import read_options

from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.example import Example, read_example
from tumorscope.datasets.splits import read_split
from tumorscope.evaluation.studies.find import Study, find_studies
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.source import FROM_DISK, SourceFile
from tumorscope.inference.classifier import SEQUENCES, Classifier, run_network
from tumorscope.inference.engines.choose import open_engine
from tumorscope.inference.pipeline import predict_upload
from tumorscope.model.bundle import SPLIT_FILE, read_bundle
from tumorscope.preprocessing.pipeline import to_model_input

_OUTPUT = Path("docs/figures/sequences.json")


def main() -> None:
    """Measure, and write the table."""
    arguments = read_options(__doc__)
    bundle = read_bundle(arguments.bundle)
    classifier = Classifier(bundle, open_engine(bundle).engine)
    examples = discover_examples(arguments.data, tuple(bundle.manifest.class_names))
    split = read_split(arguments.bundle / SPLIT_FILE, examples)
    others = find_studies(arguments.data, {one.patient_id for one in split.training} | split.set_aside)
    # A DICOM series states its sequence.
    studies = [one for one in others if one.sequence is not None and len(one.files) == 1]
    slices = _count_slices(classifier, [one for one in split.validation if one.sequence in SEQUENCES])
    named = Counter((str(one.sequence), _name(classifier, one)) for one in track(studies, "whole studies"))
    rows = []
    for name in SEQUENCES:
        total = sum(count for (sequence, _), count in named.items() if sequence == name)
        right, unnamed = named[name, name], named[name, None]
        shown = f"{right}/{total - right - unnamed}/{unnamed}"
        rows.append([name, str(slices[name, True] + slices[name, False]), str(slices[name, True]), shown])
    table = {
        "title": "Sequences recognised",
        "note": "Of people not trained on. A file that states its sequence needs none of this; whole studies are NIfTI "
        "volumes, which state none: named rightly/as another/not at all.",
        "columns": ["sequence", "slices", "named rightly", "whole studies"],
        "rows": rows,
    }
    _OUTPUT.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table["title"], *(" | ".join(row) for row in rows), sep="\n")  # noqa: T201


def _count_slices(classifier: Classifier, examples: Sequence[Example]) -> Counter[tuple[str, bool]]:
    """How many slices of each sequence are named rightly, and how many not."""
    counted: Counter[tuple[str, bool]] = Counter()
    for example in track(examples, "slices"):
        pixels = to_model_input(read_example(example), classifier.preprocessing).pixels
        shares = run_network(classifier, pixels[None]).sequences
        if shares is None:
            raise SystemExit("The bundle has not learned sequences: run tumorscope calibrate first.")
        counted[str(example.sequence), SEQUENCES[int(np.argmax(shares[0]))] == example.sequence] += 1
    return counted


def _name(classifier: Classifier, study: Study) -> str | None:
    # Under a name that tells nothing.
    (path,) = study.files
    upload = sniff_upload([SourceFile(f"volume{''.join(path.suffixes[-2:])}", path.read_bytes())])
    return predict_upload(classifier, upload, partial(decode_upload, limits=FROM_DISK)).sequence


if __name__ == "__main__":
    main()

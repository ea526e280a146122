"""The field's usual demo, for comparison: the same network behind Flask with ``model.predict``.

Run as ``python -m tests.bench.flask_server BUNDLE PORT``.
"""

import io
import sys
from pathlib import Path

import numpy as np
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from PIL import Image

from tumorscope.inference.calibration import calibrate
from tumorscope.model.bundle import read_bundle
from tumorscope.model.network import load_network


def create_demo(folder: Path) -> Flask:
    """A Flask application that resizes the whole picture and calls ``model.predict``."""
    bundle = read_bundle(folder)
    size, class_names = bundle.manifest.input.size, bundle.manifest.class_names
    network = load_network(bundle)
    app = Flask("demo")

    @app.post("/predict")
    def predict() -> ResponseReturnValue:
        picture = Image.open(io.BytesIO(request.files["file"].read())).convert("RGB").resize((size, size))
        pixels = np.asarray(picture, dtype=np.float32)[None] / 255
        row = calibrate(network.predict(pixels, verbose=0), bundle.manifest.temperature)[0]
        return jsonify(dict(zip(class_names, row.tolist(), strict=True)))

    @app.get("/health/ready")
    def health() -> ResponseReturnValue:
        return jsonify(status="ready")

    return app


if __name__ == "__main__":
    create_demo(Path(sys.argv[1])).run(port=int(sys.argv[2]), threaded=True)

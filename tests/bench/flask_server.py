"""The field's usual demo: the network behind Flask with ``model.predict``. Run with a port."""

import sys

import numpy as np
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from tests.bench.demo import Demo


def create_demo() -> Flask:
    """A Flask application that answers ``POST /predict``."""
    demo = Demo()
    app = Flask("demo")

    @app.post("/predict")
    def predict() -> ResponseReturnValue:
        content = request.files["file"].read()
        return jsonify(demo.answer(content, lambda pixels: np.asarray(demo.network.predict(pixels, verbose=0))))

    @app.get("/health/ready")
    def health() -> ResponseReturnValue:
        return jsonify(status="ready")

    return app


if __name__ == "__main__":
    create_demo().run(port=int(sys.argv[1]), threaded=True)

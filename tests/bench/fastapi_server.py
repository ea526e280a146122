"""A better demo: the network as a graph behind FastAPI, one thread a request. Run with a port."""

import sys
from typing import Annotated

import uvicorn
from fastapi import FastAPI, File

from tests.bench.demo import Demo


def create_demo() -> FastAPI:
    """A FastAPI application that answers ``POST /predict``."""
    demo = Demo()
    classify = demo.compile()
    app = FastAPI()

    @app.post("/predict")
    def predict(file: Annotated[bytes, File()]) -> dict[str, float]:
        return demo.answer(file, classify)

    @app.get("/health/ready")
    def health() -> dict[str, str]:
        return {"status": "ready"}

    return app


if __name__ == "__main__":
    uvicorn.run(create_demo(), port=int(sys.argv[1]), log_level="critical")

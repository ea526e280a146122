"""The network as a graph behind LitServe, in a worker process of its own. Run with a port."""

import sys
from typing import Any

import litserve
from fastapi import Request
from fastapi.responses import JSONResponse

from tests.bench.demo import Demo


class _Api(litserve.LitAPI):  # type: ignore[misc]
    def setup(self, device: str) -> None:
        del device
        self._demo = Demo()
        self._classify = self._demo.compile()

    def decode_request(self, request: Request) -> bytes:
        content: bytes = request["file"].file.read()
        return content

    def predict(self, x: bytes) -> dict[str, float]:
        return self._demo.answer(x, self._classify)

    def encode_response(self, output: dict[str, float]) -> Any:
        return JSONResponse(output)


if __name__ == "__main__":
    server = litserve.LitServer(_Api(), accelerator="cpu", healthcheck_path="/health/ready")
    server.run(port=int(sys.argv[1]), generate_client_file=False, log_level="critical")

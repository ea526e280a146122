"""The queue of inference requests: one slice is queued with the pictures, several with the studies."""

import asyncio
import json
import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_outputs
from tests.waiting import until
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.monitoring.metrics import Metrics
from tumorscope.api.open_inference.infer import EncodedRequest, run_inference
from tumorscope.domain.errors import InvalidRequest
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs
from tumorscope.model.bundle import Bundle


class _Engine:
    """Counts the slices that it ran."""

    name = "constant"
    device = "cpu"

    def __init__(self) -> None:
        self.slices = 0

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        self.slices += len(batch)
        return make_outputs(np.zeros((len(batch), 4), np.float32))


def _ask_for(count: int, *, output: str = "probabilities") -> EncodedRequest:
    tensor = {"name": "pixels", "shape": [count, 32, 32, 3], "datatype": "FP32", "data": [0.5] * (count * 3072)}
    request = {"inputs": [tensor], "outputs": [{"name": output}]}
    return EncodedRequest(json.dumps(request).encode(), "", None)


async def _answer(queue: WorkQueue, engine: _Engine, body: EncodedRequest) -> list[float]:
    classifier = Classifier(Bundle(make_manifest(), "", {}, {}), engine)
    answer = await run_inference(queue, classifier, Metrics(), body)
    values: list[float] = json.loads(answer.body)["outputs"][0]["data"]
    return values


def test_one_slice_overtakes_a_study_and_several_wait_behind_it() -> None:
    async def ask() -> None:
        queue, engine, hold = WorkQueue(1, 4), _Engine(), threading.Event()
        study = asyncio.create_task(queue.work(hold.wait, is_study=True))
        await until(lambda: queue.depth == 1)
        several = asyncio.create_task(_answer(queue, engine, _ask_for(2)))
        await until(lambda: queue.depth == 2)
        assert await _answer(queue, engine, _ask_for(1)) == [0.25] * 4
        assert not several.done()
        assert engine.slices == 1
        hold.set()
        assert await several == [0.25] * 8
        await study

    asyncio.run(ask())


def test_slices_of_a_request_that_is_cancelled_are_not_run() -> None:
    async def ask() -> int:
        queue, engine, hold = WorkQueue(1, 4), _Engine(), threading.Event()
        classifier = Classifier(Bundle(make_manifest(), "", {}, {}), engine)
        study = asyncio.create_task(queue.work(hold.wait, is_study=True))
        left = asyncio.create_task(run_inference(queue, classifier, Metrics(), _ask_for(2)))
        await until(lambda: queue.lanes[1].depth == 2)
        left.cancel()
        hold.set()
        with pytest.raises(asyncio.CancelledError):
            await left
        await study
        return engine.slices

    assert asyncio.run(ask()) == 0


def test_network_does_not_run_for_an_unknown_output() -> None:
    engine = _Engine()
    with pytest.raises(InvalidRequest, match="outputs"):
        asyncio.run(_answer(WorkQueue(1, 4), engine, _ask_for(1, output="diagnosis")))
    assert engine.slices == 0

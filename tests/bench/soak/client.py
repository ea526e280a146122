"""Send one request over a connection of its own, with as little work in the client as possible; give its outcome."""

import asyncio
import json
import random
import re
from dataclasses import dataclass
from typing import Literal

from tests.bench.soak.studies import Study
from tumorscope.api.http.deadline import ANSWER_S
from tumorscope.api.settings import Settings

Fate = Literal["answered", "refused", "overloaded", "wrong", "broken", "disconnected"]
"""A result; the expected error for a bad file; rejected under load; an unexpected answer; no complete answer; the
client disconnected."""

_STATUS_LINE = re.compile(rb"http/1\.1 (\d{3}) ")
# The service's own limits: of body, wait and work, and of the answer.
_PATIENCE_S = Settings().max_request_s + ANSWER_S
_LEAVES_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one request.

    Parameters
    ----------
    study, group : str
        What was sent.
    due_s : float
        When it was due, on the event loop's clock.
    late_s : float
        How much later the client sent it.
    took_s : float
        From `due_s` to the last byte of the answer.
    fate : Fate
        The kind of answer.
    status : int
        0 where there was no answer.
    detail : str
        Of an unexpected answer.
    """

    study: str
    group: str
    due_s: float
    late_s: float
    took_s: float
    fate: Fate
    status: int = 0
    detail: str = ""


async def send_request(port: int, study: Study, due_s: float) -> Outcome:
    """Send it and read its answer."""
    clock = asyncio.get_running_loop().time
    late_s = clock() - due_s
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(study.request)
                answer = await reader.read()
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError) as error:
        detail = f"{type(error).__name__} {error}".strip()
        return Outcome(study.name, study.group, due_s, late_s, clock() - due_s, "broken", 0, detail)
    fate, status, detail = judge(study, answer)
    return Outcome(study.name, study.group, due_s, late_s, clock() - due_s, fate, status, detail)


async def send_and_disconnect(port: int, study: Study, due_s: float, rng: random.Random) -> Outcome:
    """Disconnect, during the request or while it is processed; by a close or by a reset."""
    clock = asyncio.get_running_loop().time
    late_s = clock() - due_s
    sent = len(study.request) if rng.random() < 0.5 else rng.randrange(len(study.request))
    stays_s = rng.random() * _LEAVES_WITHIN_S
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(study.request[:sent])
        await asyncio.sleep(stays_s)
        if rng.random() < 0.5:
            writer.transport.abort()
        else:
            writer.close()
    except OSError as error:
        return Outcome(study.name, study.group, due_s, late_s, clock() - due_s, "broken", 0, str(error))
    return Outcome(study.name, study.group, due_s, late_s, clock() - due_s, "disconnected")


def judge(study: Study, answer: bytes) -> tuple[Fate, int, str]:
    """The kind of an answer, its status, and what is wrong with it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines[1:] if b": " in line)
    begin = _STATUS_LINE.match(lines[0])
    status = int(begin[1]) if begin else 0
    if not _is_whole(headers, body):
        return "broken", status, f"{len(answer)} bytes that are no complete answer"
    if b"chunked" in headers.get(b"transfer-encoding", b""):
        fate = _judge_lines(body)
    elif status == 503:
        fate = "overloaded" if b'"code":"overloaded"' in body and b"retry-after" in headers else "wrong"
    elif status == 200 and 200 in study.statuses:
        fate = "answered" if "decision" in json.loads(body) else "wrong"
    else:
        fate = "refused" if status in study.statuses else "wrong"
    return fate, status, body[-200:].decode(errors="replace") if fate == "wrong" else ""


def _is_whole(headers: dict[bytes, bytes], body: bytes) -> bool:
    if b"chunked" in headers.get(b"transfer-encoding", b""):
        return body.endswith(b"0\r\n\r\n")
    return len(body) == int(headers.get(b"content-length", b"-1"))


def _judge_lines(body: bytes) -> Fate:
    """Progress lines end with the result, or with a problem."""
    if b'{"event":"result"' in body:
        return "answered"
    return "overloaded" if b'"code": "overloaded"' in body else "wrong"

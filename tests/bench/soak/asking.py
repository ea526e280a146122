"""A request in, what became of it out: over a connection of its own, with as little work as the client can do."""

import asyncio
import json
import random
import re
from dataclasses import dataclass
from typing import Literal

from tests.bench.soak.studies import Study

Fate = Literal["answered", "refused", "overloaded", "wrong", "broken", "left"]
"""Answered with a result; refused as a bad file has to be; sent away; another answer than it has to get; no whole
answer; left by the client itself."""

_STATUS_LINE = re.compile(rb"http/1\.1 (\d{3}) ")
_PATIENCE_S = 60.0
_LEAVES_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one request.

    Parameters
    ----------
    study, group : str
        What was sent.
    due_s : float
        When, on the event loop's clock.
    late_s : float
        How much later the client got round to it.
    took_s : float
        From `due_s` to the last byte of the answer.
    fate : Fate
        What became of it.
    status : int
        0 where there was no answer.
    detail : str
        Of what should not have been.
    """

    study: str
    group: str
    due_s: float
    late_s: float
    took_s: float
    fate: Fate
    status: int = 0
    detail: str = ""


async def ask(port: int, study: Study, due_s: float) -> Outcome:
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


async def ask_and_leave(port: int, study: Study, due_s: float, chance: random.Random) -> Outcome:
    """Hang up: within the request, or while its answer is worked on; by a close or by a reset."""
    clock = asyncio.get_running_loop().time
    late_s = clock() - due_s
    sent = len(study.request) if chance.random() < 0.5 else chance.randrange(len(study.request))
    stays_s = chance.random() * _LEAVES_WITHIN_S
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(study.request[:sent])
        await asyncio.sleep(stays_s)
        if chance.random() < 0.5:
            writer.transport.abort()
        else:
            writer.close()
    except OSError as error:
        return Outcome(study.name, study.group, due_s, late_s, clock() - due_s, "broken", 0, str(error))
    return Outcome(study.name, study.group, due_s, late_s, clock() - due_s, "left")


def judge(study: Study, answer: bytes) -> tuple[Fate, int, str]:
    """What an answer is, its status, and what is wrong with it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    headers = dict(line.split(b": ", 1) for line in lines[1:] if b": " in line)
    begin = _STATUS_LINE.match(lines[0])
    status = int(begin[1]) if begin else 0
    if not _is_whole(headers, body):
        return "broken", status, f"{len(answer)} bytes that are no whole answer"
    if b"chunked" in headers.get(b"transfer-encoding", b""):
        fate = _judge_lines(body)
    elif status == 503:
        fate = "overloaded" if b'"code":"overloaded"' in body and b"retry-after" in headers else "wrong"
    elif status == 200 == study.status:
        fate = "answered" if "decision" in json.loads(body) else "wrong"
    else:
        fate = "refused" if status == study.status else "wrong"
    return fate, status, body[-200:].decode(errors="replace") if fate == "wrong" else ""


def _is_whole(headers: dict[bytes, bytes], body: bytes) -> bool:
    if b"chunked" in headers.get(b"transfer-encoding", b""):
        return body.endswith(b"0\r\n\r\n")
    return len(body) == int(headers.get(b"content-length", b"-1"))


def _judge_lines(body: bytes) -> Fate:
    """Lines of progress end with the result, or with a problem that came between."""
    if b'{"event":"result"' in body:
        return "answered"
    return "overloaded" if b'"code": "overloaded"' in body else "wrong"

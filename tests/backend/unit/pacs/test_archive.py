"""What an archive answers that is broken, or means harm, ends in an error or is passed over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from starlette.responses import StreamingResponse

from tests.serving import listen
from tumorscope.domain.errors import PeerError, PeerUnavailable
from tumorscope.pacs import archive as archive_module
from tumorscope.pacs import peers
from tumorscope.pacs.archive import Archive, Series
from tumorscope.pacs.peers import authorize_by_file, open_client


@contextmanager
def _open(content: Any, asked: list[str] | None = None) -> Iterator[Archive]:
    """An archive that answers this to everything."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def answer(request: Request) -> Response:
        if asked is not None:
            asked.append(request.scope["raw_path"].decode())
        return content() if callable(content) else Response(content)

    with listen(app) as (host, port), open_client(f"http://{host}:{port}", None) as client:
        yield Archive(client)


@pytest.mark.parametrize(
    "row",
    [
        b"{}",
        b'{"0020000D": "1.2"}',
        b'{"0020000D": ["1.2"]}',
        b'{"0020000D": {"Value": {"a": 1}}}',
        b'{"0020000D": {"Value": 5}}',
        b'{"0020000D": {"Value": [{"Alphabetic": "Doe"}]}}',
        b'{"0020000D": {"Value": ["1.2\\u00013.2"]}}',
        b'{"0020000D": {"Value": ["1.2\\ud800"]}}',
        b'{"0020000D": {"Value": [".."]}}',
        b'{"0020000D": {"Value": ["%s"]}}' % (b"1" * 65),
    ],
)
def test_study_that_cannot_be_named_is_passed_over(row: bytes) -> None:
    good = b'{"0020000D": {"Value": ["1.2.3"]}, "00201208": {"Value": [7]}}'
    with _open(b"[%b, %b]" % (row, good)) as archive:
        found = dict(archive.find_studies("MR", None))
    assert found == {"1.2.3": 7}


@pytest.mark.parametrize("count", [b"[%s]" % (b"9" * 25), b'["%s"]' % (b"9" * 5000), b'["many"]', b"7"])
def test_count_that_is_none_is_zero(count: bytes) -> None:
    with _open(b'[{"0020000D": {"Value": ["1.2.3"]}, "00201208": {"Value": %b}}]' % count) as archive:
        assert dict(archive.find_studies("MR", None)) == {"1.2.3": 0}


@pytest.mark.parametrize("content", [b"[" * 200_000, b"[%s]" % (b"9" * 5000), b"\xff", b"<html>", b"{}", b"[1]"])
def test_listing_that_is_none_is_invalid(content: bytes) -> None:
    with _open(content) as archive, pytest.raises(PeerError) as raised:
        archive.find_series("1.2.3")
    assert raised.value.code == "answer_invalid"


@pytest.mark.parametrize(
    "ask",
    [lambda archive: archive.find_series("1.2.3"), lambda archive: archive.store("1.2.3", [b"DICM"])],
    ids=["listing", "stored"],
)
def test_answer_without_end_is_invalid(ask: Callable[[Archive], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "_MOST_BYTES", 2**20)
    with (
        _open(lambda: StreamingResponse(b" " * 2**16 for _ in iter(int, 1))) as archive,
        pytest.raises(PeerError) as raised,
    ):
        ask(archive)
    assert raised.value.code == "answer_invalid"


def test_pages_without_end_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "_MOST_STUDIES", 20)
    numbers = iter(range(1000))
    with (
        _open(lambda: Response(b'[{"0020000D": {"Value": ["1.%d"]}}]' % next(numbers))) as archive,
        pytest.raises(PeerError) as raised,
    ):
        list(archive.find_studies("MR", None))
    assert raised.value.code == "too_many_studies"


def test_instance_is_there_where_it_is_listed_itself() -> None:
    with _open(b'[{"00080018": {"Value": ["1.2.3.5"]}}]') as archive:
        assert archive.holds("1.2.3", "1.2.3.5")
        assert not archive.holds("1.2.3", "1.2.3.6")


def test_why_an_archive_cannot_be_reached_is_said() -> None:
    with open_client("http://127.0.0.1:1", None) as client, pytest.raises(PeerUnavailable, match="refused") as raised:
        Archive(client).find_series("1.2.3")
    assert raised.value.code == "archive_unavailable"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"user:one\nuser:two", b"\xff"])
@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_secret_that_cannot_be_read_is_waited_for(scheme: str, content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with (
        open_client("http://127.0.0.1:1", authorize_by_file(file, scheme)) as client,
        pytest.raises(PeerUnavailable) as raised,
    ):
        Archive(client).find_series("1.2.3")
    assert raised.value.code == "secret_unreadable"


def test_uid_is_one_part_of_the_address() -> None:
    asked: list[str] = []
    with _open(b"[]", asked) as archive:
        archive.find_series("1.2/3?4#5%00")
        assert not archive.holds("../../secret", "1")
    assert asked == ["/studies/1.2%2F3%3F4%235%2500/series", "/studies/..%2F..%2Fsecret/instances"]


@pytest.mark.parametrize("uid", ["", "..", "1.2\x013", "1" * 65])
def test_uid_that_is_none_is_not_asked_for(uid: str) -> None:
    asked: list[str] = []
    with _open(b"", asked) as archive, pytest.raises(PeerError) as raised:
        list(archive.read_series("1.2.3", Series(uid, "MR", "", "", "", "", "", 1)))
    assert (raised.value.code, asked) == ("answer_invalid", [])

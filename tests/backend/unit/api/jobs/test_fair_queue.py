"""Clients take turns; a client's own tickets keep their order."""

import pytest

from tumorscope.api.jobs.work_queue import FairQueue


def _add(*names: str) -> FairQueue[str]:
    """Tickets such as ``a1``, of client ``a``."""
    queue: FairQueue[str] = FairQueue()
    for name in names:
        queue.add(name[0], name)
    return queue


def _take_all(queue: FairQueue[str]) -> list[str]:
    taken = []
    while queue.first is not None:
        taken.append(queue.first[1])
        queue.remove(*queue.first)
    return taken


def test_one_of_each_client_goes_in_a_round() -> None:
    queue = _add("a1", "a2", "a3", "a4", "b1", "c1", "b2")
    assert len(queue) == 7
    assert _take_all(queue) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]
    assert len(queue) == 0


def test_ticket_that_waits_no_more_changes_no_order() -> None:
    queue = _add("a1", "a2", "a3", "b1")
    queue.remove("a", "a2")
    queue.remove("a", "a2")
    queue.remove("c", "c1")
    assert _take_all(queue) == ["a1", "b1", "a3"]


@pytest.mark.parametrize(("client", "before"), [("a", 5), ("b", 3), ("c", 2)])
def test_those_before_a_new_ticket_are_counted_by_rounds(client: str, before: int) -> None:
    assert _add("a1", "a2", "a3", "a4", "b1").count_before(client) == before


def test_only_a_client_that_waits_more_often_gives_way() -> None:
    queue = _add("a1", "a2", "a3", "b1")
    assert queue.find_last_of_longest("c") == ("a", "a3")
    assert queue.find_last_of_longest("b") == ("a", "a3")
    assert queue.find_last_of_longest("a") is None
    queue.remove("a", "a3")
    assert queue.find_last_of_longest("b") is None
    assert FairQueue[str]().find_last_of_longest("a") is None

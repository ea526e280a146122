"""Clients take turns; a client's own tickets keep their order."""

import pytest

from tumorscope.api.jobs.work_queue import Turns


def _add(*names: str) -> Turns[str]:
    """Tickets such as ``a1``, of client ``a``."""
    turns: Turns[str] = Turns()
    for name in names:
        turns.add(name[0], name)
    return turns


def _take_all(turns: Turns[str]) -> list[str]:
    taken = []
    while turns.first is not None:
        taken.append(turns.first[1])
        turns.remove(*turns.first)
    return taken


def test_one_of_each_client_goes_in_a_round() -> None:
    turns = _add("a1", "a2", "a3", "a4", "b1", "c1", "b2")
    assert len(turns) == 7
    assert _take_all(turns) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]
    assert len(turns) == 0


def test_ticket_that_waits_no_more_changes_no_order() -> None:
    turns = _add("a1", "a2", "a3", "b1")
    turns.remove("a", "a2")
    turns.remove("a", "a2")
    turns.remove("c", "c1")
    assert _take_all(turns) == ["a1", "b1", "a3"]


@pytest.mark.parametrize(("client", "before"), [("a", 5), ("b", 3), ("c", 2)])
def test_those_before_a_new_ticket_are_counted_by_rounds(client: str, before: int) -> None:
    assert _add("a1", "a2", "a3", "a4", "b1").count_before(client) == before


def test_only_a_client_that_waits_more_often_gives_way() -> None:
    turns = _add("a1", "a2", "a3", "b1")
    assert turns.find_last_of_longest("c") == ("a", "a3")
    assert turns.find_last_of_longest("b") == ("a", "a3")
    assert turns.find_last_of_longest("a") is None
    turns.remove("a", "a3")
    assert turns.find_last_of_longest("b") is None
    assert Turns[str]().find_last_of_longest("a") is None

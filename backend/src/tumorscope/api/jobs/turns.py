"""Tickets of waiting clients in, the next one out; clients take turns, however many tickets each has."""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

Ticket = TypeVar("Ticket")


class Turns(Generic[Ticket]):
    """Who waits: a client's tickets in the order they came, one of each client in a round."""

    def __init__(self) -> None:
        # The next client first.
        self._waiting: dict[Hashable, deque[Ticket]] = {}

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def first(self) -> tuple[Hashable, Ticket] | None:
        """The next client and its ticket, if anybody waits."""
        return next(((client, tickets[0]) for client, tickets in self._waiting.items()), None)

    def add(self, client: Hashable, ticket: Ticket) -> None:
        """Let a client wait once more."""
        self._waiting.setdefault(client, deque()).append(ticket)

    def remove(self, client: Hashable, ticket: Ticket) -> None:
        """End the waiting of a ticket, if it still waits; where it was the next one, its client's turn is over."""
        tickets = self._waiting.get(client, deque())
        if ticket not in tickets:
            return
        is_next = tickets[0] is ticket
        tickets.remove(ticket)
        if is_next or not tickets:
            del self._waiting[client]
        if is_next and tickets:
            self._waiting[client] = tickets

    def count_before(self, client: Hashable) -> int:
        """How many would have their turn before another ticket of a client."""
        own = len(self._waiting.get(client, ()))
        return sum(min(len(tickets), own + (one != client)) for one, tickets in self._waiting.items())

    def find_last_of_longest(self, client: Hashable) -> tuple[Hashable, Ticket] | None:
        """The last ticket of the client that waits most often, if another of this client would wait less often."""
        if not self._waiting:
            return None
        longest, tickets = max(self._waiting.items(), key=lambda item: len(item[1]))
        return (longest, tickets[-1]) if len(tickets) > len(self._waiting.get(client, ())) + 1 else None

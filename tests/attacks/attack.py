"""One request that is small to send and was made to cost much."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

CORRUPT = "422 corrupt_file"
EXPANDS = "413 expands_too_much"
LARGE = "413 image_too_large"
MANY = "413 too_many_files"
UNSUPPORTED = "415 unsupported_format"
ANSWERED = "200"


@dataclass(frozen=True)
class Attack:
    """A request, and what may come of it.

    Parameters
    ----------
    make : callable
        Its body.
    answers : tuple of str
        Status and code of each answer that is right; that the service is overloaded is always right.
    path : str
        It is posted to.
    headers : mapping of str to str
        Of the request.
    within_s : float
        The answer must come, on two slow cores.
    """

    make: Callable[[], bytes]
    answers: tuple[str, ...]
    path: str = "/predict"
    headers: Mapping[str, str] = field(default_factory=dict)
    within_s: float = 20.0

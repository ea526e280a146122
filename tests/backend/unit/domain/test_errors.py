"""The tree of exceptions is as its module draws it, and its codes tell clients apart what they can act on."""

import inspect
import re

from tumorscope.domain import errors

_CLASSES = [
    value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, errors.TumorscopeError)
]
# What a client can act on; the rest is ours.
_CLIENTS = errors.InputError | errors.AccessDenied | errors.ServiceError
_DRAWN_LINE = re.compile(r"^ {4}(?P<branches>(?:│   |    )*)[├└]── (?P<name>\w+)")


def _drawn_parents() -> dict[str, str]:
    """Child to parent, as the module's docstring draws them."""
    path = ["TumorscopeError"]
    parents = {}
    for line in (errors.__doc__ or "").splitlines():
        match = _DRAWN_LINE.match(line)
        if match is not None:
            depth = 1 + len(match["branches"]) // 4
            path[depth:] = [match["name"]]
            parents[match["name"]] = path[depth - 1]
    return parents


def test_tree_is_the_one_that_is_drawn() -> None:
    actual = {error.__name__: error.__mro__[1].__name__ for error in _CLASSES if error is not errors.TumorscopeError}
    assert _drawn_parents() == actual


def test_everything_descends_from_one_root() -> None:
    assert [error for error in _CLASSES if error.__base__ is Exception] == [errors.TumorscopeError]


def test_no_two_things_a_client_can_tell_apart_share_a_code() -> None:
    leaves = [error for error in _CLASSES if issubclass(error, _CLIENTS) and not error.__subclasses__()]
    codes = [error.code for error in leaves]
    assert len(set(codes)) == len(codes)
    assert errors.TumorscopeError.code not in codes


def test_faults_of_ours_say_nothing_but_internal() -> None:
    ours = [error for error in _CLASSES if not issubclass(error, _CLIENTS)]
    assert errors.BundleInvalid in ours
    assert {error.code for error in ours} == {"internal"}


def test_what_may_succeed_later_says_when() -> None:
    error = errors.Overloaded("busy", retry_after_s=3)
    assert (str(error), error.retry_after_s) == ("busy", 3)

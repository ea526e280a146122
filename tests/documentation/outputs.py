"""What a page says that a command prints against what it printed; an ellipsis stands for anything."""

import json
import re
from decimal import Decimal

_ELLIPSIS = re.compile(r"\.\.\.|…")
Json = dict[str, "Json"] | list["Json"] | str | Decimal | bool | None


def find_difference(language: str, stated: str, printed: str) -> str | None:
    """Where they differ, in words; None where they do not.

    Parameters
    ----------
    language : {'json', 'text'}
        Of the page's block. A number in JSON is compared as rounded to the decimals that the page shows; keys that it
        leaves out are missing unless it shows the key ``…``.
    stated, printed : str
        By the page; by the command.
    """
    if language == "json":
        return _compare(_parse(stated), _parse(printed), "$")
    pattern = ".*?".join(re.escape(part) for part in _ELLIPSIS.split(stated.strip()))
    return None if re.fullmatch(pattern, printed.strip(), re.DOTALL) else "the lines differ"


def _parse(text: str) -> Json:
    parsed: Json = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    return parsed


def _compare(stated: Json, printed: Json, place: str) -> str | None:
    if isinstance(stated, str) and _ELLIPSIS.fullmatch(stated):
        return None
    if isinstance(stated, dict) and isinstance(printed, dict):
        return _compare_objects(stated, printed, place)
    if isinstance(stated, list) and isinstance(printed, list):
        if len(stated) != len(printed):
            return f"{place} has {len(printed)} entries"
        pairs = zip(stated, printed, strict=True)
        return next(filter(None, (_compare(*pair, f"{place}[{n}]") for n, pair in enumerate(pairs))), None)
    if isinstance(stated, Decimal) and isinstance(printed, Decimal):
        return None if stated == round(printed, -int(stated.as_tuple().exponent)) else f"{place} is {printed}"
    return None if stated == printed else f"{place} is {printed!r}"


def _compare_objects(stated: dict[str, Json], printed: dict[str, Json], place: str) -> str | None:
    shown = {key: value for key, value in stated.items() if not _ELLIPSIS.fullmatch(key)}
    if not shown.keys() <= printed.keys():
        return f"{place} has no {', '.join(sorted(shown.keys() - printed.keys()))}"
    if len(shown) == len(stated) and printed.keys() != shown.keys():
        return f"{place} has also {', '.join(sorted(printed.keys() - shown.keys()))}"
    return next(filter(None, (_compare(value, printed[key], f"{place}.{key}") for key, value in shown.items())), None)

"""What is wrong with a storyboard's data, in words for people: pydantic's findings become one line. Knows no files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ..errors import AnimateError, did_you_mean, one_line

Location = tuple[int | str, ...]  # the way to a value in nested data: ("keyframes", 1, "at")


class Misplaced(AnimateError):
    """A mistake in a storyboard, and which of its values it is in: whoever has the file, or a form, says where that is."""

    def __init__(self, line: str, *location: int | str):
        super().__init__(line)
        self.location: Location = location


class Disagreement(ValueError):
    """Values of a storyboard that are right one by one and do not go together; where one of them stands."""

    def __init__(self, line: str, *location: int | str):
        super().__init__(line)
        self.location: Location = location


_ALLOWED = {
    "missing": "is missing",
    "model_type": "allowed: a mapping such as {steps: 12}",
    "tuple_type": "allowed: a list",
    "string_type": "allowed: a text",
    "too_short": "allowed: one at least",
}


def mistake(error: ValidationError, data: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, Location]:
    """The line that says what is wrong with the data of such a model, and where in it that is."""
    # A list whose items are wrong is "too short" as well; a word that is not known is often why another is missing.
    found = [detail for detail in error.errors() if detail["type"] != "too_short"] or error.errors()
    first = min(found, key=lambda detail: detail["type"] != "extra_forbidden")
    location = _location(first, data)
    owner = _part(model, str(location[0])) if len(location) > 1 else model
    others = len({_location(detail, data) for detail in found}) - 1  # a union finds a fault for each of its branches
    more = f"; {others} more" if others and first["type"] != "extra_forbidden" else ""
    elsewhere = _elsewhere(first, location, model)
    cause = first.get("ctx", {}).get("error")
    where = cause.location if isinstance(cause, Disagreement) else location
    return one_line((elsewhere or _message(first, location, owner)) + more, longest=1000), where


def _elsewhere(detail: ErrorDetails, location: Location, model: type[BaseModel]) -> str | None:
    """The line about a field of a storyboard that stands in another part of it; None for any other mistake."""
    parts = [name for name in model.model_fields if _part(model, name) is not model]
    if detail["type"] != "extra_forbidden" or not parts:
        return None
    word, here = str(location[-1]), str(location[0]) if len(location) > 1 else ""
    place = f"{_name(location[:-1])}: " if here == "keyframes" else ""
    if here and word in model.model_fields:
        return f'{place}"{word}" belongs to the whole storyboard; put it beside keyframes'
    for part in reversed(parts):  # guidance is a field of the sampling first, and of single keyframes
        if part != here and word in _part(model, part).model_fields:
            example = f"keyframes: [{{prompt: a tree, {word}: ...}}]" if part == "keyframes" else f"{part}: {{{word}: ...}}"
            return f'{place}"{word}" belongs under {part}; write {example}'
    return None


def _part(model: type[BaseModel], field: str) -> type[BaseModel]:
    """What the values of a field are, or the items of its list, where those have fields of their own; the model itself where not."""
    annotation = model.model_fields[field].annotation
    return next((one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and issubclass(one, BaseModel)), model)


def _location(detail: ErrorDetails, data: Any) -> Location:
    """Where the error is, without the names that pydantic adds for the branches of a union."""
    location: list[int | str] = []
    for part in detail["loc"]:
        try:
            data = data[part]
        except (LookupError, TypeError):
            if detail["type"] != "missing":
                continue
        location.append(part)
    return tuple(location)


def _name(location: Location) -> str:
    """keyframes.1.at is "keyframe 2, at": people count from one. What belongs to the sampling goes by its own name, as on the command line."""
    names = [str(name) for name in location if name != "sampling"] or [*map(str, location)]
    if location[:1] == ("pan",) and len(location) > 1 and location[1] in (0, 1):
        names[1] = ("right", "down")[int(location[1])]
    if location[:1] == ("keyframes",) and len(location) > 1 and isinstance(location[1], int):
        names = [f"keyframe {location[1] + 1}", *names[2:]]
    return ", ".join(names)


def _message(detail: ErrorDetails, location: Location, owner: type[BaseModel]) -> str:
    kind, given = detail["type"], detail["input"]
    if kind in ("extra_forbidden", "invalid_key"):
        return _unknown(location, owner)
    if kind == "value_error":
        text = detail["msg"].removeprefix("Value error, ")
    elif kind == "model_type" and location[:1] == ("keyframes",):
        text = "allowed: a prompt, or a mapping such as {prompt: a seed, at: 12}"
    else:
        text = _allowed(detail, owner.model_fields.get(str(location[-1])) if location else None)
        if isinstance(given, str | int | float) and kind != "missing":
            text = f"{f'{given:.9g}' if isinstance(given, float) else repr(given)}; {text}"
        if location[-1:] == ("seed",):
            text += "; --seed random draws one"
        if location[-1:] == ("duration",) and isinstance(given, str):
            text += ": seconds, without a unit"
    return f"{_name(location)}: {text}" if location else text


def _allowed(detail: ErrorDetails, field: FieldInfo | None) -> str:
    """What a field takes."""
    if detail["type"] in _ALLOWED:
        return _ALLOWED[detail["type"]]
    if detail["type"] == "literal_error":
        return "allowed: " + str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
    types = (field.annotation, *get_args(field.annotation)) if field else ()
    for type_, words in ((int, "a whole number"), (float, "a number")):
        if type_ in types:
            return f"allowed: {words}{_bounds(field)}"
    return "allowed: a number" if detail["type"] == "finite_number" else "allowed: a text"


def _bounds(field: FieldInfo | None) -> str:
    """ " from 1 to 999", of a number that has such limits."""
    limits = {name: getattr(limit, name) for limit in (field.metadata if field else ()) for name in ("gt", "ge", "le") if hasattr(limit, name)}
    low = f" from {limits['ge']}" if "ge" in limits else f" above {limits['gt']}" if "gt" in limits else ""
    high = f"{' to' if 'ge' in limits else ' up to'} {limits['le']}" if "le" in limits else ""
    return low + high


def _unknown(location: Location, owner: type[BaseModel]) -> str:
    word, names = str(location[-1]), sorted(owner.model_fields)
    if location[0] == "keyframes" and len(location) == 3 and not word.isidentifier():
        return f'{_name(location[:2])}: "{word}" is no field; put a prompt with a colon in quotes, as in "{word}: the film"'
    hint = did_you_mean(word, names) or f"; allowed: {', '.join(names)}"
    place = f"{_name(location[:-1])}: " if location[0] == "keyframes" and len(location) > 1 else ""
    return f'{place}"{word}" is not known{hint}'

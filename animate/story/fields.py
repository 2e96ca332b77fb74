"""The types that a storyboard's fields have: texts, moments, shares, values that may change with time. Knows nothing of what a field means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictStr, ValidationError, WithJsonSchema, model_validator

from ..errors import AnimateError
from .mistakes import mistake


def readable(text: str) -> str:
    """The text. Raises ValueError for half of a UTF-16 pair, which no file and no tokenizer takes."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError(f"{text!a} is no text; write it in UTF-8")
    return text


def named(text: str) -> str:
    """The text. Raises ValueError for the empty one, which a variable that is not set leaves."""
    if not text:
        raise ValueError("an empty name; write one, or leave it out")
    return text


MOST_NAMES = 100  # in one mapping: three times as many as there are fields
Text = Annotated[StrictStr, AfterValidator(readable)]
Name = Annotated[Text, AfterValidator(named)]
Moment = int | StrictStr


def _share(value: Any) -> Any:
    """A share as people write it: "40%" is 0.4. Anything else stays as it is."""
    percent = re.fullmatch(r"\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*%\s*", value) if isinstance(value, str) else None
    return float(percent[1]) / 100 if percent else value


_OF_SHARE = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^\s*\+?(\d+\.?\d*|\.\d+)\s*%?\s*$"}]}
Share = Annotated[float, BeforeValidator(_share), WithJsonSchema(_OF_SHARE)]  # 0 to 1


def _numbers(value: Any) -> Any:
    """Numbers that are written as text are numbers: a key of JSON or TOML, an option of the command line."""
    if isinstance(value, str) and _SCHEDULE.match(value):
        value = _of_schedule(value)
    if isinstance(value, Mapping) and all(isinstance(at, int | str) for at in value):
        return {int(at) if isinstance(at, str) and re.fullmatch(r"\d{1,9}", at) else at: _number(part) for at, part in value.items()}
    return _number(value)


_SCHEDULE = re.compile(r"\s*\d+\s*:\s*\(")


def _of_schedule(text: str) -> dict[int, float]:
    """The mapping that a schedule in Deforum's notation means: "0:(1.02), 30:(1.0)" is {0: 1.02, 30: 1.0}."""
    values = {}
    for part in re.split(r",(?=\s*\d+\s*:)", text):
        point = re.fullmatch(r"\s*(\d{1,9})\s*:\s*\(\s*([^()]*?)\s*\)\s*,?\s*", part)
        try:
            values[int(point[1])] = float(point[2])  # type: ignore[index]
        except (TypeError, ValueError) as error:
            example = 'write it as {0: 1.02, 30: "1 + 0.02*sin(f/8)"}, where f counts frames and t seconds'
            raise ValueError(f'"{" ".join(part.split())}" of a schedule is no number at a frame; {example}') from error
    return values


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError('allowed: a number, an expression of time ("1 + 0.02*t"), or either at places in time ({0: 1, "50%": 1.05})')
    value = _share(value)
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def within(low: float, high: float) -> AfterValidator:
    """What is a number already is from `low` to `high`; of expressions that is asked for every frame, when there are frames."""

    def check(value: Any) -> Any:
        for number in value.values() if isinstance(value, Mapping) else (value,):
            if isinstance(number, int | float) and not low <= number <= high:
                raise ValueError(f"{number:.9g}; allowed: {low:.9g} to {high:.9g}")
        return value

    return AfterValidator(check)


# A number, an expression of time, or either at moments of the film: what `values.Track` makes a number for every frame of.
Timed = Annotated[float | Text | dict[Moment, float | Text], BeforeValidator(_numbers)]


class Frozen(BaseModel):
    """What is read from a file or a form: it cannot be changed, and a field that is not known is an error.

    Made in Python, as in `Sampling(steps=8)`, it raises AnimateError, one line, for what it does not take.
    """

    # Subclasses (a resolved sampling) become what a field declares, or equal values would not be equal.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, revalidate_instances="subclass-instances")

    @model_validator(mode="before")
    @classmethod
    def _no_truth_values(cls, data: Any) -> Any:
        """Few fields are true or false, and Python would take them for 1 and 0. Of very many names, not each is looked at."""
        if isinstance(data, Mapping) and len(data) > MOST_NAMES:
            raise ValueError(f"{len(data)} names; allowed: {', '.join(sorted(cls.model_fields))}")
        for name, value in data.items() if isinstance(data, Mapping) else ():
            if isinstance(value, bool) and not (name in cls.model_fields and cls.model_fields[name].annotation is bool):
                raise ValueError(f'"{name}" is {str(value).lower()}; allowed: a number, or a word in quotes')
        return data

    def __init__(self, /, **data: Any):
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise AnimateError(mistake(error, data, type(self))[0]) from error

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # pydantic does not call it for what lies inside another value

    if not TYPE_CHECKING:  # where it would say that any name may be set

        def __setattr__(self, name: str, value: Any) -> None:
            raise AnimateError(f"{name} of a {type(self).__name__} cannot be changed; make a changed copy, as story.replace(frames=48) does")

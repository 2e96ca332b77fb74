"""The types that a storyboard's fields have: texts, moments and values that may change with time. Knows nothing of what a field means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictStr, model_validator


def _readable(text: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError(f"{text!a} is no text; write it in UTF-8")
    return text


Text = Annotated[StrictStr, AfterValidator(_readable)]
Moment = int | StrictStr


def _numbers(value: Any) -> Any:
    """Numbers that are written as text are numbers: a key of JSON or TOML, an option of the command line."""
    if isinstance(value, Mapping) and all(isinstance(at, int | str) for at in value):
        return {int(at) if isinstance(at, str) and re.fullmatch(r"\d{1,9}", at) else at: _number(part) for at, part in value.items()}
    return _number(value)


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError('allowed: a number, an expression of time ("1 + 0.02*t"), or either at places in time ({0: 1, "50%": 1.05})')
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


# A number, an expression of time, or either at moments of the film: what `values.Track` makes a number for every frame of.
Timed = Annotated[float | Text | dict[Moment, float | Text], BeforeValidator(_numbers)]


class Frozen(BaseModel):
    """What is read from a file or a form: it cannot be changed, and a field that is not known is an error."""

    # Subclasses (a resolved sampling) become what a field declares, or equal values would not be equal.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, revalidate_instances="subclass-instances")

    @model_validator(mode="before")
    @classmethod
    def _no_truth_values(cls, data: Any) -> Any:
        """Nothing here is true or false, and Python would take them for 1 and 0."""
        for name, value in data.items() if isinstance(data, Mapping) else ():
            if isinstance(value, bool):
                raise ValueError(f'"{name}" is {str(value).lower()}; allowed: a number, or a word in quotes')
        return data

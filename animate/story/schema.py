"""A storyboard as a JSON schema, for editors that complete and check it while it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .easing import EASES
from .storyboard import Storyboard

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(samplers: Sequence[str]) -> dict[str, Any]:
    """Takes whatever is a storyboard, and of what is none it refuses what can be seen without counting frames.

    samplers: names that are offered; others are taken, too, for they have several spellings.
    """
    made = _untitled(Storyboard.model_json_schema())
    parts, fields = made["$defs"], made["properties"]
    fields["keyframes"]["items"] = {"anyOf": [{"type": "string", "minLength": 1, "description": "the prompt alone"}, {"$ref": "#/$defs/Keyframe"}]}
    for owner in (fields, parts["Keyframe"]["properties"]):
        owner["ease"] |= {"enum": [*EASES]}
    parts["Keyframe"]["properties"]["ease"]["enum"].append(None)
    parts["Sampling"]["properties"]["sampler"]["anyOf"].insert(0, {"enum": [*samplers]})
    for side in ("width", "height"):
        fields[side] |= {"multipleOf": 8, "minimum": 8}
    return {"$schema": DIALECT, "title": "Storyboard of animate", **made}


def _untitled(part: Any) -> Any:
    """Without the titles that pydantic gives every field: its own name with a capital."""
    if isinstance(part, list):
        return [_untitled(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {name: _untitled(value) for name, value in part.items() if not (name == "title" and isinstance(value, str))}

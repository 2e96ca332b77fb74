"""Options that would change nothing of what they are given for: refused, and not passed over in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import AnimateError
from ..story.storyboard import Storyboard

ABOUT = {"between_by": "between", "sound_fit": "sound", "branching": "sharing"}  # option -> the one that it says more about
OWN = ("seed", "negative", "guidance", "ease")  # what a keyframe may have of its own, whatever is said for the whole film


def check(story: Storyboard, given: Mapping[str, Any], place: str = "") -> None:
    """Raises AnimateError for an option that changes nothing of this film.

    given: as `settings` has it. place: where a keyframe's own values can be changed.
    """
    said = _each(given)
    for name, other in ABOUT.items():
        if name in said and other not in said and not getattr(story.sampling if name == "branching" else story, other):
            raise AnimateError(f"{_option(name, said)} changes nothing without --{other}; say that, too, or leave it out")
    for name in OWN:
        if name in said and all(getattr(key, name) is not None for key in story.keyframes):
            raise AnimateError(f"{_option(name, said)} changes nothing: every keyframe has its own {name}; change those in {place}, or leave it out")


def check_picture(what: str, known: Sequence[str], given: Mapping[str, Any], flags: Sequence[str]) -> None:
    """Raises AnimateError for an option of films, where a picture is drawn again.

    what: the picture, for people. known: the options that a picture has. flags: others that were given and have no value.
    """
    said = {**_each(given), **dict.fromkeys(flags, True)}
    for name in (name for name in said if name not in known):
        allowed = f"allowed: {', '.join(_option(one) for one in known)}, and which model draws where"
        raise AnimateError(f"{_option(name, said)} is for films, and {what}; {allowed}")


def _each(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the sampling beside the others."""
    return {**{name: value for name, value in given.items() if name != "sampling"}, **given.get("sampling", {})}


def _option(name: str, said: Mapping[str, Any] | None = None) -> str:
    """As it is written on the command line, with its value if that is asked for."""
    spelling, value = name.replace("_", "-"), (said or {}).get(name, True)
    if isinstance(value, bool):
        return f"--{spelling}" if value else f"--no-{spelling}"
    parts = value if isinstance(value, list) else [value]
    return f"--{spelling} {','.join(f'{part:g}' if isinstance(part, float) else str(part) for part in parts)}"

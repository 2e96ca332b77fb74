"""What the page draws of a storyboard: frames of keyframes, curves, points, and where a mistake is. Plain data; knows nothing of Gradio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from ..errors import AnimateError
from ..story.easing import EASES
from ..story.mistakes import Location, Misplaced
from ..story.storyboard import DEFAULT_FPS, DEFAULT_FRAMES, FEEDBACK, GUIDANCE, LONGEST_FILM, PAN, ROTATE, ZOOM, Storyboard, build
from ..story.timeline import begins, over_time, timeline, track, way_there

Plain = dict[str, Any]

MOST_DRAWN = 1000  # values of a curve: more than the page has pixels
LARGEST_EXACT = 2**53 - 1  # of the whole numbers of JavaScript; larger seeds travel as text

# Track -> where its value stands in a storyboard, what it allows, and with which value a new one begins.
TRACKS: dict[str, tuple[Location, tuple[float, float], float]] = {
    "feedback": (("feedback",), FEEDBACK, 0.4),
    "guidance": (("sampling", "guidance"), GUIDANCE, 5.0),
    "zoom": (("zoom",), ZOOM, 1.0),
    "pan right": (("pan", 0), PAN, 0.0),
    "pan down": (("pan", 1), PAN, 0.0),
    "rotate": (("rotate",), ROTATE, 0.0),
}
PICTURE = ("prompt", "seed", "guidance", "negative", "image", "strength")  # fields of a keyframe that decide its picture


def value_of(data: object, last: Mapping[str, Any] | None = None) -> Plain:
    """The timeline's value for plain data that may be no storyboard: then it says what is wrong and where, in the layout of the last one.

    last: the value that the page shows now. Its pictures stay with the keyframes that still are what they show.
    """
    first, last = last is None, _whole(last)
    thumbs, asked = _thumbs(data, last), {} if first else _asked(data, last)
    try:
        story = build(data if isinstance(data, Mapping) else {"keyframes": data})
        return {"story": plain(story), "view": view_of(story, thumbs), **asked}
    except AnimateError as error:
        shown = data if _is_drawable(data) else last["story"]
        return {"story": shown, "view": {**_kept(shown, last), "thumbs": thumbs, "error": located(error)}, **asked}


def view_of(story: Storyboard, thumbs: Sequence[str | None] = ()) -> Plain:
    """What the page needs to draw a storyboard. thumbs: the address of each keyframe's picture. Raises AnimateError."""
    timeline(story)
    shown = {name: value for name in TRACKS if (value := _value(story, name)) is not None}
    return {
        "frames": story.count,
        "there": way_there(story),
        "fps": story.rate,
        "at": begins(story),
        "thumbs": [*thumbs, *[None] * len(story.keyframes)][: len(story.keyframes)],
        "curves": {name: _drawn(over_time(story, name, value, TRACKS[name][1])) for name, value in shown.items()},
        "points": {name: _points(story, name, value) for name, value in shown.items() if isinstance(value, Mapping)},
        **_fixed(),
        "error": None,
    }


def plain(story: Storyboard) -> Plain:
    """A storyboard as plain data that JSON holds, without defaults; what was said of the camera stays, where it moves nothing too."""
    said: set[str] = {name for name in ("zoom", "pan", "rotate") if name in story.model_fields_set}
    data = story.model_dump(mode="json", exclude_defaults=True) | story.model_dump(mode="json", include=said)
    for part in (data, *data["keyframes"]):
        if part.get("seed", 0) > LARGEST_EXACT:
            part["seed"] = str(part["seed"])
    return data


def located(error: AnimateError) -> Plain:
    """An error as the page shows it: its line, the keyframe (from 0) and the field or track that it is about, where it is about one."""
    location = error.location if isinstance(error, Misplaced) else ()
    keyframe: int | str | None = None
    field: int | str | None = next((name for name, (place, *_) in TRACKS.items() if location[: len(place)] == place), None)
    if location[:1] == ("keyframes",) and len(location) > 1:
        keyframe, field = location[1], location[2] if len(location) > 2 else None
    elif field is None and location:
        field = location[-1] if location[0] == "sampling" else location[0]
    return {"line": str(error), "keyframe": keyframe, "field": None if field is None else str(field)}


def _fixed() -> Plain:
    """What is so of every storyboard."""
    return {
        "ranges": {name: list(allowed) for name, (_, allowed, _) in TRACKS.items()},
        "start": {name: start for name, (*_, start) in TRACKS.items()},
        "eases": [*EASES],
    }


def _value(story: Storyboard, name: str) -> Any:
    """What the storyboard says of a track; None where it says nothing."""
    (field, *part), _, _ = TRACKS[name]
    if field == "sampling":
        return story.sampling.guidance
    if story.feedback is None or field not in story.model_fields_set:
        return None
    value = getattr(story, str(field))
    return value[part[0]] if part else value


def _drawn(values: Sequence[float]) -> list[float]:
    """A curve, evenly thinned out from its first value to its last where that shows no less."""
    if len(values) <= MOST_DRAWN:
        return [*values]
    return [values[round(i * (len(values) - 1) / (MOST_DRAWN - 1))] for i in range(MOST_DRAWN)]


def _points(story: Storyboard, name: str, value: Mapping[int | str, Any]) -> list[Plain]:
    """The moments of a mapping in order of time: as they are written, their frames and their values."""
    of = track(story, name, TRACKS[name][1])
    values = of.values(value)
    frames = sorted((of.frame(moment), str(moment)) for moment in value)
    return [{"key": key, "frame": frame, "value": values[frame % len(values)]} for frame, key in frames]


# --- data that is no storyboard -------------------------------------------------------------------------------------------


def _is_drawable(data: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether the page can show it as it is: it has keyframes, whatever is wrong with what they say."""
    keys = data.get("keyframes") if isinstance(data, Mapping) else None
    return isinstance(keys, list) and bool(keys) and all(isinstance(key, str | dict) for key in keys)


def _whole(last: object) -> Plain:
    """The last value, with what is missing in it: it comes from the page, where anybody may have written it."""
    given = last if isinstance(last, Mapping) else {}
    view: Plain = {"frames": DEFAULT_FRAMES, "there": DEFAULT_FRAMES, "fps": DEFAULT_FPS, "at": [], "thumbs": [], "curves": {}, "points": {}}
    seen = given["view"] if isinstance(given.get("view"), Mapping) else {}
    view |= {name: seen[name] for name, blank in view.items() if isinstance(seen.get(name), type(blank))}
    asked = {name: given[name] for name in ("edit", "turn") if isinstance(given.get(name), int)}
    story = given.get("story")
    return {"story": story if _is_drawable(story) else {"keyframes": []}, "view": {**view, **_fixed()}, **asked}


def _asked(data: object, last: Mapping[str, Any]) -> Plain:
    """By which the page knows what it answers and drops what comes too late: how often a person has changed the storyboard, and Python.

    A page that was just opened has counted nothing yet, and pictures of its first storyboard may come when there is another.
    """
    return {"edit": last.get("edit", 0), "turn": last.get("turn", 0) + (data != last["story"])}


def _kept(story: Mapping[str, Any], last: Mapping[str, Any]) -> Plain:
    """The last good view, as long as the film should be, with a place for each keyframe."""
    view, keys, frames = last["view"], story["keyframes"], story.get("frames")
    if type(frames) is int and 2 <= frames <= LONGEST_FILM:
        view = {**view, "frames": frames, "there": frames // 2 + 1 if story.get("loop") == "bounce" else frames}
    known = view["at"]
    if len(known) != len(keys):
        known = [round(k * (view["there"] - 1) / max(1, len(keys) - 1)) for k in range(len(keys))]
    return {**view, "at": [_place(key, frame) for key, frame in zip(keys, known, strict=True)]}


def _place(key: object, otherwise: object) -> int:
    """Where a keyframe is drawn: on the frame that it says, or where it was."""
    at = key.get("at") if isinstance(key, dict) else None
    return next((frame for frame in (at, otherwise) if type(frame) is int and 0 <= frame <= LONGEST_FILM), 0)


def _thumbs(data: object, last: Mapping[str, Any]) -> list[str | None]:
    """The pictures of the last value that still are those of a keyframe."""
    shown = zip(last["story"]["keyframes"], last["view"]["thumbs"], strict=False)
    pictures = [(_picture(key), thumb) for key, thumb in shown if isinstance(thumb, str)]
    keys = data.get("keyframes") if isinstance(data, Mapping) else None
    return [next((thumb for picture, thumb in pictures if picture == _picture(key)), None) for key in keys] if isinstance(keys, list) else []


def _picture(key: object) -> tuple[str | None, ...]:
    """What decides a keyframe's picture."""
    fields = key if isinstance(key, dict) else {"prompt": key}
    return tuple(None if fields.get(name) is None else str(fields[name]) for name in PICTURE)

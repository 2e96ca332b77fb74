"""What Python code passes to the verbs, checked at once: a wrong type would fail late, far from its cause. Knows nothing of what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from ..draw.store import Store
from ..errors import AnimateError, one_line
from ..models.placement import check_batch_size
from ..plan.curve import Curve
from ..report import Report
from ..story.storyboard import Storyboard

DRAWS = ("embed", "noise", "denoise", "renoise", "encode", "decode")  # what a model must be able to do; a class of one's own will do


def check(
    story: Any, model: Any, several: bool = False, *, store: Any = None, report: Any = None, batch_size: Any = None, frames: Any = None,
    curves: Any = (),
) -> None:  # fmt: skip
    """Raises AnimateError for what is none of its kind: the value, what is allowed, and where it comes from.

    several: `story` has to be a list of storyboards.
    """
    if several and not isinstance(story, list | tuple):
        raise AnimateError(f"stories {_shown(story)}; allowed: a list of storyboards")
    for one in story if several else [story]:
        _kind("story", one, Storyboard, 'an animate.Storyboard, as Storyboard.of("a seed", "a tree") or animate.read("film.yaml") returns it')
    check_model(model)
    if store is not None:
        _kind("store", store, Store, "an animate.Store, as animate.Store() makes it; or leave it out")
    if report is not None:
        _kind("report", report, Report, "an animate.Report, or one of a class made from it; or leave it out")
    if batch_size is not None:
        check_batch_size(batch_size)
    if frames is not None:
        check_frames(frames)
    if not (isinstance(curves, Sequence) and all(isinstance(curve, Curve) for curve in curves)):
        raise AnimateError(f"curves {_shown(curves)}; allowed: those of a recipe; or leave them out")


def check_model(model: Any) -> None:
    """Raises AnimateError for anything that cannot draw."""
    if isinstance(model, type) or not all(callable(getattr(model, name, None)) for name in DRAWS):
        raise AnimateError(f'model {_shown(model)}; allowed: a loaded model, as animate.load_model("sprout") returns it')


def check_frames(frames: Any) -> None:
    """Raises AnimateError for anything but numbers of frames."""
    listed = isinstance(frames, Sequence) and not isinstance(frames, str | bytes)
    if not listed or not frames or not all(isinstance(one, Integral) and not isinstance(one, bool) for one in frames):
        raise AnimateError(f"frames {_shown(frames)}; allowed: numbers of frames, such as range(10, 14) or [0, 5]; or leave it out for all of them")


def _kind(name: str, value: Any, kind: type, allowed: str) -> None:
    if not isinstance(value, kind):
        raise AnimateError(f"{name} {_shown(value)}; allowed: {allowed}")


def _shown(value: Any) -> str:
    return one_line(repr(value), 60)

"""A storyboard at another frame rate has the same frames, and its films the same cels."""

from __future__ import annotations

from typing import Any

import pytest

from animate import AnimateError, Storyboard
from animate.story.frozen import frozen, same_frames
from animate.story.storyboard import build
from animate.story.timeline import timeline

KEYS: list[Any] = ["a", {"prompt": "b", "at": "1.5s", "hold": 2, "ease": "in-out"}, {"prompt": "c", "at": "75%"}, {"prompt": "d", "at": "4s"}]
STORIES: list[dict[str, Any]] = [
    {"keyframes": KEYS},
    {"keyframes": [*KEYS[:3], {"prompt": "d", "at": 47}]},
    {"keyframes": KEYS[:3], "loop": "cycle", "frames": 36},
    {"keyframes": [KEYS[0], {"prompt": "b", "at": "1s"}, "c"], "loop": "bounce"},
    {"keyframes": ["a"], "loop": "cycle"},
    {"keyframes": KEYS, "sampling": {"guidance": {0: 1.0, "2s": "2 + t", "100%": 3.0}}},
    {"keyframes": KEYS, "sampling": {"guidance": "2 + sin(2*pi*t/3)*floor(t)"}},
    {"keyframes": KEYS, "feedback": {"0.5s": 0.4, "3.5s": 0.5}, "zoom": "1 + 0.01*sin(2*pi*t)", "pan": ("tan(t/9)", {"1s": 1.0, "2s": "-t"})},
    {"keyframes": ["a", "b"], "loop": "cycle", "feedback": 0.4, "rotate": {"0s": 1.0, "2s": -1.0, "4s": 1.0}},
]


@pytest.mark.parametrize("fps", [24, 5.5, 30])
@pytest.mark.parametrize("story", STORIES, ids=range(len(STORIES)))
def test_every_frame_is_as_at_the_old_rate(story: dict[str, Any], fps: float) -> None:
    film = build({"frames": 48, "fps": 12, **story})
    faster = frozen(film).replace(fps=fps)
    assert timeline(faster) == timeline(film)
    assert faster.rate == fps
    assert same_frames(film, faster)
    assert frozen(frozen(film)) == frozen(film)


def test_seconds_that_are_not_frozen_are_other_frames() -> None:
    film = build({"keyframes": ["a", {"prompt": "b", "at": "1.5s"}, "c"], "frames": 48, "fps": 12})
    assert not same_frames(film, film.replace(fps=24))
    with pytest.raises(AnimateError, match="the last of 48 frames is 47"):
        timeline(build({"keyframes": ["a", {"prompt": "b", "at": "3.5s"}, "c"], "frames": 48, "fps": 24}))


@pytest.mark.parametrize("change", [{"fps": 24}, {"between": 3}, {"between_by": "flow"}, {"sound": "song.wav"}, {"sound_fit": "longest"}])
def test_rate_in_betweens_and_sound_are_no_pictures_of_frames(change: dict[str, Any]) -> None:
    film = Storyboard.of("a", "b", frames=48, fps=12)
    assert same_frames(film, film.replace(**change))
    assert same_frames(film, film.replace(frames=None, duration=4.0)), "however its length is said"


@pytest.mark.parametrize(
    "change",
    [{"frames": 96}, {"seed": 1}, {"ease": "in"}, {"pace": "linear"}, {"loop": "cycle"}, {"style": "ink"}, {"width": 64}, {"sampling": {"steps": 9}}],
)
def test_anything_else_is(change: dict[str, Any]) -> None:
    film = Storyboard.of("a", "b", frames=48, fps=12)
    assert not same_frames(film, film.replace(**change))

"""What a visitor may ask for."""

from __future__ import annotations

import pytest

from animate import AnimateError, Storyboard
from animate.studio.limits import Limits


def test_limits_are_read_and_the_others_stay() -> None:
    assert Limits.of(("frames=48", "side=256")) == Limits(frames=48, side=256)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("frmaes=3", 'allowed: frames=N, side=N, steps=N, .*did you mean "frames"'),
        ("frames", "allowed: frames=N"),
        ("frames=0", "allowed: a whole number from 1"),
        ("frames=-3", "allowed: a whole number from 1"),
        ("frames=" + "9" * 5000, "allowed: a whole number from 1"),
        ("frames=²", "allowed: a whole number from 1"),
    ],
)
def test_a_limit_that_is_none_is_refused(asked: str, said: str) -> None:
    with pytest.raises(AnimateError, match=said):
        Limits.of((asked,))


@pytest.mark.parametrize(
    ("story", "said"),
    [
        (Storyboard.of("a", "b", frames=49), "49 pictures, in-betweens counted; this studio allows up to 48"),
        (Storyboard.of("a", "b", frames=24, between=2), "70 pictures"),
        (Storyboard.of("a", "b", width=264), "264 pixels"),
        (Storyboard.of("a", "b", sampling={"steps": 51}), "51 steps"),
        (Storyboard.of("a", "b", "c", "d"), "4 keyframes"),
    ],
)
def test_a_film_that_is_too_much_is_refused(story: Storyboard, said: str) -> None:
    with pytest.raises(AnimateError, match=said):
        Limits(frames=48, side=256, steps=50, keyframes=3).check(story)
    Limits().check(story)

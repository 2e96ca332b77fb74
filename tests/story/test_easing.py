"""Easings: the table, and what is made of it."""

from __future__ import annotations

import pytest

from animate import AnimateError, Storyboard
from animate.story.easing import EASES, ease, help_names
from animate.story.timeline import timeline


@pytest.mark.parametrize("name", EASES)
def test_eases_begin_at_the_keyframe_and_never_leave_the_segment(name: str) -> None:
    ease = EASES[name]
    assert ease(0.0) == 0
    assert all(-1e-9 <= ease(i / 100) <= 1 for i in range(101))
    assert all(ease(i / 100) <= ease((i + 1) / 100) for i in range(99))
    assert name == "step" or ease(1.0) == pytest.approx(1)


def test_names_for_a_help_text() -> None:
    assert help_names() == "linear, in, out, in-out, sine or step"


def test_a_new_easing_is_one_entry_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EASES, "cubic", lambda t: t**3)
    assert [frame.mix for frame in timeline(Storyboard.of("a", "b", frames=3, ease="cubic"))] == [0, 0.125, 0]
    assert help_names().endswith(", step or cubic")
    with pytest.raises(AnimateError, match=r'^ease "cubix" is not known; allowed: linear, .*, cubic; did you mean "cubic"\?$'):
        ease("cubix")

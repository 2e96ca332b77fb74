"""Moments: frames, seconds and shares."""

from __future__ import annotations

import pytest

from animate.story.moments import frame_at


@pytest.mark.parametrize(("moment", "index"), [(3, 3), ("2.5s", 30), ("50%", 24), ("100%", 47), ("0%", 0), ("0.04s", 0), ("0.042s", 1)])
def test_places_in_time_snap_to_frames(moment: int | str, index: int) -> None:
    assert frame_at(moment, frames=48, fps=12.0) == index


@pytest.mark.parametrize(("moment", "index"), [("0%", 0), ("25%", 2), ("50%", 4), ("75%", 6), ("100%", 8)])
def test_shares_of_a_cycle_are_shares_of_the_way_round(moment: str, index: int) -> None:
    assert frame_at(moment, frames=8, fps=12.0, closed=True) == index

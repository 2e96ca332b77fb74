"""In-betweens of latents: counted exactly, and evenly on the arc."""

from __future__ import annotations

import itertools
import sys

import pytest
import torch

from animate import AnimateError
from animate.blend import slerp
from animate.draw.inbetweens import blends


def test_latents_are_blended_evenly_on_the_arc() -> None:
    a, b, c = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(0)).unbind()
    film = [*blends([a, b, c], 3, closed=False)]
    assert len(film) == 9
    assert film[0] is a
    assert film[4] is b
    assert film[8] is c
    for i, t in ((1, 0.25), (2, 0.5), (3, 0.75)):
        assert torch.equal(film[i], slerp(a, b, t))
        assert torch.equal(film[4 + i], slerp(b, c, t))
    closed = [*blends([a, b, c], 3, closed=True)]
    assert len(closed) == 12
    assert torch.equal(closed[10], slerp(c, a, 0.5))
    assert all(torch.equal(latents, a) for latents in blends([a, a.clone()], 2, closed=True))


@pytest.mark.parametrize("closed", [False, True])
def test_one_picture_has_nothing_between(closed: bool) -> None:
    with pytest.raises(AnimateError, match=r"^in-betweens need two pictures, and the film has fewer; ask for more frames"):
        next(blends([torch.zeros(4, 8, 8)], 1, closed))


@pytest.mark.parametrize("count", [0, -1, 65])
def test_counts_that_are_none_are_refused_before_anything_is_drawn(count: int) -> None:
    drawn = itertools.count()
    with pytest.raises(AnimateError, match=rf"^{count} in-betweens; allowed: 1 to 64"):
        blends(drawn, count, False)  # type: ignore[arg-type]
    assert next(drawn) == 0


def test_no_opencv_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert len([*blends([torch.zeros(1), torch.ones(1)], 1, closed=False)]) == 3

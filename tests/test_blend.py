"""Blends of tensors, and in-betweens of sequences."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from animate import AnimateError
from animate.blend import lerp, slerp, with_inbetweens


def noises(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 16, 16, generator=generator), torch.randn(4, 16, 16, generator=generator)


def test_ends_are_exact() -> None:
    a, b = noises()
    for blend in (lerp, slerp):
        assert torch.equal(blend(a, b, 0.0), a)
        assert torch.equal(blend(a, b, 1.0), b)


def test_a_line_loses_the_spread_of_noise_and_an_arc_keeps_it() -> None:
    a, b = noises()
    assert abs(lerp(a, b, 0.5).std() - 0.5**0.5) < 0.03
    assert abs(slerp(a, b, 0.5).std() - 1) < 0.03


@given(st.floats(0, 1), st.integers(0, 99))
def test_an_arc_keeps_length_and_turns_evenly(mix: float, seed: int) -> None:
    a, b = (x / x.norm() for x in noises(seed))
    point = slerp(a, b, mix)
    assert abs(point.norm() - 1) < 1e-5
    whole = torch.arccos((a * b).sum().double())
    assert abs(torch.arccos((a * point).sum().double().clamp(-1, 1)) - mix * whole) < 1e-3


def test_parallel_and_empty_vectors_are_blended_on_the_line() -> None:
    a, _ = noises()
    assert torch.equal(slerp(a, a, 0.3), lerp(a, a, 0.3))
    assert torch.equal(slerp(torch.zeros(4), torch.zeros(4), 0.5), torch.zeros(4))
    assert torch.allclose(slerp(a, 3 * a, 0.5), 2 * a)


def test_the_kind_of_number_is_kept() -> None:
    a, b = (x.half() for x in noises())
    assert slerp(a, b, 0.25).dtype == torch.float16


def between(a: float, b: float) -> Callable[[float], float]:
    return lambda mix: a + mix * (b - a)


def test_inbetweens_stand_at_even_mixes() -> None:
    assert [*with_inbetweens([0.0, 4.0, 8.0], 3, False, between)] == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert [*with_inbetweens([0.0, 4.0], 1, True, between)] == [0, 2, 4, 2], "the last leads to the first"


@pytest.mark.parametrize("closed", [False, True])
def test_an_item_alone_has_no_inbetweens_and_is_not_passed_on(closed: bool) -> None:
    for items in ([], [1.0]):
        with pytest.raises(AnimateError, match=r"^in-betweens need two pictures, and the film has fewer"):
            next(with_inbetweens(items, 1, closed, between))


@pytest.mark.parametrize("count", [0, -1, 65])
def test_counts_of_inbetweens_are_checked_at_once(count: int) -> None:
    with pytest.raises(AnimateError, match=rf"^{count} in-betweens; allowed: 1 to 64"):
        with_inbetweens([0.0, 1.0], count, False, between)


def test_inbetweens_are_streamed() -> None:
    taken: list[float] = []

    def items() -> Iterator[float]:
        for number in range(9):
            taken.append(number)
            yield float(number)

    film = with_inbetweens(items(), 2, False, between)
    assert next(film) == 0
    assert taken == [0, 1], "an item and the next"


def test_inbetweens_of_images_need_no_torch() -> None:
    script = "import sys, animate.blend, animate.media.flow; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0

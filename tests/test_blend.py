"""Blends of tensors."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from animate.blend import lerp, slerp


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

"""Statistics of pictures, and pictures that are given those of others."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft
from scipy.ndimage import gaussian_filter
from torch import Tensor

from animate.draw import colour
from animate.draw.colour import AXES, CLIPPINGS, GAIN, SCALES, Spectrum, Statistics, colours, match_colours, tones
from test_camera import sharpness, textured

seeds = st.integers(0, 99)
sizes = st.tuples(st.integers(1, 5), st.integers(16, 40), st.integers(16, 40))


def latents(size: tuple[int, int, int], seed: int) -> Tensor:
    """Correlated noise, as latents are, with a mean and a contrast of its own in every channel."""
    generator = torch.Generator().manual_seed(seed)
    soft = F.interpolate(torch.randn(1, size[0], 6, 6, generator=generator), size[1:], mode="bicubic")[0]
    rough = soft / soft.std((1, 2), keepdim=True) + 0.3 * torch.randn(size, generator=generator)
    mean, spread = torch.rand(2, size[0], 1, 1, generator=generator)
    return torch.add(mean, rough * (0.8 + 0.4 * spread))


def far(x: Tensor, seed: int) -> Tensor:
    """The same, a little blurred and with another mean and contrast in every channel."""
    mean, spread = torch.rand(2, len(x), 1, 1, generator=torch.Generator().manual_seed(seed))
    return torch.add(blurred(x) * (0.8 + 0.6 * spread), 6 * mean - 3)


def blurred(x: Tensor) -> Tensor:
    return torch.lerp(x, F.avg_pool2d(F.pad(x[None], (1, 1, 1, 1), mode="reflect"), 3, 1)[0], 0.3)


def test_statistics_are_what_they_say() -> None:
    x = latents((4, 24, 32), 0)
    found = Spectrum(x).statistics
    assert torch.allclose(found.mean, x.mean((1, 2), keepdim=True), atol=1e-6)
    assert torch.allclose(found.std, x.std((1, 2), keepdim=True, correction=0), atol=1e-5)
    assert found.detail.shape == (3, 4, 1, 1)
    assert (Spectrum(blurred(x)).statistics.detail < found.detail).all()
    stripes = torch.tensor([1.0, -1.0]).repeat(8).expand(1, 16, 16)
    finest, *others = Spectrum(stripes).statistics.detail.flatten().tolist()
    assert finest > 0.9 > 0.1 > max(others)


def test_detail_is_that_of_differences_of_blurred_pictures() -> None:
    """Blurred by another library, with borders that are mirrored as well."""
    picture = textured(48)[:, :40]
    blurs = [picture, *(torch.from_numpy(gaussian_filter(picture.numpy(), (0, scale, scale), mode="reflect")) for scale in SCALES)]
    for detail, (sharper, softer) in zip(Spectrum(picture).statistics.detail, pairwise(blurs), strict=True):
        assert torch.allclose(detail, (sharper - softer).std((1, 2), keepdim=True, correction=0), rtol=0.02)


def test_statistics_blend_on_a_line_and_ends_are_exact() -> None:
    a, b = (Spectrum(latents((4, 16, 16), seed)).statistics for seed in (0, 1))
    for name in ("mean", "std", "detail"):
        ends = getattr(a, name), getattr(b, name)
        assert torch.equal(getattr(a.blend(b, 0.0), name), ends[0])
        assert torch.equal(getattr(a.blend(b, 1.0), name), ends[1])
        assert torch.allclose(getattr(a.blend(b, 0.25), name), 0.75 * ends[0] + 0.25 * ends[1])


@settings(max_examples=30)
@given(sizes, seeds)
def test_a_picture_matched_to_itself_stays(size: tuple[int, int, int], seed: int) -> None:
    x = latents(size, seed)
    assert torch.allclose(Spectrum(x).matched(Spectrum(x).statistics), x, atol=1e-4)


@settings(max_examples=30)
@given(sizes, seeds)
def test_a_matched_picture_gets_mean_deviation_and_detail_and_keeps_them(size: tuple[int, int, int], seed: int) -> None:
    x = latents(size, seed)
    target = Spectrum(x).statistics
    once = Spectrum(far(x, seed)).matched(target)
    found = Spectrum(once).statistics
    assert torch.allclose(found.mean, target.mean, atol=1e-4)
    assert torch.allclose(found.std, target.std, rtol=1e-4)
    assert torch.allclose(found.detail, target.detail, rtol=0.02)
    assert torch.allclose(Spectrum(once).matched(target), once, atol=0.02)


@settings(max_examples=30)
@given(sizes, seeds, seeds)
def test_another_picture_gets_them_as_well(size: tuple[int, int, int], seed: int, other: int) -> None:
    target = Spectrum(latents(size, other)).statistics
    found = Spectrum(Spectrum(latents(size, seed)).matched(target)).statistics
    assert torch.allclose(found.mean, target.mean, atol=1e-4)
    assert torch.allclose(found.std, target.std, rtol=1e-4)


def test_gains_are_looked_for_until_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, deviations = list[int](), colour._deviations

    def counted(*arguments: np.ndarray) -> np.ndarray:
        rounds.append(1)
        return deviations(*arguments)

    monkeypatch.setattr(colour, "_deviations", counted)
    x = Spectrum(latents((4, 24, 32), 0))
    own = x.statistics
    rounds.clear()
    x.matched(own)
    assert len(rounds) == 2, "as it is, and that nothing changes"
    target = Spectrum(far(latents((4, 24, 32), 0), 1)).statistics
    monkeypatch.setattr(colour, "SETTLED", 0.0)
    whole = x.matched(target)
    rounds.clear()
    monkeypatch.undo()
    assert torch.allclose(x.matched(target), whole, atol=1e-3), "grey levels are 8e-3 apart"


def test_noise_in_a_flat_picture_stays_noise() -> None:
    target = Spectrum(latents((3, 32, 32), 0)).statistics
    flat, noise = torch.full((3, 32, 32), 0.3), 1e-3 * torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(Spectrum(flat).matched(target), target.mean.expand(3, 32, 32), atol=1e-4)
    assert (Spectrum(flat + noise).matched(target).std((1, 2)) < 1e-3 * GAIN**2 * 1.1).all()
    assert torch.isfinite(Spectrum(noise).matched(Spectrum(flat).statistics)).all()


def test_the_data_type_is_kept() -> None:
    x = latents((4, 16, 16), 0).half()
    assert Spectrum(x).matched(Spectrum(x).statistics).dtype == torch.float16


@pytest.mark.parametrize("x", [textured(48), latents((4, 48, 48), 0)], ids=["pixels", "latents"])
def test_two_hundred_frames_of_feedback_stay_near_the_target_and_unmatched_leave_it(x: Tensor) -> None:
    def drifted(matched: bool) -> tuple[float, float, float]:
        """How far mean, standard deviation and sharpness are off after 200 frames, in shares of the target's."""
        target, y = Spectrum(x).statistics, x
        for _ in range(200):
            y = (0.9 * y + 0.1 * blurred(y)) * 1.01 + 0.004
            y = Spectrum(y).matched(target) if matched else y
        found = Spectrum(y).statistics
        off = (found.mean - target.mean) / target.std, found.std / target.std - 1
        return float(off[0].abs().max()), float(off[1].abs().max()), abs(sharpness(y) / sharpness(x) - 1)

    mean, std, sharp = drifted(matched=True)
    assert mean < 0.03
    assert std < 0.03
    assert sharp < 0.1
    mean, std, sharp = drifted(matched=False)
    assert mean > 0.5
    assert std > 0.5
    assert sharp > 0.1


# --- pictures -------------------------------------------------------------------------------------------------------------


def measured(picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the score sees: means, contrast and the sharpness of luma."""
    luma = torch.tensordot(torch.tensor([0.299, 0.587, 0.114]), picture, 1)
    high = luma[1:-1, 1:-1] - (luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]) / 4
    return picture.mean((1, 2)), picture.var((1, 2)).mean().sqrt(), high.square().mean().sqrt()


def colourful(seed: int, size: float) -> Tensor:
    """Edges that go together in red and green, or against each other: (3, 48, 48)."""
    mixed = torch.eye(3) + 0.3 * torch.randn(3, 3, generator=torch.Generator().manual_seed(seed))
    made: Tensor = torch.tensordot(mixed, textured(48, seed), 1).mul(size).tanh()
    return made


def matched(picture: Tensor, target: Statistics) -> Tensor:
    return match_colours(colours(picture), target)


def test_a_matched_picture_looks_as_asked_to_the_eye() -> None:
    for seed in (0, 1, 2, 3, 7):  # whose contrasts are within GAIN of each other
        picture, asked = colourful(seed, 0.7), colourful(seed + 50, 0.5)
        made = matched(picture, colours(asked).statistics)
        for found, wanted, within in zip(measured(made), measured(asked), (0.01, 0.03, 0.08), strict=True):
            assert torch.allclose(found, wanted, atol=within * float(1 if wanted.ndim else wanted)), seed
        assert made.abs().max() <= 1


def test_what_black_and_white_cut_off_the_rest_makes_up_for() -> None:
    picture, asked = textured(48, 1), textured(48, 2) * 0.6 + 0.55
    target = colours(asked).statistics
    once = torch.tensordot(AXES.T, colours(picture).matched(target), 1).clamp(-1, 1)
    off = [float((measured(made)[0] - measured(asked)[0]).abs().max()) for made in (once, matched(picture, target))]
    assert off[1] < off[0] / 2


def test_a_compensated_target_makes_up_for_what_is_lost_on_the_way() -> None:
    """A way that takes a tenth of the contrast and darkens."""
    asked = colours(colourful(3, 0.4)).statistics
    target = asked.compensated(asked, colours(colourful(3, 0.4) * 0.9 - 0.05).statistics)
    there = colours(matched(colourful(4, 0.4), target) * 0.9 - 0.05).statistics
    assert torch.allclose(there.mean, asked.mean, atol=0.01)
    assert torch.allclose(there.std, asked.std, rtol=0.02)


def test_tones_are_those_of_the_statistics() -> None:
    for picture in (colourful(3, 0.4), torch.full((3, 16, 16), 0.3)):
        found, whole = tones(picture), colours(picture).statistics
        assert torch.allclose(found.mean, whole.mean, atol=1e-6)
        assert torch.allclose(found.std, whole.std, atol=1e-5)
        assert (found.std > 0).all(), "to divide by"


def test_what_is_cut_off_is_looked_at_no_more_often_than_a_picture_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that can never be as it should: every transform but the first is of one that is matched again."""
    transforms, dctn = list[int](), fft.dctn

    def counted(*arguments: Any, **settings: Any) -> Any:
        transforms.append(1)
        return dctn(*arguments, **settings)

    monkeypatch.setattr(fft, "dctn", counted)
    own, target = colours(textured(48, 1)), colours(textured(48, 2) * 3).statistics
    match_colours(own, target)
    assert len(transforms) == 2 + CLIPPINGS - 1


def test_a_picture_of_one_colour_takes_no_more_than_the_gain_to_make_up_for() -> None:
    flat, asked = colours(torch.full((3, 16, 16), 0.3)).statistics, colours(colourful(3, 0.4)).statistics
    assert torch.allclose(asked.compensated(asked, flat).std, asked.std * GAIN)
    assert torch.allclose(asked.compensated(flat, flat).std, asked.std)

"""Denoising never waits for the device, and never mixes its tensors with the CPU's.

The device is torch's "meta", which has no numbers: whoever asks it for one fails, as does an operation on tensors of both. Only what comes
out is turned into numbers here.
"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from animate.draw.features import Between, Kept, Row
from animate.models.base import Conditioning, Denoising
from animate.models.families.unet import UNetModel
from animate.models.parts.kernels import Kernels
from animate.models.parts.samplers import SAMPLERS, noise_draws

STEPS = 6


@pytest.fixture
def numberless(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> UNetModel:
    """The tiny model on a device without numbers."""
    model = copy.copy(tiny)
    model.unet, model.device = copy.deepcopy(tiny.unet).to("meta"), torch.device("meta")
    model.kernels = Kernels(model.unet)
    monkeypatch.setattr(Tensor, "cpu", lambda self: torch.zeros(self.shape, dtype=self.dtype))
    return model


@pytest.mark.parametrize("start", [0, 2])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_denoising_never_waits_for_the_device(sampler: str, start: int, numberless: UNetModel) -> None:
    eta = 0.5 if sampler == "ddim" else 0.0
    how = Denoising(sampler, STEPS, start, eta, shared=start > 0)
    noise = torch.randn(2, 1 + noise_draws(sampler, STEPS - start, eta), 4, 8, 8)
    text = Conditioning({"prompt_embeds": torch.randn(2, 77, 32)})
    steps = list[None]()
    made = numberless._denoised(noise[:, 0], noise[:, 1:], text, text, torch.full((2,), 3.0), how, lambda: steps.append(None), None)
    assert made.shape == (2, 1, 4, 8, 8)
    assert len(steps) == STEPS - start


def test_features_that_are_kept_and_taken_wait_neither(numberless: UNetModel) -> None:
    how, text = Denoising("dpm++2m", STEPS, guided_every=2), Conditioning({"prompt_embeds": torch.randn(2, 77, 32)})
    noise, kept = torch.randn(2, 1, 4, 8, 8), Kept(2)
    for features in (kept, Between([(Row(kept, 0), Row(kept, 1), 0.25)] * 2)):
        made = numberless._denoised(noise[:, 0], noise[:, 1:], text, text, torch.full((2,), 3.0), how, lambda: None, features)
        assert made.shape == (2, 1, 4, 8, 8)
    assert [len(kept.made[number]) for number in range(STEPS)] == [2, 1] * (STEPS // 2)


def test_a_wait_would_be_seen() -> None:
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.ones(1, device="meta").item()
    with pytest.raises(RuntimeError):
        torch.ones(2, device="meta") + torch.ones(2)

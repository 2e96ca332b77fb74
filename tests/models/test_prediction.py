"""Predictions: guided in as few samples as were asked for, deep features kept or taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from animate.draw.features import Between, Kept, Row
from animate.models.base import Conditioning
from animate.models.families.unet import UNetModel
from animate.models.parts.kernels import Kernels
from animate.models.parts.prediction import Predictor
from conftest import Work

SCALE = 3.0


@dataclass
class Answer:
    sample: Tensor


class Unet:
    """Its prediction is the timestep for what has a prompt, and half of it for what has none; counts its samples."""

    def __init__(self, power: int = 1) -> None:
        self.power, self.samples = power, 0

    def __call__(self, x: Tensor, timestep: Tensor, encoder_hidden_states: Tensor, **others: Any) -> Answer:
        self.samples += len(x)
        return Answer(torch.ones_like(x) * encoder_hidden_states[:, :1, :1, None] * float(timestep) ** self.power)


def predictions(unet: Any, every: int, guided: bool = True, count: int = 6) -> list[float]:
    with_prompt, without = ({"encoder_hidden_states": torch.full((2, 5, 4), value)} for value in (1.0, 0.5))
    predict = Predictor(Kernels(unet), with_prompt, without if guided else None, torch.full((2, 1, 1, 1), SCALE), every)
    return [float(predict(torch.zeros(2, 4, 2, 2), torch.tensor(timestep)).mean()) for timestep in range(count, 0, -1)]


@pytest.mark.parametrize(("every", "samples"), [(1, 24), (2, 18), (3, 16)])
def test_guidance_is_computed_at_every_so_manieth_step(every: int, samples: int) -> None:
    unet = Unet()
    assert len(predictions(unet, every)) == 6
    assert unet.samples == samples


def test_without_guidance_there_is_one_sample_of_each() -> None:
    unet = Unet()
    assert predictions(unet, 2, guided=False) == [6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    assert unet.samples == 12


def test_what_guidance_adds_is_extrapolated_on_a_line() -> None:
    """Exact where it changes evenly, once it was computed twice; before, it is taken to stay."""
    exact, sparse = predictions(Unet(), 1), predictions(Unet(), 2)
    assert sparse[0] == exact[0]
    assert sparse[2:] == exact[2:]
    assert sparse[1] - exact[1] == pytest.approx((SCALE - 1) * 0.5)
    curved = [abs(a - b) for a, b in zip(predictions(Unet(2), 2), predictions(Unet(2), 1), strict=True)]
    assert curved[3] == pytest.approx((SCALE - 1) * 0.5 * 3), "a line through 36 and 16 is 6 at 3, and not 9"


@pytest.fixture
def predict(tiny: UNetModel) -> Any:
    text = Conditioning({"prompt_embeds": torch.randn(2, 77, 32, generator=torch.Generator().manual_seed(1))})
    away, towards = ({"encoder_hidden_states": text.tensors["prompt_embeds"] * factor} for factor in (0.0, 1.0))
    return lambda features: Predictor(Kernels(tiny.unet), towards, away, torch.full((2, 1, 1, 1), SCALE), 2, features)


@torch.inference_mode()
def test_features_that_are_kept_change_nothing_and_taken_again_give_the_same(predict: Any, tiny: UNetModel, work: Work) -> None:
    x, steps = torch.randn(2, 4, 8, 8), [torch.tensor(t) for t in (900, 600, 300)]
    whole, kept = [predict(None)(x, t) for t in steps[:1]], Kept(2)
    keeping = predict(kept)
    own = [keeping(x, t) for t in steps]
    assert torch.equal(own[0], whole[0])
    assert [tuple(kept.made[number].shape[:2]) for number in range(3)] == [(2, 2), (1, 2), (2, 2)]
    deep = list[int]()
    handle = tiny.unet.mid_block.register_forward_pre_hook(lambda module, given: deep.append(len(given[0])))
    taking = predict(Between([(Row(kept, 0), Row(kept, 1), 0.0), (Row(kept, 0), Row(kept, 1), 1.0)]))
    assert all(torch.equal(a, taking(x, t)) for a, t in zip(own, steps, strict=True))
    handle.remove()
    assert not deep, "the deep half is not run"


def test_between_two_cels_features_lie_on_the_line() -> None:
    kept = Kept(2)
    kept.keep(0, torch.stack([torch.full((3, 2, 2), value) for value in (0.0, 1.0, 10.0, 14.0)]))  # without the prompt, and with it
    made = Between([(Row(kept, 0), Row(kept, 1), 0.25)]).at(0)
    assert made.shape == (2, 3, 2, 2)
    assert made[:, 0, 0, 0].tolist() == [0.25, 11.0]

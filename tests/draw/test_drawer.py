"""Drawing a batch: what is handed to the model."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from animate.draw.drawer import Drawer
from animate.draw.engine import Batch
from animate.models.families.unet import UNetModel
from animate.plan.cel import MIX_UNIT, Blend, Cel, Endpoint, Start

SEED = Endpoint("a seed", "", 3, 2.0)
WHOLE = Cel(Blend(SEED, SEED, 0), 4, "euler-a", 64, 64)


@pytest.mark.parametrize(("start", "passed"), [(Start(), 0), (Start(2, ("parent",), shared=True), 2), (Start(2, ("parent",)), 0)])
def test_a_step_has_the_noise_of_its_number_wherever_a_frame_begins(
    tiny: UNetModel, monkeypatch: pytest.MonkeyPatch, start: Start, passed: int
) -> None:
    """A beginning that others share has used up the draws of its steps; an image, or a picture that is fed back, has not."""
    seen: list[torch.Tensor] = []

    def denoise(latents: torch.Tensor, noise: torch.Tensor, *others: Any) -> torch.Tensor:
        seen.append(noise)
        return latents[:, None]

    monkeypatch.setattr(tiny, "denoise", denoise)
    cel = Cel(WHOLE.blend, WHOLE.steps, WHOLE.sampler, 64, 64, start=start)
    parents = tuple(torch.zeros(4, 8, 8) for _ in start.parents)
    Drawer(tiny, {}).draw(Batch((cel,), (parents,), (4,)), lambda: None)
    draws = tiny.noise(SEED.seed, 64, 64, 1 + WHOLE.steps)[1 + passed :]
    assert torch.equal(seen[0][0], draws[: WHOLE.steps - start.step])


def test_latents_of_parents_are_blended_where_a_frame_begins(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "denoise", lambda latents, *others: latents[:, None])
    cel = Cel(WHOLE.blend, 4, "ddim", 64, 64, start=Start(2, ("a", "b"), MIX_UNIT // 4, shared=True))
    a, b = torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(0)), torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(1))
    drawn = Drawer(tiny, {}).draw(Batch((cel,), ((a, b),), (4,)), lambda: None)[0, 0]
    assert float((drawn - a).norm()) < float((drawn - b).norm()), "a quarter of the way from a"
    assert abs(float(drawn.std()) - 1) < 0.1, "on the arc, its spread stays"

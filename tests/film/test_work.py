"""What films cost, counted and not timed: a change that makes one dearer fails here, and has to say why.

Samples of the UNet, guidance, probes and what fills up batches included; pictures that are decoded; images and prompts that are encoded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from animate import Store, Storyboard, render, render_together
from animate.models.families.unet import UNetModel
from conftest import Work

STEPS, GUIDANCE, FRAMES = 8, 2.0, 24
FRAME = 2 * STEPS  # samples of one picture


class Cost(NamedTuple):
    samples: int  # of the UNet
    decoded: int  # pictures
    encoded: int  # pictures
    prompts: int


class Meter:
    """Counts what a model is asked for."""

    def __init__(self, model: UNetModel, work: Work, monkeypatch: pytest.MonkeyPatch):
        self.work, self.decoded, self.encoded, self.prompts = work, 0, 0, 0
        decode, encode, embed = model.decode, model.encode, model.embed

        def decoding(latents: torch.Tensor) -> Any:
            self.decoded += len(latents)
            return decode(latents)

        def encoding(images: Any, *noise: Any) -> Any:
            self.encoded += len(images)
            return encode(images, *noise)

        def embedding(*given: Any) -> Any:
            self.prompts += 1
            return embed(*given)

        for name, counted in (("decode", decoding), ("encode", encoding), ("embed", embedding)):
            monkeypatch.setattr(model, name, counted)

    @property
    def cost(self) -> Cost:
        return Cost(self.work.samples, self.decoded, self.encoded, self.prompts)


@pytest.fixture
def meter(tiny: UNetModel, work: Work, monkeypatch: pytest.MonkeyPatch) -> Meter:
    return Meter(tiny, work, monkeypatch)


def story(**settings: Any) -> Storyboard:
    sampling = {"steps": STEPS, "guidance": GUIDANCE, **settings.pop("sampling", {})}
    return Storyboard.of("a seed", "a tree", **{"frames": FRAMES, "pace": "linear", "sampling": sampling, **settings})


FILMS: dict[str, tuple[dict[str, Any], Cost]] = {
    "linear": ({}, Cost(FRAMES * FRAME, FRAMES, 0, 3)),
    "five frames: two batches of four": ({"frames": 5}, Cost(8 * FRAME, 5, 0, 3)),
    "without guidance": ({"sampling": {"guidance": 1.0}}, Cost(FRAMES * FRAME // 2, FRAMES, 0, 3)),
    "even: probes of two steps without guidance, which are not decoded": (
        {"pace": "even"}, Cost(FRAMES * FRAME + 16 * (STEPS // 4), FRAMES, 0, 3),
    ),
    "there and back: the way back is not drawn, and where it turns not decoded": ({"loop": "bounce"}, Cost(16 * FRAME, FRAMES - 3, 0, 3)),
    "held pictures are drawn and decoded once": ({"frames": 4, "loop": "none"}, Cost(4 * FRAME, 4, 0, 3)),
    "in-betweens of latents": ({"frames": 4, "between": 2}, Cost(4 * FRAME, 10, 0, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", FILMS)
def test_a_film_costs_no_more_than_this(name: str, tiny: UNetModel, meter: Meter) -> None:
    settings, most = FILMS[name]
    assert [*render(story(**settings), tiny)]
    assert meter.cost == most


def test_sharing_costs_less_than_the_exact_film_where_it_is_said_to_pay(tiny: UNetModel, meter: Meter) -> None:
    assert len([*render(story(frames=65, sampling={"sharing": 0.9}), tiny)]) == 65
    assert meter.cost.samples <= 0.75 * 68 * FRAME


def test_a_fed_back_film_costs_its_steps_two_stills_and_two_ways_through_the_vae(tiny: UNetModel, meter: Meter) -> None:
    assert len([*render(story(frames=8, feedback=0.5), tiny)]) == 8
    assert meter.cost.samples == 2 * FRAME + 7 * FRAME // 2
    assert meter.cost.encoded == 2 * 8
    assert meter.cost.decoded <= 3 * 8 + 1


def test_films_by_several_seeds_share_their_batches(tiny: UNetModel, meter: Meter) -> None:
    films = render_together([story(frames=2, seed=seed) for seed in range(4)], tiny)
    assert [len([*film]) for film in films] == [2] * 4
    assert meter.cost.samples == 8 * FRAME


def test_what_is_kept_is_only_decoded(tiny: UNetModel, meter: Meter, tmp_path: Path) -> None:
    made = [*render(story(pace="even"), tiny, store=Store(tmp_path))]
    before = meter.cost
    again = [*render(story(pace="even"), tiny, store=Store(tmp_path))]
    assert len(made) == len(again) == FRAMES
    assert meter.cost.samples == before.samples
    assert meter.cost.decoded == 2 * FRAMES

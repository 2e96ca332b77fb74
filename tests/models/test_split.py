"""The halves of a UNet: together they are the UNet, for every kind that Stable Diffusion has, and others are not taken apart."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel, UNet2DModel

from animate.models.parts.split import SplitUNet, fits

CROSS = {"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D")}
PLAIN = {"down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D")}
KINDS: dict[str, dict[str, Any]] = {
    "Stable Diffusion 1": CROSS | {"layers_per_block": 2},
    "Stable Diffusion 2": CROSS | {"layers_per_block": 2, "use_linear_projection": True, "attention_head_dim": (2, 4)},
    "XL": PLAIN
    | {"layers_per_block": 2, "addition_embed_type": "text_time", "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 64},
    "sprout": PLAIN | {"layers_per_block": 1, "addition_embed_type": "text", "addition_embed_type_num_heads": 4},
    "guidance as an input": CROSS | {"layers_per_block": 1, "time_cond_proj_dim": 16},
    "three levels": {
        "layers_per_block": 1,
        "block_out_channels": (32, 64, 64),
        "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    },
}


def unet(**settings: Any) -> UNet2DConditionModel:
    torch.manual_seed(0)
    return UNet2DConditionModel(**{"sample_size": 8, "block_out_channels": (32, 64), "cross_attention_dim": 32, **settings}).eval()


def arguments(of: UNet2DConditionModel, count: int) -> dict[str, Any]:
    given: dict[str, Any] = {"encoder_hidden_states": torch.randn(count, 5, 32)}
    if of.config.addition_embed_type == "text_time":
        given["added_cond_kwargs"] = {"text_embeds": torch.randn(count, 16), "time_ids": torch.rand(count, 6)}
    if of.config.time_cond_proj_dim:
        given["timestep_cond"] = torch.randn(count, of.config.time_cond_proj_dim)
    return given


@pytest.mark.parametrize("shape", [(8, 8), (7, 10)], ids=["even", "odd"])
@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_together_the_halves_are_the_unet_bit_for_bit(kind: str, shape: tuple[int, int]) -> None:
    whole = unet(**KINDS[kind])
    assert fits(whole)
    x, timestep, given = torch.randn(2, 4, *shape), torch.tensor(500), arguments(whole, 2)
    split = SplitUNet(whole)
    begun = split.begin(x, timestep, **given)
    made = split.end(begun, split.deep(begun))
    assert torch.equal(made, whole(x, timestep, **given).sample)
    assert not torch.equal(made, split.end(begun, split.deep(begun) + 1)), "the deep features matter"


def test_the_shallow_half_is_less_than_a_third_of_the_work() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        whole = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)  # Stable Diffusion 1.5's
        x, timestep, text = torch.zeros(1, 4, 64, 64), torch.tensor(500), torch.zeros(1, 77, 768)
    split = SplitUNet(whole)
    counts = list[int]()
    for work in (lambda: whole(x, timestep, text), lambda: split.deep(split.begin(x, timestep, text))):
        with FlopCounterMode(display=False) as counter:
            work()
        counts.append(counter.get_total_flops())
    begun = split.begin(x, timestep, text)
    with FlopCounterMode(display=False) as counter:
        split.begin(x, timestep, text)
        split.end(begun, torch.zeros(1, 320, 64, 64, device="meta"))
    assert counter.get_total_flops() < counts[0] / 3
    assert counts[1] < counts[0]


@pytest.mark.parametrize(
    "settings",
    [
        {"down_block_types": ("CrossAttnDownBlock2D",), "up_block_types": ("CrossAttnUpBlock2D",), "block_out_channels": (32,)},
        CROSS | {"mid_block_type": None},
        CROSS | {"center_input_sample": True},
        CROSS | {"class_embed_type": "timestep"},
        CROSS | {"down_block_types": ("ResnetDownsampleBlock2D", "DownBlock2D"), "up_block_types": ("UpBlock2D", "ResnetUpsampleBlock2D")},
    ],
)
def test_others_are_not_taken_apart(settings: dict[str, Any]) -> None:
    assert not fits(unet(**{"layers_per_block": 1, **settings}))


def test_what_is_no_such_unet_is_not_taken_apart() -> None:
    assert not fits(UNet2DModel(sample_size=8, block_out_channels=(32, 64), down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2))
    assert not fits(object())

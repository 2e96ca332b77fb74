"""LoRAs, embeddings and VAEs for the tiny model, in the formats that people have."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file
from torch import Tensor

from conftest import tiny_pipeline

CAT = torch.linspace(-1, 1, 64).view(2, 32)  # two vectors of an embedding
Pairs = dict[tuple[str, str], tuple[Tensor, Tensor]]  # part and layer -> the two factors of what is added to its weight
LAYERS = r"(to_[qkv]|to_out\.0|[qkv]_proj|out_proj|fc[12]|ff\.net\.2|proj_in|conv1|conv_in|conv_shortcut|time_emb_proj|linear_1)$"
PARTS = ("unet", "text_encoder")
KOHYA = {"unet": "lora_unet_", "text_encoder": "lora_te_text_model_"}


@functools.cache
def tiny_shapes() -> Any:
    """The tiny pipeline, for its shapes and settings."""
    return tiny_pipeline()


def pairs(seed: int = 0, rank: int = 2, parts: tuple[str, ...] = PARTS) -> Pairs:
    generator = torch.Generator().manual_seed(seed)
    layers = [(part, name, layer.weight) for part in parts for name, layer in getattr(tiny_shapes(), part).named_modules() if re.search(LAYERS, name)]
    assert {part for part, *_ in layers} == {*parts}, "of each part some"

    def factors(weight: Tensor) -> tuple[Tensor, Tensor]:
        down = torch.randn(rank, *weight.shape[1:], generator=generator)
        return down * 0.1, torch.randn(len(weight), rank, *[1] * (weight.ndim - 2), generator=generator) * 0.1

    return {(part, name): factors(weight) for part, name, weight in layers}


def in_diffusers(lora: Pairs) -> dict[str, Tensor]:
    return {f"{part}.{name}.lora_{which}.weight": factor for (part, name), both in lora.items() for which, factor in zip("AB", both, strict=True)}


def in_kohya(lora: Pairs, alphas: Mapping[tuple[str, str], float]) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    for (part, name), (down, up) in lora.items():
        layer = KOHYA[part] + name.replace(".", "_")
        state |= {f"{layer}.lora_down.weight": down, f"{layer}.lora_up.weight": up, f"{layer}.alpha": torch.tensor(alphas[part, name])}
    return state


def saved(state: Mapping[str, Tensor], path: Path) -> str:
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    return str(path)


def other_vae(**over: Any) -> AutoencoderKL:
    torch.manual_seed(5)
    settings = {name: value for name, value in tiny_shapes().vae.config.items() if not name.startswith("_")}
    return AutoencoderKL(**settings | over)

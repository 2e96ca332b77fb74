"""A LoRA's tensors as diffusers and peft find all of them. Knows no pipeline and no file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

DOWN = re.compile(r"(?:lora_A|[._]lora\.down|lora_linear_layer\.down)\.(?:.*\.)?weight$|\.lokr_w1(?:_a)?$")  # one for every layer that a LoRA changes
# The namings that a text encoder's layer may come in. diffusers tells which one a LoRA has by names that a LoRA of few layers lacks.
KOHYA = re.compile(r"\.lora\.(down|up)\.")
OLDER = re.compile(r"\.to_(q|k|v|out)_lora\.(down|up)\.")
PEFT = re.compile(r"\.lora_(A|B)\.")
TEXT_ENCODER = "text_encoder"  # the names of both text encoders' tensors begin with it


def layers(state: Mapping[str, Tensor]) -> int:
    """How many layers a LoRA changes."""
    return sum(bool(DOWN.search(name)) for name in state)


def scaled(state: Mapping[str, Tensor], alphas: Mapping[str, float]) -> dict[str, Tensor]:
    """A LoRA with its alphas in its weights. diffusers does not find those of a text encoder, where they are not all the same."""
    made = dict(state)
    for name, alpha in alphas.items():
        stem = name.removesuffix(".alpha")
        down = stem if stem in state else f"{stem}.lora.down.weight"
        up = down.replace(".down.", ".up.")
        made[up] = state[up].float() * (alpha / len(state[down]))
    return made


def with_one_naming(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A LoRA whose text encoder's layers all have the naming that diffusers takes whichever layers there are."""
    return {_named(name) if name.startswith(TEXT_ENCODER) else name: tensor for name, tensor in state.items()}


def _named(name: str) -> str:
    """`q_proj.lora_linear_layer.down.weight`, of `to_q_lora.down.weight` or `q_proj.lora_A.weight`."""
    name = KOHYA.sub(r".lora_linear_layer.\1.", OLDER.sub(r".\1_proj.lora_linear_layer.\2.", name))
    return PEFT.sub(lambda match: f".lora_linear_layer.{'down' if match[1] == 'A' else 'up'}.", name)

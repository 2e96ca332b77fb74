"""A UNet in two halves: the shallow layers, which see every detail, and the deep ones, which see what a picture shows.

The deep half takes three quarters of the work, and what it makes changes little from one picture of a film to the next. The cut is that of
DeepCache (Ma et al. 2023), which keeps deep features from one step to the next; here they go from picture to picture. Run together, the
halves give the UNet's own prediction, bit for bit. Knows nothing of pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

SHALLOW = 2  # of the last block's layers, and the first block's that lead to them: one is too few (39 dB instead of 49 on sprout)
DOWN, UP = ("DownBlock2D", "CrossAttnDownBlock2D"), ("UpBlock2D", "CrossAttnUpBlock2D")


@dataclass(frozen=True)
class Begun:
    """What the shallow layers have made of latents on the way down."""

    hidden: Tensor  # (B, C, h, w)
    skips: list[Tensor]  # that the last layers take again
    time: Tensor  # (B, width) or (1, width), the embedding of the timestep
    text: Tensor  # (B, tokens, width)


class SplitUNet:
    """The halves of a UNet2DConditionModel that `fits`: `end(begun, deep(begun))` is its prediction."""

    def __init__(self, unet: Any):
        self.unet = unet
        self.first, self.last = _layers(unet.down_blocks[0]), _layers(unet.up_blocks[-1])

    def begin(self, x: Tensor, timestep: Tensor, encoder_hidden_states: Tensor, **arguments: Any) -> Begun:
        """x: (B, C, h, w). The arguments are those of the UNet's own call."""
        time, text = self._embedded(x, timestep, encoder_hidden_states, **arguments)
        skips = [self.unet.conv_in(x)]
        for layer in self.first[: SHALLOW - 1]:
            skips.append(_through(layer, skips[-1], time, text))
        return Begun(skips[-1], skips, time, text)

    def _embedded(
        self, x: Tensor, timestep: Tensor, text: Tensor, timestep_cond: Tensor | None = None, added_cond_kwargs: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        unet, added = self.unet, added_cond_kwargs or {}
        time = unet.time_embedding(unet.get_time_embed(sample=x, timestep=timestep), timestep_cond)
        further = unet.get_aug_embed(emb=time, encoder_hidden_states=text, added_cond_kwargs=added)
        time = time if further is None else time + further
        time = time if unet.time_embed_act is None else unet.time_embed_act(time)
        return time, unet.process_encoder_hidden_states(encoder_hidden_states=text, added_cond_kwargs=added)

    def deep(self, begun: Begun) -> Tensor:
        """The features that the last layers begin with, (B, C', h, w)."""
        unet, time, text = self.unet, begun.time, begun.text
        hidden, skips = begun.hidden, [*begun.skips]
        for layer in self.first[SHALLOW - 1 :]:
            hidden = _through(layer, hidden, time, text)
            skips.append(hidden)
        for downsampler in unet.down_blocks[0].downsamplers:
            hidden = downsampler(hidden)
            skips.append(hidden)
        for block in unet.down_blocks[1:]:
            hidden, made = block(hidden_states=hidden, temb=time, **_attended(block, text))
            skips.extend(made)
        hidden = unet.mid_block(hidden, time, **_attended(unet.mid_block, text))
        odd = any(side % 2**unet.num_upsamplers for side in begun.hidden.shape[-2:])
        for block in unet.up_blocks[:-1]:
            taken, skips = tuple(skips[-len(block.resnets) :]), skips[: -len(block.resnets)]
            size = skips[-1].shape[2:] if odd else None
            hidden = block(hidden_states=hidden, temb=time, res_hidden_states_tuple=taken, upsample_size=size, **_attended(block, text))
        for layer in self.last[:-SHALLOW]:
            hidden = _through(layer, torch.cat([hidden, skips.pop()], dim=1), time, text)
        return hidden

    def end(self, begun: Begun, features: Tensor) -> Tensor:
        """The prediction, (B, C, h, w), from what `deep` made of these latents, or of their like."""
        unet, hidden = self.unet, features
        for layer, skip in zip(self.last[-SHALLOW:], reversed(begun.skips), strict=True):
            hidden = _through(layer, torch.cat([hidden, skip], dim=1), begun.time, begun.text)
        if unet.conv_norm_out:
            hidden = unet.conv_act(unet.conv_norm_out(hidden))
        prediction: Tensor = unet.conv_out(hidden)
        return prediction


def fits(unet: Any) -> bool:
    """Whether a UNet is built as those of Stable Diffusion 1, 2 and XL are, as far as its halves can tell."""
    down, up = getattr(unet, "down_blocks", []), getattr(unet, "up_blocks", [])
    known = [type(block).__name__ in names for blocks, names in ((down, DOWN), (up, UP)) for block in blocks]
    if type(unet).__name__ != "UNet2DConditionModel" or not known or not all(known) or len(down) < 2:
        return False
    first, last, config = down[0], up[-1], unet.config
    plain = unet.mid_block is not None and config.class_embed_type is None and not config.center_input_sample
    whole = bool(first.downsamplers) and not last.upsamplers and len(last.resnets) == len(first.resnets) + 1 >= SHALLOW
    return plain and whole and config.addition_embed_type != "image_hint"


def _layers(block: Any) -> Sequence[tuple[Any, Any]]:
    """Its ResNets, each with the attention that follows it or None."""
    return [*zip(block.resnets, getattr(block, "attentions", None) or [None] * len(block.resnets), strict=True)]


def _through(layer: tuple[Any, Any], hidden: Tensor, time: Tensor, text: Tensor) -> Tensor:
    resnet, attention = layer
    hidden = resnet(hidden, time)
    return hidden if attention is None else attention(hidden, encoder_hidden_states=text, return_dict=False)[0]


def _attended(block: Any, text: Tensor) -> dict[str, Tensor]:
    return {"encoder_hidden_states": text} if getattr(block, "has_cross_attention", False) else {}

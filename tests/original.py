"""Stable Diffusion in its original layout, out of a diffusers pipeline: what the loading of single files is tested with.

Written block by block, in the order in which the original networks number their blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

UNET_RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0", "conv2": "out_layers.3"}
UNET_RESNET |= {"conv_shortcut": "skip_connection"}
VAE_RESNET = {"conv_shortcut": "nin_shortcut"}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
OPEN_CLIP_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}

Named = Iterator[tuple[str, Tensor]]


def to_original(pipe: Any) -> dict[str, Tensor]:
    """All tensors that such a file has, training's leftovers of numbers included."""
    made = dict(_unet(pipe.unet, "model.diffusion_model."))
    made |= dict(_vae(pipe.vae, "first_stage_model."))
    if hasattr(pipe, "text_encoder_2"):
        made |= dict(_clip(pipe.text_encoder, "conditioner.embedders.0.transformer."))
        made |= dict(_open_clip(pipe.text_encoder_2, "conditioner.embedders.1.model."))
    elif pipe.text_encoder.config.hidden_act == "gelu":
        made |= dict(_open_clip(pipe.text_encoder, "cond_stage_model.model.", unused=1))
    else:
        made |= dict(_clip(pipe.text_encoder, "cond_stage_model.transformer."))
    made["betas"] = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    return {name: tensor.contiguous() for name, tensor in made.items()}


def averaged(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The UNet as training keeps its moving average: the same names without dots, under another beginning."""
    unet = "model.diffusion_model."
    names = {name: "model_ema." + name.removeprefix("model.").replace(".", "") if name.startswith(unet) else name for name in state}
    return {names[name]: tensor for name, tensor in state.items()} | {"model_ema.decay": torch.tensor(0.9999)}


def _all(module: nn.Module, place: str, renamed: dict[str, str] | None = None) -> Named:
    for name, tensor in module.state_dict().items():
        for old, new in (renamed or {}).items():
            name = name.replace(old, new)
        yield f"{place}.{name}", tensor


def _unet(unet: Any, at: str) -> Named:
    yield from _all(unet.time_embedding.linear_1, f"{at}time_embed.0")
    yield from _all(unet.time_embedding.linear_2, f"{at}time_embed.2")
    if unet.config.addition_embed_type:
        yield from _all(unet.add_embedding.linear_1, f"{at}label_emb.0.0")
        yield from _all(unet.add_embedding.linear_2, f"{at}label_emb.0.2")
    yield from _all(unet.conv_in, f"{at}input_blocks.0.0")
    number = 1
    for block in unet.down_blocks:
        for layer, resnet in enumerate(block.resnets):
            yield from _unet_layer(resnet, block, layer, f"{at}input_blocks.{number}")
            number += 1
        if block.downsamplers:
            yield from _all(block.downsamplers[0].conv, f"{at}input_blocks.{number}.0.op")
            number += 1
    yield from _all(unet.mid_block.resnets[0], f"{at}middle_block.0", UNET_RESNET)
    yield from _all(unet.mid_block.attentions[0], f"{at}middle_block.1")
    yield from _all(unet.mid_block.resnets[1], f"{at}middle_block.2", UNET_RESNET)
    number = 0
    for block in unet.up_blocks:
        for layer, resnet in enumerate(block.resnets):
            yield from _unet_layer(resnet, block, layer, f"{at}output_blocks.{number}")
            if block.upsamplers and layer == len(block.resnets) - 1:
                yield from _all(block.upsamplers[0].conv, f"{at}output_blocks.{number}.{2 if hasattr(block, 'attentions') else 1}.conv")
            number += 1
    yield from _all(unet.conv_norm_out, f"{at}out.0")
    yield from _all(unet.conv_out, f"{at}out.2")


def _unet_layer(resnet: nn.Module, block: Any, layer: int, at: str) -> Named:
    yield from _all(resnet, f"{at}.0", UNET_RESNET)
    if hasattr(block, "attentions"):
        yield from _all(block.attentions[layer], f"{at}.1")


def _vae(vae: Any, at: str) -> Named:
    yield from _all(vae.quant_conv, f"{at}quant_conv")
    yield from _all(vae.post_quant_conv, f"{at}post_quant_conv")
    for level, block in enumerate(vae.encoder.down_blocks):
        yield from _vae_block(block, f"{at}encoder.down.{level}")
        if block.downsamplers:
            yield from _all(block.downsamplers[0].conv, f"{at}encoder.down.{level}.downsample.conv")
    for step, block in enumerate(vae.decoder.up_blocks):  # it counts from the largest picture, diffusers from the smallest
        level = len(vae.decoder.up_blocks) - 1 - step
        yield from _vae_block(block, f"{at}decoder.up.{level}")
        if block.upsamplers:
            yield from _all(block.upsamplers[0].conv, f"{at}decoder.up.{level}.upsample.conv")
    for half, name in ((vae.encoder, "encoder"), (vae.decoder, "decoder")):
        for number, resnet in enumerate(half.mid_block.resnets, start=1):
            yield from _all(resnet, f"{at}{name}.mid.block_{number}", VAE_RESNET)
        for key, tensor in _all(half.mid_block.attentions[0], f"{at}{name}.mid.attn_1", VAE_ATTENTION):
            yield key, tensor[:, :, None, None] if tensor.ndim == 2 else tensor  # its attention is made of 1 x 1 convolutions
        yield from _all(half.conv_in, f"{at}{name}.conv_in")
        yield from _all(half.conv_norm_out, f"{at}{name}.norm_out")
        yield from _all(half.conv_out, f"{at}{name}.conv_out")


def _vae_block(block: Any, at: str) -> Named:
    for number, resnet in enumerate(block.resnets):
        yield from _all(resnet, f"{at}.block.{number}", VAE_RESNET)


def _clip(encoder: Any, at: str) -> Named:
    for name, tensor in encoder.state_dict().items():
        yield f"{at}text_model.{name.removeprefix('text_model.')}", tensor
    yield f"{at}text_model.embeddings.position_ids", torch.arange(encoder.config.max_position_embeddings)[None]


def _open_clip(encoder: Any, at: str, unused: int = 0) -> Named:
    """unused: layers at the end that the file has and nobody draws with."""
    text = getattr(encoder, "text_model", encoder)
    yield f"{at}token_embedding.weight", text.embeddings.token_embedding.weight.data
    yield f"{at}positional_embedding", text.embeddings.position_embedding.weight.data
    layers = text.encoder.layers
    for number, layer in enumerate([*layers, *[layers[-1]] * unused]):
        for name, tensor in _open_clip_layer(layer, f"{at}transformer.resblocks.{number}"):
            yield name, tensor if number < len(layers) else torch.full_like(tensor, torch.nan)
    yield from _all(text.final_layer_norm, f"{at}ln_final")
    width = encoder.config.hidden_size
    yield f"{at}text_projection", encoder.text_projection.weight.data.T if hasattr(encoder, "text_projection") else torch.eye(width)
    yield f"{at}logit_scale", torch.tensor(4.6)


def _open_clip_layer(layer: Any, at: str) -> Named:
    state = layer.state_dict()
    for kind in ("weight", "bias"):
        yield f"{at}.attn.in_proj_{kind}", torch.cat([state[f"self_attn.{which}_proj.{kind}"] for which in "qkv"])
    for name, tensor in _all(layer, at, OPEN_CLIP_LAYER):
        if "self_attn" not in name:
            yield name, tensor

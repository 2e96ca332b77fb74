"""Stable Diffusion 1, 2 and XL at toy size, and their original layout: what the loading of single files is tested with.

The layout is written block by block, in the order in which the original networks number their blocks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import torch
import transformers
from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from animate.models.weights.checkpoint import CONFIGS
from animate.models.weights.original_layout import ATTENTION
from conftest import tiny_pipeline

State = dict[str, Tensor]


def text_config(pipe: Any, layers: int = 2) -> CLIPTextConfig:
    """OpenCLIP's kind: gelu; as wide as tiny_pipeline's, so that the two encoders of XL cannot be told apart by their widths."""
    same = pipe.text_encoder.config
    return CLIPTextConfig(
        vocab_size=same.vocab_size, hidden_size=32, intermediate_size=48, num_hidden_layers=layers, num_attention_heads=4, hidden_act="gelu",
        projection_dim=24, bos_token_id=same.bos_token_id, eos_token_id=same.eos_token_id, pad_token_id=0,
    )  # fmt: skip


def make_sd2() -> Any:
    pipe = tiny_pipeline(prediction_type="v_prediction")
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(32, 64), layers_per_block=2, cross_attention_dim=32, attention_head_dim=[2, 4], use_linear_projection=True,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    )  # fmt: skip
    pipe.register_modules(unet=unet, text_encoder=CLIPTextModel(text_config(pipe)).eval())
    return pipe


def make_sdxl() -> Any:
    pipe = tiny_pipeline()
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(32, 64), layers_per_block=1, cross_attention_dim=64, attention_head_dim=[2, 4], use_linear_projection=True,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=[1, 2], addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=72,
    )  # fmt: skip
    return StableDiffusionXLPipeline(
        vae=pipe.vae, text_encoder=pipe.text_encoder, text_encoder_2=CLIPTextModelWithProjection(text_config(pipe)).eval(), tokenizer=pipe.tokenizer,
        tokenizer_2=pipe.tokenizer, unet=unet, scheduler=pipe.scheduler, force_zeros_for_empty_prompt=False, add_watermarker=False,
    )  # fmt: skip


MAKE: dict[str, Callable[[], Any]] = {"sd1": tiny_pipeline, "sd2": make_sd2, "sdxl": make_sdxl}

WEIGHTS = {  # as published
    "sd1": {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480},
    "sd2": {"unet": 865_910_724, "vae": 83_653_863, "text_encoder": 340_387_840},
    "sd2-v": {"unet": 865_910_724, "vae": 83_653_863, "text_encoder": 340_387_840},
    "sdxl": {"unet": 2_567_463_684, "vae": 83_653_863, "text_encoder": 123_060_480, "text_encoder_2": 694_659_840},
}


def published(kind: str, device: str = "meta") -> Any:
    """The networks that the shipped folder describes, with random weights; on "meta" without memory for them."""
    folder = CONFIGS / kind
    index = json.loads((folder / "model_index.json").read_text())
    networks = SimpleNamespace()
    with torch.device(device):
        for name in WEIGHTS[kind]:
            library, class_name = index[name]
            if library == "transformers":
                config = CLIPTextConfig.from_pretrained(folder, subfolder=name)
                module = getattr(transformers, class_name)(config)
            else:
                network = getattr(diffusers, class_name)
                module = network.from_config(network.load_config(folder, subfolder=name))
            setattr(networks, name, module)
    return networks


def saved(state: State, path: Path) -> Path:
    save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
    return path


# The layout.

Named = Iterator[tuple[str, Tensor]]

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


def to_original(pipe: Any) -> State:
    """All tensors that such a file has, training's leftovers of numbers included."""
    state = dict(_unet(pipe.unet, "model.diffusion_model."))
    state |= dict(_vae(pipe.vae, "first_stage_model."))
    if hasattr(pipe, "text_encoder_2"):
        state |= dict(_clip(pipe.text_encoder, "conditioner.embedders.0.transformer."))
        state |= dict(_open_clip(pipe.text_encoder_2, "conditioner.embedders.1.model."))
    elif pipe.text_encoder.config.hidden_act == "gelu":
        state |= dict(_open_clip(pipe.text_encoder, "cond_stage_model.model.", unused=1))
    else:
        state |= dict(_clip(pipe.text_encoder, "cond_stage_model.transformer."))
    state["betas"] = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    return {name: tensor.contiguous() for name, tensor in state.items()}


def with_attention(state: State, naming: str) -> State:
    """A VAE's tensors with another naming of its attention; those of diffusers' kinds are matrices in any layout."""
    made: State = {}
    for name, tensor in state.items():
        start, block, rest = next(((a, b, c) for a, b, c in map(name.partition, ("mid.attn_1.", "mid_block.attentions.0.")) if b), (name, "", ""))
        part, _, end = rest.rpartition(".")
        own = ATTENTION["original" if block == "mid.attn_1." else "diffusers"]
        renamed = f"{start}{block}{ATTENTION[naming][own.index(part)]}.{end}" if block and part in own else name
        flat = block and tensor.ndim == 4 and naming != "original"
        made[renamed] = tensor[:, :, 0, 0].clone() if flat else tensor
    return made


def averaged(state: State) -> State:
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
            yield key, tensor[:, :, None, None] if tensor.ndim == 2 else tensor  # its attention is state of 1 x 1 convolutions
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

"""A single file in the original layout of Stable Diffusion 1, 2 or XL -> a diffusers pipeline, offline. Knows nothing of the hub.

The architectures lie in `configs/`, a folder in diffusers' format for each, without weights.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor

from ...errors import AnimateError, one_line
from ..memory import enough_to_load
from ..quiet import quiet
from . import clip, original_layout, tensors
from .clip import MissingWeights
from .files import INDEX
from .original_layout import EPSILON, LATENTS, TEXT, TITLES, UNET, VAE, VELOCITY, with_one_attention, with_prefix

CONFIGS = Path(__file__).parent / "configs"


def load(path: Path, dtype: torch.dtype, config: Path | None = None, prediction: str | None = None, needs_vae: bool = True) -> Any:
    """A StableDiffusionPipeline or a StableDiffusionXLPipeline without safety checker, on the CPU.

    config      a folder in diffusers' format whose shapes the file has; left out: the published Stable Diffusion of its kind
    prediction  "epsilon" or "v_prediction"; left out: what `config` says, else what `original_layout.prediction_type` finds
    needs_vae   whether a file without a VAE is refused; otherwise it gets one of random weights, for another to take its place

    Of a file with plain and averaged (EMA) weights the plain ones are taken; the averaged where there are no others.
    Raises AnimateError for what cannot be read, is no such model, or is not whole.
    """
    if prediction not in (None, EPSILON, VELOCITY):
        raise AnimateError(f'prediction "{prediction}" is not known; allowed: {EPSILON}, {VELOCITY}')
    if config and not (config / INDEX).is_file():
        raise AnimateError(f"{config}: no {INDEX}; give a folder in diffusers' format")
    state = original_layout.with_plain_names(tensors.read(path))
    kind = original_layout.kind(path, state, needs_vae)
    prediction = prediction or (None if config else original_layout.prediction_type(path, kind, state))
    folder = config or CONFIGS / ("sd2-v" if (kind, prediction) == ("sd2", VELOCITY) else kind)
    try:
        with quiet():  # diffusers warns of every cast to a dtype
            return _pipeline(kind, state, folder, dtype, prediction)
    except MissingWeights as error:
        raise AnimateError(f"{path} {error}") from error
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        misfit = f"has not the shapes of a {TITLES[kind]} ({one_line(error, 200)})"
        raise AnimateError(f"{path} {misfit}; give config, a folder in diffusers' format that has") from error


def convert(path: Path, folder: Path, dtype: torch.dtype = torch.float16, config: Path | None = None, prediction: str | None = None) -> Path:
    """Keep a single file as a folder in diffusers' format, its weights in safetensors: loads faster, and holds no pickle.

    Raises AnimateError as `load` does, and where the folder is not empty or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AnimateError(f"{folder} is there already; give a folder that is new or empty")
    with enough_to_load(str(path)):
        return _saved(load(path, dtype, config, prediction), folder.absolute())


def _saved(pipe: Any, folder: Path) -> Path:
    temporary = folder.with_name(f".{secrets.token_hex(8)}")
    try:
        with quiet():
            pipe.save_pretrained(temporary)
        os.replace(temporary, folder)
    except (OSError, SafetensorError) as error:
        raise AnimateError(f"{folder} cannot be written ({error}); give another folder") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def load_vae(path: Path, like: Any, dtype: torch.dtype) -> Any:
    """The VAE in a file of its own or in a whole checkpoint, in the original layout. like: a VAE with its shapes. Raises AnimateError."""
    state = tensors.read(path)
    if not any(name.startswith(VAE) for name in state):
        state = {LATENTS + name: tensor for name, tensor in state.items()}
    with tempfile.TemporaryDirectory() as folder, quiet():
        like.save_config(Path(folder) / "vae")
        try:
            return _vae(with_prefix(VAE, state), Path(folder), dtype, needed=True)
        except MissingWeights as error:
            raise AnimateError(f"{path} {error}") from error


def _pipeline(kind: str, state: Mapping[str, Tensor], folder: Path, dtype: torch.dtype, prediction: str | None) -> Any:
    parts: dict[str, Any] = {
        "unet": _network(diffusers.UNet2DConditionModel, "unet", with_prefix(UNET, state), folder, dtype),
        "vae": _vae(with_prefix(VAE, state), folder, dtype),
        "scheduler": _scheduler(folder, prediction, zero_snr="ztsnr" in state),
    }
    for part, prefix in TEXT[kind].items():
        weights = {name.removeprefix(prefix): tensor for name, tensor in with_prefix(prefix, state).items()}
        parts[part] = clip.text_encoder(part, weights, folder, dtype)
        vocabulary = part.replace("text_encoder", "tokenizer")
        # OpenCLIP pads with its first token, OpenAI's CLIP with its last.
        parts[vocabulary] = _tokenizer(folder / vocabulary, pad="!" if prefix.endswith(".model.") else "<|endoftext|>")
    if kind == "sdxl":
        index = json.loads((folder / INDEX).read_text())
        return diffusers.StableDiffusionXLPipeline(**parts, force_zeros_for_empty_prompt=index.get("force_zeros_for_empty_prompt", True))
    return diffusers.StableDiffusionPipeline(**parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def _vae(state: dict[str, Tensor], folder: Path, dtype: torch.dtype, needed: bool = False) -> Any:
    """Of a file that has none, and needs none, one of random weights. Raises MissingWeights."""
    if state or needed:
        return _network(diffusers.AutoencoderKL, "vae", with_one_attention(state), folder, dtype)
    return diffusers.AutoencoderKL.from_config(diffusers.AutoencoderKL.load_config(folder, subfolder="vae")).to(dtype).eval()


def _network(network_class: Any, part: str, state: dict[str, Tensor], folder: Path, dtype: torch.dtype) -> Any:
    """A UNet or a VAE. Raises MissingWeights.

    diffusers would leave what the file lacks at random, and both layouts have the same tensors: they are counted.
    """
    with torch.device("meta"):
        needed = sum(weight.numel() for weight in network_class.from_config(network_class.load_config(folder, subfolder=part)).parameters())
    count = sum(tensor.numel() for tensor in state.values())
    if count != needed:
        raise MissingWeights(
            f"has {count:,} weights for its {part} instead of {needed:,}; get it again, or give config, the folder of what it was made from"
        )
    return network_class.from_single_file(state, config=str(folder), subfolder=part, local_files_only=True, dtype=dtype)


def _scheduler(folder: Path, prediction: str | None, zero_snr: bool) -> Any:
    config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    changes = {"prediction_type": prediction} if prediction else {}
    rescaled = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"} if zero_snr else {}
    return getattr(diffusers, config["_class_name"]).from_config(config, **changes, **rescaled)


def _tokenizer(folder: Path, pad: str) -> Any:
    return transformers.CLIPTokenizer.from_pretrained(folder) if folder.is_dir() else clip.tokenizer(pad)

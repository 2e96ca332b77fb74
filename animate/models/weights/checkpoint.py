"""A single file in the original layout of Stable Diffusion 1, 2 or XL -> a diffusers pipeline, offline.

The architectures lie in `configs/`, a folder in diffusers' format for each, without weights, and CLIP's vocabulary beside them.
Nothing that is pickled in a file is ever run.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pickle
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers.pre_tokenizers import ByteLevel
from torch import Tensor

from ...errors import AnimateError

CONFIGS = Path(__file__).parent / "configs"
MERGES = CONFIGS / "clip-merges.txt.gz"
EPSILON, VELOCITY = "epsilon", "v_prediction"  # what a UNet was taught to predict, as diffusers says it

UNET, AVERAGED = "model.diffusion_model.", "model_ema.diffusion_model"
VAE = tuple(f"first_stage_model.{part}." for part in ("encoder", "decoder", "quant_conv", "post_quant_conv"))  # some files have its loss too
# Kind -> where its text encoders lie; the first whose places are all there is it.
TEXT = {
    "sdxl": {"text_encoder": "conditioner.embedders.0.transformer.", "text_encoder_2": "conditioner.embedders.1.model."},
    "sd2": {"text_encoder": "cond_stage_model.model."},
    "sd1": {"text_encoder": "cond_stage_model.transformer."},
}
TITLES = {"sd1": "Stable Diffusion 1", "sd2": "Stable Diffusion 2", "sdxl": "Stable Diffusion XL"}

# What else is kept in such files -> by which of its keys it is known; the first that fits is it.
OTHERS = {
    "a LoRA (changes to a model, not a model)": r"(^|[._])lora([._]|$)|\.(hada|lokr)_",
    "a textual inversion (one word, not a model)": r"^(string_to_param|emb_params|clip_[lg])$",
    "a ControlNet": r"^(control_model|input_hint_block|controlnet_)",
    "the refiner of Stable Diffusion XL, which cannot draw from a prompt alone": r"^conditioner\.embedders\.0\.model\.",
    "a model of another family": r"(joint|double|single)_blocks\.|^model\.diffusion_model\.(?!input_|middle_|output_|time_|label_|out\.)",
    "one part of a model in diffusers' format (give the folder that it belongs to)": r"^(down|up|mid)_blocks?\.|^(en|de)coder\.(down|up|mid)_block",
    "a UNet without a text encoder or without a VAE": r"^model\.diffusion_model\.",
    "a VAE without a UNet": r"^(first_stage_model\.)?(encoder|decoder|quant_conv|post_quant_conv)\.(?!layers)",
    "a text encoder without a UNet": r"(^|\.)(text_model|encoder\.layers|transformer\.resblocks)\.",
}
CHANNELS = {9: "made for inpainting", 8: "made for edits by instruction", 7: "made for enlarging", 5: "made for depth"}

# What training leaves in a pickle beside the tensors, and what is put in its place.
LEFT = re.compile(r"(pytorch_lightning|lightning|lightning_fabric)\..+|numpy\.(dtype|ndarray)|numpy\._?core\.multiarray\.(scalar|_reconstruct)")

# OpenCLIP's names -> those of transformers' CLIP.
RENAMED = {
    "transformer.resblocks.": "encoder.layers.",
    ".ln_1.": ".layer_norm1.",
    ".ln_2.": ".layer_norm2.",
    ".c_fc.": ".fc1.",
    ".c_proj.": ".fc2.",
    ".attn.": ".self_attn.",
    "ln_final.": "final_layer_norm.",
    "token_embedding.": "embeddings.token_embedding.",
    "positional_embedding": "embeddings.position_embedding.weight",
}

# The modules of the original UNet: averaged weights have their names without dots. A name comes before those it begins with.
MODULES = (
    "time_embed label_emb input_blocks middle_block output_blocks in_layers emb_layers out_layers skip_connection op conv "
    "proj_in proj_out proj transformer_blocks attn1 attn2 to_q to_k to_v to_out ff net norm1 norm2 norm3 norm out weight bias"
)
# A block's number may have two digits, and one more follows it; every other number is one digit.
DOTLESS = re.compile(r"(?<=put_blocks)\d+(?=\d)|" + "|".join(MODULES.split()) + r"|\d")


class _Leftover:
    """Stands for whatever training pickled beside the weights: takes anything, does nothing."""

    def __init__(self, *given: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def load(path: Path, dtype: torch.dtype, config: Path | None = None, prediction: str | None = None) -> Any:
    """A StableDiffusionPipeline or a StableDiffusionXLPipeline without safety checker, on the CPU.

    config      a folder in diffusers' format whose shapes the file has; left out: the published Stable Diffusion of its kind
    prediction  "epsilon" or "v_prediction"; left out: what `config` says, else what `predicted` finds

    Of a file with plain and averaged (EMA) weights the plain ones are taken; the averaged where there are no others.
    Raises AnimateError for what cannot be read, is no such model, or is not whole.
    """
    if prediction not in (None, EPSILON, VELOCITY):
        raise AnimateError(f'prediction "{prediction}" is not known; allowed: {EPSILON}, {VELOCITY}')
    if config and not (config / "model_index.json").is_file():
        raise AnimateError(f"{config}: no model_index.json; give a folder in diffusers' format")
    state = _with_plain_names(read(path))
    kind = _kind(path, state)
    prediction = prediction or (None if config else predicted(path, kind, state))
    folder = config or CONFIGS / ("sd2-v" if (kind, prediction) == ("sd2", VELOCITY) else kind)
    try:
        with _quiet():
            return _pipeline(kind, state, folder, dtype, prediction)
    except AnimateError as error:
        raise AnimateError(f"{path} {error}") from error
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        first = " ".join(str(error).split())[:200]
        raise AnimateError(f"{path} has not the shapes of a {TITLES[kind]} ({first}); give config, a folder in diffusers' format that has") from error


def convert(path: Path, folder: Path, dtype: torch.dtype = torch.float16, config: Path | None = None, prediction: str | None = None) -> Path:
    """Keep a single file as a folder in diffusers' format, its weights in safetensors: loads faster, and holds no pickle.

    Raises AnimateError as `load` does, and where the folder is not empty or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AnimateError(f"{folder} is there already; give a folder that is new or empty")
    pipe = load(path, dtype, config, prediction)
    folder = folder.absolute()
    temporary = folder.with_name(f".{secrets.token_hex(8)}")
    try:
        with _quiet():
            pipe.save_pretrained(temporary)
        os.replace(temporary, folder)
    except (OSError, SafetensorError) as error:
        raise AnimateError(f"{folder} cannot be written ({error}); give another folder") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """diffusers warns of every cast to a dtype, transformers shows a bar for every encoder that it writes; what goes wrong is raised anyway."""
    bars, loud = transformers.utils.logging, diffusers.utils.logging.get_verbosity()
    shown = bars.is_progress_bar_enabled()
    diffusers.utils.logging.set_verbosity_error()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        diffusers.utils.logging.set_verbosity(loud)
        if shown:
            bars.enable_progress_bar()


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name: safetensors, or torch's pickles, of which nothing is run. Raises AnimateError."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        zipped = start == b"PK\x03\x04"
        held: Any = _unpickle(path, zipped) if zipped or start[:1] == b"\x80" else load_file(path)
        state = held.get("state_dict", held) if isinstance(held, dict) else {}
        return {name: tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}
    except AnimateError:
        raise
    except Exception as error:  # a broken pickle can fail in any way
        first = " ".join(str(error).split())[:100] or type(error).__name__
        raise AnimateError(f"{path} is not a checkpoint, or not a whole one ({first}); get it again, as .safetensors") from error


def _unpickle(path: Path, zipped: bool) -> Any:
    """What torch.save wrote; of a zip, tensors stay on the disk until they are used."""
    found = torch.serialization.get_unsafe_globals_in_checkpoint(path) if zipped else []
    strange = sorted(name for name in found if not LEFT.fullmatch(name))
    if strange:
        raise _holds_code(path, ", ".join(strange))
    with torch.serialization.safe_globals([(_Leftover, name) for name in found]):
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
        except pickle.UnpicklingError as error:
            named = re.search(r"GLOBAL ([\w.]+)", str(error))  # torch says it of the older format, which it cannot list
            if named is None:
                raise
            raise _holds_code(path, named[1]) from error


def _holds_code(path: Path, names: str) -> AnimateError:
    return AnimateError(f"{path} holds code besides tensors ({names}); it is not loaded: ask for a .safetensors file")


def _with_plain_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Averaged weights under the names of the plain ones, where those are not there."""
    if any(name.startswith(UNET) for name in state):
        return state
    return {plain_name(name): tensor for name, tensor in state.items()}


def plain_name(name: str) -> str:
    """`model_ema.diffusion_modelinput_blocks10weight` -> `model.diffusion_model.input_blocks.1.0.weight`; others stay."""
    return UNET + ".".join(DOTLESS.findall(name.removeprefix(AVERAGED))) if name.startswith(AVERAGED) else name


def _kind(path: Path, state: Mapping[str, Tensor]) -> str:
    """sd1, sd2 or sdxl. Raises AnimateError that says what the file is instead."""

    def whole(places: Iterable[str]) -> bool:
        return all(any(name.startswith(place) for name in state) for place in places)

    kind = next((kind for kind, places in TEXT.items() if whole((UNET, *VAE, *places.values()))), None)
    first = state.get(f"{UNET}input_blocks.0.0.weight")
    if kind is None or first is None:
        is_what = next((what for what, known in OTHERS.items() if any(re.search(known, name) for name in state)), "no checkpoint of a model")
    elif first.shape[1] != 4:
        is_what = f"a {TITLES[kind]} {CHANNELS.get(first.shape[1], f'of {first.shape[1]} channels')}"
    else:
        return kind
    raise AnimateError(f"{path} is {is_what}; allowed: a whole {', '.join(TITLES.values())} that draws from prompts, in the original layout")


def predicted(path: Path, kind: str, state: Mapping[str, Tensor]) -> str:
    """What the UNet predicts, "epsilon" or "v_prediction", which no shape shows. The first that says something is believed:

    1. a YAML file beside it with the same name (`parameterization: "v"`, or anything else for epsilon),
    2. the mark `v_pred` that XL models have among their weights,
    3. for Stable Diffusion 2 the name: "768" or "-v-" for v, "512" or "base" for epsilon,
    4. for Stable Diffusion 2 the biases before the last self-attention, which spread more widely in the v models
       (the rule that ComfyUI goes by),
    else epsilon.
    """
    told = path.with_suffix(".yaml")
    if told.is_file():
        return VELOCITY if re.search(r"""^\s*parameterization:\s*["']?v\b""", told.read_text(errors="replace"), re.MULTILINE) else EPSILON
    if "v_pred" in state:
        return VELOCITY
    if kind != "sd2":
        return EPSILON
    named = {VELOCITY: r"768|[-_]v[-_]", EPSILON: r"512|base"}
    return next((what for what, known in named.items() if re.search(known, path.stem.lower())), _by_spread(state))


def _by_spread(state: Mapping[str, Tensor]) -> str:
    last = f"{UNET}output_blocks.11.1.transformer_blocks.0.norm1.bias"
    return VELOCITY if last in state and state[last].float().std(correction=0) > 0.09 else EPSILON


def _pipeline(kind: str, state: Mapping[str, Tensor], folder: Path, dtype: torch.dtype, prediction: str | None) -> Any:
    parts: dict[str, Any] = {
        "unet": _network(diffusers.UNet2DConditionModel, "unet", _beginning(UNET, state), folder, dtype),
        "vae": _network(diffusers.AutoencoderKL, "vae", _beginning(VAE, state), folder, dtype),
        "scheduler": _scheduler(folder, prediction, zero_snr="ztsnr" in state),
    }
    for name, place in TEXT[kind].items():
        held = {key.removeprefix(place): tensor for key, tensor in _beginning(place, state).items()}
        parts[name] = _text_encoder(name, held, folder, dtype)
        vocabulary = name.replace("text_encoder", "tokenizer")
        # OpenCLIP pads with its first token, OpenAI's CLIP with its last.
        parts[vocabulary] = _tokenizer(folder / vocabulary, pad="!" if place.endswith(".model.") else "<|endoftext|>")
    if kind == "sdxl":
        index = json.loads((folder / "model_index.json").read_text())
        return diffusers.StableDiffusionXLPipeline(**parts, force_zeros_for_empty_prompt=index.get("force_zeros_for_empty_prompt", True))
    return diffusers.StableDiffusionPipeline(**parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def _beginning(place: str | tuple[str, ...], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if name.startswith(place)}


def _network(cls: Any, part: str, held: dict[str, Tensor], folder: Path, dtype: torch.dtype) -> Any:
    """A UNet or a VAE. diffusers would leave what the file lacks at random, and both layouts have the same tensors: they are counted."""
    with torch.device("meta"):
        wanted = sum(weight.numel() for weight in cls.from_config(cls.load_config(folder, subfolder=part)).parameters())
    found = sum(tensor.numel() for tensor in held.values())
    if found != wanted:
        raise AnimateError(
            f"has {found:,} weights for its {part} instead of {wanted:,}; get it again, or give config, the folder of what it was made from"
        )
    return cls.from_single_file(held, config=str(folder), subfolder=part, local_files_only=True, dtype=dtype)


def _scheduler(folder: Path, prediction: str | None, zero_snr: bool) -> Any:
    config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    over = {"prediction_type": prediction} if prediction else {}
    rescaled = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"} if zero_snr else {}
    return getattr(diffusers, config["_class_name"]).from_config(config, **over, **rescaled)


def _text_encoder(name: str, held: dict[str, Tensor], folder: Path, dtype: torch.dtype) -> Any:
    """A CLIPTextModel; one that others pool from has a projection (CLIPTextModelWithProjection)."""
    config = transformers.CLIPTextConfig.from_pretrained(folder, subfolder=name)
    kind = transformers.CLIPTextModel if name == "text_encoder" else transformers.CLIPTextModelWithProjection
    with torch.device("meta"):
        encoder = kind(config)
    plainly = _from_open_clip(held) if "positional_embedding" in held else held
    weights = {key.removeprefix("text_model."): tensor for key, tensor in plainly.items()}
    # Files have more than is drawn with: Stable Diffusion 2 leaves out OpenCLIP's last layer.
    names = {key: key.removeprefix("text_model.") for key in encoder.state_dict()}
    missing = [plain for plain in names.values() if plain not in weights]
    if missing:
        raise AnimateError(f"has no {missing[0]} in its {name} ({len(missing)} of {len(names)} are missing); get it again")
    encoder.load_state_dict({key: weights[plain].to(dtype) for key, plain in names.items()}, assign=True)
    embeddings = getattr(encoder, "text_model", encoder).embeddings
    embeddings.position_ids = torch.arange(config.max_position_embeddings)[None]  # no weight: it is in no file
    return encoder.eval()


def _from_open_clip(held: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OpenCLIP's text encoder by the names of transformers' CLIP.

    The three projections of an attention lie in one (3 * width, width); the last projection is to be multiplied from the right.
    """
    made: dict[str, Tensor] = {}
    for name, tensor in held.items():
        for old, new in RENAMED.items():
            name = name.replace(old, new)
        if ".in_proj_" in name:
            made |= {name.replace("in_proj_", f"{which}_proj."): part.clone() for which, part in zip("qkv", tensor.chunk(3), strict=True)}
        elif name == "text_projection":
            made["text_projection.weight"] = tensor.T.contiguous()
        else:
            made[name] = tensor
    return made


def _tokenizer(folder: Path, pad: str) -> Any:
    return transformers.CLIPTokenizer.from_pretrained(folder) if folder.is_dir() else tokenizer(pad)


def tokenizer(pad: str) -> Any:
    """CLIP's own tokenizer: 49,408 words, 77 to a prompt. pad: the word that fills a prompt up."""
    merges = [tuple(line.split(" ")) for line in gzip.decompress(MERGES.read_bytes()).decode().split("\n")]
    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(pair) for pair in merges), "<|startoftext|>", "<|endoftext|>"]
    numbered = {word: number for number, word in enumerate(words)}
    return transformers.CLIPTokenizer(vocab=numbered, merges=merges, model_max_length=77, pad_token=pad)


def load_vae(path: Path, like: Any, dtype: torch.dtype) -> Any:
    """The VAE in a file of its own or in a whole checkpoint, in the original layout. like: a VAE with its shapes. Raises AnimateError."""
    state = read(path)
    if not any(name.startswith(VAE) for name in state):
        state = {f"first_stage_model.{name}": tensor for name, tensor in state.items()}
    with tempfile.TemporaryDirectory() as folder, _quiet():
        like.save_config(Path(folder) / "vae")
        try:
            return _network(diffusers.AutoencoderKL, "vae", _beginning(VAE, state), Path(folder), dtype)
        except AnimateError as error:
            raise AnimateError(f"{path} {error}") from error

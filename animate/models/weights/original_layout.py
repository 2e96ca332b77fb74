"""How Stable Diffusion 1, 2 and XL lie in a single file of their original layout. Knows no classes of diffusers.

Which of the three a file is, what it is instead, and what its UNet predicts is told from the names and shapes of its tensors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor

from ...errors import AnimateError

EPSILON, VELOCITY = "epsilon", "v_prediction"  # diffusers' names for what a UNet predicts

UNET, AVERAGED = "model.diffusion_model.", "model_ema.diffusion_model"
LATENTS = "first_stage_model."
VAE = tuple(f"{LATENTS}{part}." for part in ("encoder", "decoder", "quant_conv", "post_quant_conv"))  # some files have its loss too
# Kind -> prefixes of its text encoders; the first kind whose prefixes are all there is it.
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
    "a UNet without a text encoder": r"^model\.diffusion_model\.",
    "a VAE without a UNet": r"^(first_stage_model\.)?(encoder|decoder|quant_conv|post_quant_conv)\.(?!layers)",
    "a text encoder without a UNet": r"(^|\.)(text_model|encoder\.layers|transformer\.resblocks)\.",
}
CHANNELS = {9: "made for inpainting", 8: "made for edits by instruction", 7: "made for enlarging", 5: "made for depth"}

# The modules of the original UNet: averaged weights have their names without dots. A name comes before those it begins with.
MODULES = (
    "time_embed label_emb input_blocks middle_block output_blocks in_layers emb_layers out_layers skip_connection op conv "
    "proj_in proj_out proj transformer_blocks attn1 attn2 to_q to_k to_v to_out ff net norm1 norm2 norm3 norm out weight bias"
)
# A block's number may have two digits, and one more follows it; every other number is one digit.
DOTLESS = re.compile(r"(?<=put_blocks)\d+(?=\d)|" + "|".join(MODULES.split()) + r"|\d")


# The VAE's attention. Converters left the names of diffusers, or those that it had in 2022, in files of the original layout.
ATTENTION = {
    "original": ("norm", "q", "k", "v", "proj_out"),
    "diffusers": ("group_norm", "to_q", "to_k", "to_v", "to_out.0"),
    "2022": ("group_norm", "query", "key", "value", "proj_attn"),
}
IN_ATTENTION = re.compile(r"((?:mid\.attn_1|mid_block\.attentions\.0)\.)(.+)(\.(?:weight|bias))")


def with_one_attention(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A VAE's tensors, with the names of its attention that belong to their layout, the original one or diffusers'."""

    def renamed(match: re.Match[str]) -> str:
        wanted = ATTENTION["original" if "attn_1" in match[1] else "diffusers"]
        place = next((names.index(match[2]) for names in ATTENTION.values() if match[2] in names), None)
        return match[0] if place is None else match[1] + wanted[place] + match[3]

    return {IN_ATTENTION.sub(renamed, name): tensor for name, tensor in state.items()}


def with_plain_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Averaged weights under the names of the plain ones, where there are no plain ones."""
    if any(name.startswith(UNET) for name in state):
        return state
    return {plain_name(name): tensor for name, tensor in state.items()}


def plain_name(name: str) -> str:
    """`model_ema.diffusion_modelinput_blocks10weight` -> `model.diffusion_model.input_blocks.1.0.weight`; others stay."""
    return UNET + ".".join(DOTLESS.findall(name.removeprefix(AVERAGED))) if name.startswith(AVERAGED) else name


def with_prefix(prefix: str | tuple[str, ...], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those tensors whose names begin so; the names stay whole."""
    return {name: tensor for name, tensor in state.items() if name.startswith(prefix)}


def kind(path: Path, state: Mapping[str, Tensor], needs_vae: bool = True) -> str:
    """sd1, sd2 or sdxl. Raises AnimateError that says what the file is instead. needs_vae: one without a VAE is none."""

    def complete(prefixes: Iterable[str]) -> bool:
        return all(any(name.startswith(prefix) for name in state) for prefix in prefixes)

    known = next((kind for kind, text in TEXT.items() if complete((UNET, *text.values()))), None)
    if known and needs_vae and not complete(VAE):
        raise AnimateError(f"{path} is a {TITLES[known]} without a VAE; say --vae FILE, too, to draw with it")
    first = state.get(f"{UNET}input_blocks.0.0.weight")
    if known is None or first is None:
        title = next((title for title, pattern in OTHERS.items() if any(re.search(pattern, name) for name in state)), "no checkpoint of a model")
    elif first.shape[1] != 4:
        title = f"a {TITLES[known]} {CHANNELS.get(first.shape[1], f'of {first.shape[1]} channels')}"
    else:
        return known
    raise AnimateError(f"{path} is {title}; allowed: a whole {', '.join(TITLES.values())} that draws from prompts, in the original layout")


def prediction_type(path: Path, kind: str, state: Mapping[str, Tensor]) -> str:
    """What the UNet predicts, "epsilon" or "v_prediction", which no shape shows. The first that says something is believed:

    1. a YAML file beside it with the same name (`parameterization: "v"`, or anything else for epsilon),
    2. the mark `v_pred` that XL models have among their weights,
    3. for Stable Diffusion 2 the name: "768" or "-v-" for v, "512" or "base" for epsilon,
    4. for Stable Diffusion 2 the biases before the last self-attention, which spread more widely in the v models
       (the rule that ComfyUI goes by),
    else epsilon.
    """
    settings = path.with_suffix(".yaml")
    if settings.is_file():
        text = settings.read_text(errors="replace")
        return VELOCITY if re.search(r"""^\s*parameterization:\s*["']?v\b""", text, re.MULTILINE) else EPSILON
    if "v_pred" in state:
        return VELOCITY
    if kind != "sd2":
        return EPSILON
    names = {VELOCITY: r"768|[-_]v[-_]", EPSILON: r"512|base"}
    return next((prediction for prediction, pattern in names.items() if re.search(pattern, path.stem.lower())), _by_spread(state))


def _by_spread(state: Mapping[str, Tensor]) -> str:
    last = f"{UNET}output_blocks.11.1.transformer_blocks.0.norm1.bias"
    return VELOCITY if last in state and state[last].float().std(correction=0) > 0.09 else EPSILON

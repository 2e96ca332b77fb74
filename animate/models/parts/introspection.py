"""What a pipeline of diffusers takes and makes, read from its code: families differ in names, order and number.

Knows the conventions of diffusers, and no family.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

DRAWING = re.compile("Ancestral|SDE|LCM|TCD|DDPM|SCM")  # class names of schedulers that draw noise at every step


def parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """A function's parameters by name, without a collective **kwargs."""
    return {name: parameter for name, parameter in inspect.signature(function).parameters.items() if parameter.kind != parameter.VAR_KEYWORD}


def denoiser(pipe: Any) -> Any:
    """The network that denoises; None if there is none."""
    return getattr(pipe, "transformer", None) or getattr(pipe, "unet", None)


def guidance_parameter(pipe: Any) -> str:
    """What the call names the scale of classifier-free guidance; distilled models take another one as an input."""
    distilled = getattr(denoiser(pipe).config, "guidance_embeds", False)
    return "true_cfg_scale" if "true_cfg_scale" in parameters(pipe.__call__) and not distilled else "guidance_scale"


def returned_names(pipe: Any) -> list[str]:
    """The names of what `encode_prompt` returns, as its last `return` has them; "" for what has none."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(type(pipe).encode_prompt))))
    last = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)][-1]
    values = last.elts if isinstance(last, ast.Tuple) else [last]
    plain = [value.body if isinstance(value, ast.IfExp) else value for value in values if value]
    return [next((part.id for part in ast.walk(value) if isinstance(part, ast.Name)), "") for value in plain]


def missing(pipe: Any) -> str:
    """The first reason why films cannot be drawn with a pipeline, in words; "" for none."""
    absent = [part for part in ("encode_prompt", "prepare_latents", "vae", "scheduler") if getattr(pipe, part, None) is None]
    if absent:
        return f"it has no {absent[0]}"
    if denoiser(pipe) is None:
        return "it has neither a transformer nor a unet"
    return _missing_parameters(pipe) or _missing_embeddings(pipe) or _unsuitable_sampler(pipe.scheduler)


def _missing_parameters(pipe: Any) -> str:
    call = parameters(pipe.__call__)
    inputs = [name for name, parameter in call.items() if name == "image" or (parameter.default is parameter.empty and name != "prompt")]
    if inputs:
        return f"it draws from {inputs[0]} and not from a prompt alone"
    if "latents" not in call:
        return "it takes no latents, so its noise cannot be blended"
    absent = [name for name in ("width", "height", "num_inference_steps", guidance_parameter(pipe)) if name not in call]
    if absent:
        return f"it takes no {absent[0]}"
    return "it makes films of its own, not pictures" if "num_frames" in call else ""


def _missing_embeddings(pipe: Any) -> str:
    call, names = parameters(pipe.__call__), returned_names(pipe)
    unmade = [name for name in call if re.match(r"(pooled_)?prompt_.*(embeds|mask|seqlens)", name) and name not in names]
    if unmade or not any("embeds" in name for name in names if name in call):
        return f"its encode_prompt does not say how to make {(unmade or ['prompt_embeds'])[0]}, so its prompts cannot be blended"
    return ""


def _unsuitable_sampler(scheduler: Any) -> str:
    config, name = scheduler.config, type(scheduler).__name__
    if DRAWING.search(name) or config.get("stochastic_sampling") or str(config.get("algorithm_type")).startswith("sde"):
        return f"its sampler, {name}, draws noise at every step and takes none, so films would flicker"
    return ""

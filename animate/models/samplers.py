"""The names that people say for samplers -> diffusers' schedulers, which are imported when one is made."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from ..errors import AnimateError

# Name -> (scheduler, what it sets over the model's own configuration).
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim": ("DDIMScheduler", {"clip_sample": False}),  # latents have no bounds; the clipping is for pixels
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True}),
    "euler": ("EulerDiscreteScheduler", {}),
    "dpm++2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
}
ALIASES = {"plms": "pndm", "dpm++": "dpm++2m", "dpmpp2m": "dpm++2m", "dpmsolver": "dpm++2m", "dpmsolver++": "dpm++2m"}


def canonical(said: str) -> str:
    """The one name of a sampler, however it is spelt (`DPM++ 2M`, `dpmpp_2m`). Raises AnimateError."""
    squeezed = said.lower().translate(str.maketrans("", "", " _-"))
    name = ALIASES.get(squeezed, squeezed)
    if name not in SAMPLERS:
        close = difflib.get_close_matches(name, [*SAMPLERS, *ALIASES], 1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        raise AnimateError(f'sampler "{said}" is not known; allowed: {", ".join([*SAMPLERS, "plms"])}{hint}')
    return name


def own(config: Mapping[str, Any]) -> str:
    """The sampler that a model's scheduler configuration names; for one that we do not have, its class, which `canonical` refuses."""
    made = str(config.get("_class_name"))
    return next((name for name, (kind, _) in SAMPLERS.items() if kind == made), made)


def scheduler(name: str, config: Mapping[str, Any]) -> Any:
    """A fresh scheduler with a model's noise levels. Schedulers keep state: one for every batch, never shared."""
    import diffusers

    kind, over = SAMPLERS[canonical(name)]
    return getattr(diffusers, kind).from_config(config, **over)

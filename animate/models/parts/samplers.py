"""The names that people say for samplers -> diffusers' schedulers, which are imported when one is made, and their per-step noise."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import AnimateError

if TYPE_CHECKING:
    from torch import Tensor

    Advance = Callable[[Any, Tensor, Tensor, Tensor, Tensor | None, float], Tensor]


def _step(scheduler: Any, made: Tensor, timestep: Tensor, x: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    done: Tensor = scheduler.step(made, timestep, x, return_dict=False)[0]
    return done


def _ddim(scheduler: Any, made: Tensor, timestep: Tensor, x: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    """Eta between DDIM (0) and DDPM (1): Song et al. 2020, formula 16."""
    done: Tensor = scheduler.step(made, timestep, x, eta=eta, variance_noise=noise, return_dict=False)[0]
    return done


def _ancestral(scheduler: Any, made: Tensor, timestep: Tensor, x: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    """An Euler step further down than asked, and noise back up (Karras et al. 2022's churn, as k-diffusion's ancestral samplers do it).

    The scheduler takes no noise: its own is left out, ours put in.
    """
    clean = scheduler.step(made, timestep, x, generator=_unused(), return_dict=False)[1]
    now, then = scheduler.sigmas[scheduler.step_index - 1], scheduler.sigmas[scheduler.step_index]
    up = (then**2 * (now**2 - then**2) / now**2) ** 0.5
    down = (then**2 - up**2) ** 0.5
    exact = x.float()
    done: Tensor = (exact + (exact - clean) / now * (down - now) + noise * up).to(made.dtype)
    return done


def _linear_multistep(scheduler: Any, made: Tensor, timestep: Tensor, x: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    """As many steps back as were done: begun late, diffusers takes the weights of four steps for the one it has seen, and goes twice as far."""
    done: Tensor = scheduler.step(made, timestep, x, order=min(4, len(scheduler.derivatives) + 1), return_dict=False)[0]
    return done


def _consistency(scheduler: Any, made: Tensor, timestep: Tensor, x: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    """Clean latents at every step, noised to the next level but for the last (Luo et al. 2023, latent consistency models)."""
    clean: Tensor = scheduler.step(made, timestep, x, generator=_unused(), return_dict=False)[1]
    if noise is None:
        return clean
    level = scheduler.alphas_cumprod[int(scheduler.timesteps[scheduler.step_index])]
    noisy: Tensor = level.sqrt() * clean + (1 - level).sqrt() * noise
    return noisy


def _unused() -> Any:
    """For a scheduler that insists on drawing noise: not the process's own generator."""
    import torch

    return torch.Generator("cpu")


@dataclass(frozen=True)
class Sampler:
    scheduler: str  # diffusers' class
    over: Mapping[str, Any] = field(default_factory=dict)  # what it sets over the model's own configuration
    advance: Advance = _step
    draws: Callable[[int, float], int] = lambda steps, eta: 0  # of noise, beside the start, for so many steps with this eta


SAMPLERS: dict[str, Sampler] = {
    # Latents have no bounds; the clipping is for pixels.
    "ddim": Sampler("DDIMScheduler", {"clip_sample": False}, _ddim, lambda steps, eta: steps if eta else 0),
    "pndm": Sampler("PNDMScheduler", {"skip_prk_steps": True}),
    "lms": Sampler("LMSDiscreteScheduler", {}, _linear_multistep),
    "euler": Sampler("EulerDiscreteScheduler"),
    "euler-a": Sampler("EulerAncestralDiscreteScheduler", {}, _ancestral, lambda steps, eta: steps),
    "heun": Sampler("HeunDiscreteScheduler"),
    "dpm++2m": Sampler("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "dpm++2m-karras": Sampler("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2, "use_karras_sigmas": True}),
    "unipc": Sampler("UniPCMultistepScheduler"),
    "lcm": Sampler("LCMScheduler", {}, _consistency, lambda steps, eta: steps - 1),
}
ALIASES = {
    "plms": "pndm", "klms": "lms", "keuler": "euler", "kheun": "heun",
    "eulera": "euler-a", "eulerancestral": "euler-a", "keulera": "euler-a", "keulerancestral": "euler-a",
    "dpm++": "dpm++2m", "dpmpp2m": "dpm++2m", "dpmsolver": "dpm++2m", "dpmsolver++": "dpm++2m", "kdpm++2m": "dpm++2m",
    "dpm++2mkarras": "dpm++2m-karras", "dpmpp2mkarras": "dpm++2m-karras", "dpm++karras": "dpm++2m-karras",
}  # fmt: skip


OWN = "own"  # the scheduler in a model's files, as it is set there; some models draw with no other


def chosen(said: str | None, own: str) -> str:
    """The sampler of a film: what is said, or the model's own. Raises AnimateError for one that the model cannot use."""
    if said is None or said == OWN:
        if own not in SAMPLERS and own != OWN:
            raise AnimateError(f"the model's own sampler, {own}, is not known here; choose one with --sampler: {', '.join(SAMPLERS)}")
        return own
    if own == OWN:
        raise AnimateError(f'sampler "{said}": this model draws with its own only; leave --sampler out')
    return canonical(said)


def canonical(said: str) -> str:
    """The one name of a sampler, however it is spelt (`DPM++ 2M`, `dpmpp_2m`, `k_euler_a`). Raises AnimateError."""
    if said in SAMPLERS or said == OWN:
        return said
    squeezed = said.lower().translate(str.maketrans("", "", " _-()"))
    name = ALIASES.get(squeezed, squeezed)
    if name not in SAMPLERS:
        close = difflib.get_close_matches(name, [*SAMPLERS, *ALIASES], 1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        raise AnimateError(f'sampler "{said}" is not known; allowed: {", ".join([*SAMPLERS, "plms"])}{hint}')
    return name


def own(config: Mapping[str, Any]) -> str:
    """The sampler that a model's scheduler configuration names; for one that we do not have, its class, which `canonical` refuses."""
    made, karras = str(config.get("_class_name")), bool(config.get("use_karras_sigmas"))
    found = [name for name, sampler in SAMPLERS.items() if sampler.scheduler == made]
    return next((name for name in found if bool(SAMPLERS[name].over.get("use_karras_sigmas")) == karras), found[0] if found else made)


def places(name: str, first: int, count: int, shared: bool) -> list[tuple[int, bool]]:
    """Which of a scheduler's timesteps are done from the first on, and which of them again what the one before did.

    PNDM's multistep part begins with one step done twice (Liu et al. 2022): its second timestep is listed twice. Where it
    begins among steps that others have done, its second step is done twice there. Image to image leaves that out, as diffusers does.
    """
    left = [(place, False) for place in range(first, count)]
    if name != "pndm" or not shared:
        return left
    left = left[max(0, 2 - first) :]  # the second timestep's first place is not another level of noise
    return [*left[:1], *((place, True) for place, _ in left[1:2]), *left[1:]]


def settings(scheduler: Any) -> dict[str, Any]:
    """A scheduler's configuration and class, for `own` and `scheduler`.

    Other schedulers take over what it was told, and not its defaults; what diffusers mended in a folder of 2022 counts as told.
    """
    config, defaults = dict(scheduler.config), type(scheduler)().config
    left = [name for name in config.get("_use_default_values", ()) if config[name] == defaults[name]]
    return config | {"_class_name": type(scheduler).__name__, "_use_default_values": left}


def scheduler(name: str, config: Mapping[str, Any]) -> Any:
    """A fresh scheduler with a model's noise levels. Schedulers keep state: one for every batch, never shared."""
    import diffusers

    sampler = SAMPLERS[canonical(name)]
    return getattr(diffusers, sampler.scheduler).from_config(config, **sampler.over)

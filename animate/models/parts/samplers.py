"""Samplers by the names that people use for them: diffusers' schedulers and the noise that each draws while it denoises.

A sampler is one entry of `SAMPLERS`. Schedulers are imported when one is made. Knows nothing of networks and latents' shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import AnimateError, did_you_mean
from ...story.conventions import DIFFUSERS, LEVELS, Conventions, timesteps

if TYPE_CHECKING:
    from torch import Tensor

    # (scheduler, prediction, timestep, latents, noise for this step or None, eta) -> latents before the next timestep
    Advance = Callable[[Any, Tensor, Tensor, Tensor, Tensor | None, float], Tensor]


def _step(scheduler: Any, prediction: Tensor, timestep: Tensor, latents: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    advanced: Tensor = scheduler.step(prediction, timestep, latents, return_dict=False)[0]
    return advanced


def _ddim(scheduler: Any, prediction: Tensor, timestep: Tensor, latents: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    """Eta between DDIM (0) and DDPM (1): Song et al. 2020, formula 16."""
    advanced: Tensor = scheduler.step(prediction, timestep, latents, eta=eta, variance_noise=noise, return_dict=False)[0]
    return advanced


def _ancestral(scheduler: Any, prediction: Tensor, timestep: Tensor, latents: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    """An Euler step to a lower noise level than the next one, and noise back up to it, as k-diffusion's ancestral samplers do it.

    The scheduler takes no noise. So only its estimate of the clean latents is used, and our noise is added here.
    """
    clean = scheduler.step(prediction, timestep, latents, generator=_unused(), return_dict=False)[1]
    now, then = scheduler.sigmas[scheduler.step_index - 1], scheduler.sigmas[scheduler.step_index]
    up = (then**2 * (now**2 - then**2) / now**2) ** 0.5
    down = (then**2 - up**2) ** 0.5
    exact = latents.float()
    advanced: Tensor = (exact + (exact - clean) / now * (down - now) + noise * up).to(prediction.dtype)
    return advanced


def _linear_multistep(scheduler: Any, prediction: Tensor, timestep: Tensor, latents: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    """Looks back at no more steps than were done. Started late, diffusers gives one step the weights of four, and goes twice as far."""
    order = min(4, len(scheduler.derivatives) + 1)
    advanced: Tensor = scheduler.step(prediction, timestep, latents, order=order, return_dict=False)[0]
    return advanced


def _consistency(scheduler: Any, prediction: Tensor, timestep: Tensor, latents: Tensor, noise: Tensor | None, eta: float) -> Tensor:
    """Clean latents at every step, noised to the next level except after the last (Luo et al. 2023, latent consistency models)."""
    clean: Tensor = scheduler.step(prediction, timestep, latents, generator=_unused(), return_dict=False)[1]
    if noise is None:
        return clean
    level = scheduler.alphas_cumprod[int(scheduler.timesteps[scheduler.step_index])]
    advanced: Tensor = level.sqrt() * clean + (1 - level).sqrt() * noise
    return advanced


def _unused() -> Any:
    """A generator for schedulers that insist on drawing noise, so that they leave the process's own alone."""
    import torch

    return torch.Generator("cpu")


@dataclass(frozen=True)
class Sampler:
    """One of diffusers' schedulers, with what it takes to draw with it."""

    scheduler: str  # class name in diffusers
    overrides: Mapping[str, Any] = field(default_factory=dict)  # settings that replace those of the model's own scheduler
    advance: Advance = _step
    noise_draws: Callable[[int, float], int] = lambda steps, eta: 0  # (steps, eta) -> how often noise is drawn besides the start
    aliases: tuple[str, ...] = ()  # other names; see `_spelling` for what need not be listed


SAMPLERS: dict[str, Sampler] = {
    # Latents have no bounds; the clipping is for pixels.
    "ddim": Sampler("DDIMScheduler", {"clip_sample": False}, _ddim, lambda steps, eta: steps if eta else 0),
    "pndm": Sampler("PNDMScheduler", {"skip_prk_steps": True}, aliases=("plms",)),
    "lms": Sampler("LMSDiscreteScheduler", {}, _linear_multistep),
    "euler": Sampler("EulerDiscreteScheduler"),
    "euler-a": Sampler("EulerAncestralDiscreteScheduler", {}, _ancestral, lambda steps, eta: steps, ("euler-ancestral",)),
    "heun": Sampler("HeunDiscreteScheduler"),
    "dpm++2m": Sampler(
        "DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}, aliases=("dpm++", "dpm-solver", "dpm-solver++")
    ),
    "dpm++2m-karras": Sampler(
        "DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2, "use_karras_sigmas": True}, aliases=("dpm++karras",)
    ),
    "unipc": Sampler("UniPCMultistepScheduler"),
    "lcm": Sampler("LCMScheduler", {}, _consistency, lambda steps, eta: steps - 1),
}

OWN = "own"  # the scheduler in a model's files, as it is set there; some models draw with no other


def noise_draws(sampler: str, steps: int, eta: float) -> int:
    """How often a sampler draws noise in so many steps, besides the noise it starts from. eta: only DDIM's is counted."""
    return 0 if sampler == OWN else SAMPLERS[sampler].noise_draws(steps, eta)


def help_names() -> str:
    """All samplers with their aliases, for help texts and errors: "ddim, pndm (plms), lms, ..."."""
    return ", ".join(name + f" ({', '.join(sampler.aliases)})" * bool(sampler.aliases) for name, sampler in SAMPLERS.items())


def chosen(requested: str | None, own: str) -> str:
    """The sampler of a film: the requested one, or else the model's own. Raises AnimateError for one that the model cannot use."""
    if requested is None or requested == OWN:
        if own not in SAMPLERS and own != OWN:
            raise AnimateError(f"the model's own sampler, {own}, is not known here; choose one with --sampler: {', '.join(SAMPLERS)}")
        return own
    if own == OWN:
        raise AnimateError(f'sampler "{requested}": this model draws with its own only; leave --sampler out')
    return canonical(requested)


def canonical(name: str) -> str:
    """The key in `SAMPLERS` of a sampler, however it is written (`DPM++ 2M`, `dpmpp_2m`, `k_euler_a`); "own" stays. Raises AnimateError."""
    if name in SAMPLERS or name == OWN:
        return name
    keys = {_spelling(alias): key for key, sampler in SAMPLERS.items() for alias in (key, *sampler.aliases)}
    if (key := keys.get(_spelling(name))) is None:
        allowed = [alias for key, sampler in SAMPLERS.items() for alias in (key, *sampler.aliases)]
        raise AnimateError(f'sampler "{name}" is not known; allowed: {help_names()}{did_you_mean(name, allowed)}')
    return key


def _spelling(name: str) -> str:
    """One spelling of a name: no case, spaces, dashes and brackets, "pp" for "++", nor the "k" that marks k-diffusion's samplers."""
    return name.lower().translate(str.maketrans("", "", " _-()")).replace("pp", "++").removeprefix("k")


def check_eta(sampler: str, eta: float) -> None:
    """Raises AnimateError for noise that this sampler does not add."""
    if eta and sampler != "ddim":
        raise AnimateError(f"eta {eta:g} with {sampler}; only the sampler ddim has it: use --sampler ddim, or leave --eta out")


def own(config: Mapping[str, Any]) -> str:
    """The sampler that a model's scheduler configuration names. One that is not in `SAMPLERS` comes back as its class, which `canonical` refuses."""
    scheduler, karras = str(config.get("_class_name")), bool(config.get("use_karras_sigmas"))
    names = [name for name, sampler in SAMPLERS.items() if sampler.scheduler == scheduler]
    return next((name for name in names if bool(SAMPLERS[name].overrides.get("use_karras_sigmas")) == karras), names[0] if names else scheduler)


def remaining(name: str, first: int, count: int, shared: bool) -> list[tuple[int, bool]]:
    """Which of a scheduler's `count` timesteps are done from index `first` on: (index, whether it repeats the step before).

    PNDM's multistep part begins with one step done twice (Liu et al. 2022): its second timestep is listed twice. Where it
    begins among steps that others have done (shared), its second step is done twice there. Image to image leaves that out, as diffusers does.
    """
    left = [(index, False) for index in range(first, count)]
    if name != "pndm" or not shared:
        return left
    left = left[max(0, 2 - first) :]  # the first entry of the second timestep is not another level of noise
    return [*left[:1], *((index, True) for index, _ in left[1:2]), *left[1:]]


def ends_step(number: int, count: int, steps: int, order: int) -> bool:
    """Whether a step is complete after timestep `number` of `count`: PNDM and Heun take more of them than steps. As diffusers counts progress."""
    return number == count - 1 or (number >= count - steps * order and (number + 1) % order == 0)


def settings(scheduler: Any) -> dict[str, Any]:
    """A scheduler's configuration and class, for `own` and `scheduler`.

    Other schedulers take over what was set in it, and not its defaults; what diffusers corrected in a folder of 2022 counts as set.
    """
    config, defaults = dict(scheduler.config), type(scheduler)().config
    unset = [name for name in config.get("_use_default_values", ()) if config[name] == defaults[name]]
    return config | {"_class_name": type(scheduler).__name__, "_use_default_values": unset}


def scheduler(name: str, config: Mapping[str, Any], **changes: Any) -> Any:
    """A fresh scheduler with a model's noise levels. Schedulers keep state: one for every batch, never shared."""
    import diffusers

    sampler = SAMPLERS[canonical(name)]
    return getattr(diffusers, sampler.scheduler).from_config(config, **sampler.overrides, **changes)


def scheduled(name: str, config: Mapping[str, Any], steps: int, conventions: Conventions = DIFFUSERS) -> Any:
    """A fresh scheduler on the CPU that is set to so many steps. Raises AnimateError for a table of levels that the model does not have."""
    import torch

    table = timesteps(name, steps, conventions)
    if not table:
        made = scheduler(name, config)
        made.set_timesteps(steps)
        return made
    made = scheduler(name, config, set_alpha_to_one=False)  # the last step leads to the first level, and not to no noise at all
    if made.config.num_train_timesteps != LEVELS:
        raise AnimateError(f"a model of {made.config.num_train_timesteps} noise levels; CompVis's conventions are for {LEVELS}: leave them out")
    made.set_timesteps(steps)  # for the distance between two levels
    listed = [*table[:1], *table[1:2], *table[1:]] if name == "pndm" else table  # see `remaining`
    made.timesteps = torch.tensor(listed)
    return made


def level_above(scheduler: Any, timestep: Tensor) -> Tensor:
    """The noise level that a scheduler visits before this one."""
    levels: Tensor = scheduler.timesteps
    return levels[levels > timestep].min()

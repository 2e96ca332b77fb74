"""Whose conventions a picture is drawn by: diffusers', or those of CompVis's scripts of 2022. Numbers only; knows no model.

CompVis's (`scripts/txt2img.py` and `scripts/img2img.py` of github.com/CompVis/stable-diffusion) differ in

    steps      DDIM and PLMS visit every (1000 // steps)-th noise level from the first one up: 12 steps become 13
    guidance   every scale but 1 guides, those below 1 too
    images     an image is redrawn from a sample of what the VAE makes of it, and not from the mean. That sample takes the seed's
               first draw, and the noise its second. It is noised to the level above the first one that is denoised
    prompts    stand as they are written: brackets are no weights, and of a long prompt the first 75 tokens are read
"""

from __future__ import annotations

from typing import Literal

Conventions = Literal["diffusers", "compvis"]
DIFFUSERS: Conventions = "diffusers"
COMPVIS: Conventions = "compvis"

STRENGTH = 0.75  # share of the denoising that redraws an image, where none is said: as in img2img.py
LEVELS = 1000  # noise levels of Stable Diffusion, counted from 0
TABLED = ("ddim", "pndm")  # the samplers that visit those levels; the other samplers choose theirs by themselves


def timesteps(sampler: str, steps: int, conventions: Conventions) -> tuple[int, ...]:
    """The noise levels of CompVis's table, the highest first; empty where the sampler chooses its own.

    Their scripts fail for the few numbers of steps (3, 9, 27, 37, and some above 100) whose table would begin with level 1000,
    which there is not. It is left out here.
    """
    if conventions == DIFFUSERS or sampler not in TABLED:
        return ()
    return tuple(level for level in reversed(range(1, LEVELS + 1, LEVELS // steps)) if level < LEVELS)


def step_count(sampler: str, steps: int, conventions: Conventions) -> int:
    """How many steps are done where so many are asked for."""
    return len(timesteps(sampler, steps, conventions)) or steps


def redrawn(strength: float, steps: int, conventions: Conventions) -> int:
    """How many steps that share of the denoising (0..1) is, rounded down: 0.58 of 50 are 29. CompVis's 0.58 * 50 is 28.99..., so 28."""
    return int(strength * steps + (0 if conventions == COMPVIS else 1e-9))


def guides(scale: float, conventions: Conventions) -> bool:
    """Whether classifier-free guidance of this scale changes anything. diffusers takes every scale up to 1 for none."""
    return scale != 1 if conventions == COMPVIS else scale > 1

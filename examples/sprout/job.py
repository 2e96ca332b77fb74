"""What a training run was asked for, and what all its parts share: the device, checkpoints, the learning rate."""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import scenes
import words

log = logging.getLogger("sprout")

VOCABULARY = "vocabulary.json"  # beside the model: what it was taught, by kind, and its picture size


@dataclass(frozen=True)
class Job:
    work: Path
    out: Path
    device: str
    size: int  # pixels
    subjects: str  # "core" or "all"
    pictures: int
    vae_steps: int
    word_steps: int
    unet_steps: int
    unet_rate: float  # learning rate at its height
    batch: int
    crops: int
    compile: bool
    workers: int
    vae_rate: float = 2e-4  # learning rate at its height
    vae_only: bool = False
    start: Path | None = None  # a model that knows the same words, of any size: its text encoder stays, its other weights are a beginning

    @property
    def names(self) -> tuple[str, ...]:
        return scenes.CORE if self.subjects == "core" else scenes.ALL

    @property
    def dtype(self) -> torch.dtype:
        """bf16 where the device multiplies it in hardware; on other CPUs it is slower than fp32."""
        fast = self.device != "cpu" or torch.cpu._is_amx_tile_supported()
        return torch.bfloat16 if fast else torch.float32

    @property
    def kept(self) -> Path:
        """Where its checkpoints are: those of another size or of other subjects are of no use to it."""
        folder = self.work / f"{self.size}-{self.subjects}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device, self.dtype, enabled=self.dtype != torch.float32)

    @property
    def goes_on(self) -> bool:
        """Whether the model in `out` is of this size and knows these words, so that its weights are a beginning."""
        path = self.out / VOCABULARY
        return path.exists() and json.loads(path.read_text()) == self.vocabulary()

    def vocabulary(self) -> dict[str, Any]:
        meant = scenes.vocabulary(self.names)
        idle, things = {*words.FILLER} - words.THINGS - meant, words.THINGS - meant
        kinds = scenes.known_words(self.names)
        return {"size": self.size, "kinds": kinds, "words": sorted(meant), "idle": sorted(idle), "unseen": sorted(things)}


def keep(path: Path, state: dict[str, object]) -> None:
    torch.save(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def leave_room(cores: int) -> None:
    """No more threads than the others leave of these cores: the threads of a step wait for the slowest, the one that shares its core.

    Beside one busy process on two cores, one thread takes twice as many steps as two.
    """
    if hasattr(os, "getloadavg"):
        others = os.getloadavg()[0] - torch.get_num_threads()
        torch.set_num_threads(max(1, min(cores, round(cores - others))))


class Pace:
    """Seconds a step since the start, and when it is time for another checkpoint."""

    def __init__(self, every: float = 60.0):
        self.every, self.began, self.last, self.steps = every, time.monotonic(), time.monotonic(), 0

    def step(self) -> None:
        self.steps += 1

    @property
    def a_step(self) -> float:
        return (time.monotonic() - self.began) / max(1, self.steps)

    def due(self) -> bool:
        if time.monotonic() - self.last < self.every:
            return False
        self.last = time.monotonic()
        return True


def rate(step: int, steps: int, top: float) -> float:
    """Warm up over 2 %, stay, and fall to 2 % over the last 40 %."""
    return top * min(1.0, (step + 1) / max(1, steps // 50), max(0.02, (steps - step) / (0.4 * steps)))


@torch.no_grad()
def follow(average: torch.nn.Module, model: torch.nn.Module, step: int) -> None:
    """Exponential moving average of 0.999, shorter while there is little to average."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - min(0.999, (1 + step) / (10 + step)))


def descend(optimizer: torch.optim.Optimizer, loss: torch.Tensor, top: float) -> None:
    """One step at this learning rate; a gradient that is no number changes nothing."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    good = torch.nn.utils.clip_grad_norm_(parameters, 1.0).isfinite()
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.copy_(torch.where(good, parameter.grad, 0.0))
    for group in optimizer.param_groups:
        group["lr"] = top
    optimizer.step()

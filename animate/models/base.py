"""The seam to the models: what the engine asks of one, whatever family it is of.

    embed    a prompt -> conditioning          noise    a seed -> unit noise
    denoise  latents under conditioning        decode   latents -> images        encode   images -> latents

Knows nothing of storyboards, films or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..blend import lerp
from .weights.vocabulary import Vocabulary

Images = np.ndarray  # uint8 (B, H, W, 3), RGB


@dataclass(frozen=True)
class Defaults:
    """What suits a model where a storyboard says nothing."""

    steps: int
    guidance: float
    sampler: str
    width: int  # pixels
    height: int  # pixels


@dataclass(frozen=True)
class Origin:
    """What is known of a model besides its parts."""

    name: str
    fingerprint: str  # of its weights
    steps: int = 25  # that look good
    guidance: float = 7.5
    sampler: str | None = None  # left out: the model's own
    tokens: int | None = None  # of the longest prompt; left out: what its pipeline takes
    vocabulary: Vocabulary | None = None
    extras: tuple[str, ...] = ()  # what was put on it, in words


@dataclass(frozen=True)
class Numerics:
    """Where a film is drawn: changes no content, but does change last bits. Never mixed within a film."""

    device: str
    hardware: str  # what the device is: a GPU by name, a CPU by its instructions and threads
    dtype: str
    slots: int  # cels in a batch
    torch: str
    diffusers: str
    transformers: str


@dataclass(frozen=True)
class Conditioning:
    """What a text encoder makes of one prompt: named tensors, (tokens, width) and alike; of a batch: with B in front."""

    tensors: dict[str, Tensor]

    @classmethod
    def batch(cls, items: Sequence[Conditioning]) -> Conditioning:
        return cls({name: torch.stack([item.tensors[name] for item in items]) for name in items[0].tensors})

    def blend(self, other: Conditioning, mix: float) -> Conditioning:
        """On a line, every tensor of it (a pooled vector that is left out makes films jump)."""
        return Conditioning({name: lerp(t, other.tensors[name], mix) for name, t in self.tensors.items()})


@dataclass(frozen=True)
class Denoising:
    """How latents are denoised: which steps of which sampler."""

    sampler: str
    steps: int
    start: int = 0  # the first step done; the steps before it have been done, or are skipped (image to image)
    eta: float = 0.0  # of DDIM: how much noise every step adds
    stops: tuple[int, ...] = ()  # steps before which the latents are wanted, in order; none: at the end alone
    shared: bool = False  # the steps before `start` have been done, by others; the sampler begins again among them

    @property
    def ends(self) -> tuple[int, ...]:
        return self.stops or (self.steps,)


class Model(Protocol):
    """A text-to-image model. Every tensor that goes in or out is float32 on the CPU, so that states can be kept anywhere."""

    name: str
    fingerprint: str  # of its weights
    extras: tuple[str, ...]  # what was put on it: LoRAs, a VAE, embeddings
    defaults: Defaults
    numerics: Numerics
    late: bool  # whether denoising can begin half-way, and be left there

    def chunks(self, prompt: str) -> int:
        """How many times the text encoder has to read for all of a prompt; at least 1."""

    def embed(self, prompt: str, count: int = 1, negative: bool = False) -> Conditioning:
        """One prompt alone, so that its bits do not depend on others, in so many chunks. negative: it says what not to show."""

    def remarks(self, prompts: Sequence[str]) -> list[str]:
        """What the text encoder will not understand of a film's prompts; a line each."""

    def draws(self, how: Denoising) -> int:
        """How often the sampler draws noise, beside the start."""

    def noise(self, seed: int, width: int, height: int, count: int = 1) -> Tensor:
        """Standard normal float32 (count, C, h, w), from one CPU generator per seed: the same on every device."""

    def denoise(self, latents: Tensor, noise: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising) -> Tensor:
        """Latents before step `how.start` (unit noise for 0), (B, C, h, w) -> those before each of `how.ends`, (B, ends, C, h, w).

        After all steps they are clean.
        noise: (B, draws, C, h, w), what the sampler draws.
        guidance: (B,), all above 1 or none: a batch is guided as a whole or not at all.
        """

    def renoise(self, clean: Tensor, noise: Tensor, how: Denoising) -> Tensor:
        """Clean latents (of an image) as they would be before step `how.start`, (B, C, h, w)."""

    def room(self, width: int, height: int) -> int:
        """Bytes that one more picture in a batch takes on the device while it is denoised, estimated."""

    def free(self) -> int | None:
        """Bytes that the device could still hold; None where there is no telling."""

    def offload(self) -> bool:
        """Keep on the device only the part that is at work. False if that is so already, or would not help."""

    def decode(self, latents: Tensor) -> Images:
        """(B, C, h, w) -> uint8 (B, H, W, 3)."""

    def flagged(self, images: Images) -> list[bool]:
        """Which of them, uint8 (B, H, W, 3), its safety checker would not show; none where it has no checker."""

    def encode(self, images: Images) -> Tensor:
        """uint8 (B, H, W, 3) -> clean latents (B, C, h, w), the mean and no draw."""

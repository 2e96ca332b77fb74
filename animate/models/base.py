"""The seam to the models: what the engine asks of one, whatever family it is of.

    embed    a prompt -> conditioning          noise    a seed -> unit noise
    denoise  latents under conditioning        decode   latents -> images        encode   images -> latents

Knows nothing of storyboards, films or files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ..blend import lerp
from ..pixels import Images
from ..report import REPORT, Report
from ..story.conventions import DIFFUSERS, Conventions, step_count
from .parts.prediction import Features
from .parts.vocabulary import Vocabulary


@dataclass(frozen=True)
class Defaults:
    """What suits a model where a storyboard says nothing."""

    steps: int
    guidance: float
    sampler: str
    width: int  # pixels
    height: int  # pixels
    one_size: bool = False  # whether it was trained on pictures of this size and shape alone
    lends: bool = False  # whether `denoise` takes `features`, so that films can be drawn fast


@dataclass(frozen=True)
class Origin:
    """What is known of a model besides its parts."""

    name: str
    fingerprint: str  # of its weights
    steps: int = 25  # that look good
    guidance: float = 7.5
    sampler: str | None = None  # left out: the model's own
    tokens: int | None = None  # of the longest prompt; left out: what its pipeline takes
    vocabulary: Vocabulary | None = None  # words that a small model was trained on
    extras: tuple[str, ...] = ()  # LoRAs, a VAE, embeddings; a line each, as a recipe has them
    report: Report = REPORT  # of the model, as long as it lives


@dataclass(frozen=True)
class Numerics:
    """Where a film is drawn: changes no content, but does change last bits. Never mixed within a film."""

    device: str  # its type: cuda and cuda:0 are one, and `hardware` tells cards apart
    hardware: str  # what the device is: a GPU by name, a CPU by its instructions and threads
    dtype: str
    kernels: str  # how its operations are run: "eager", as torch runs them one by one
    batch_size: int  # cels in a batch
    torch: str
    diffusers: str
    transformers: str


@dataclass(frozen=True)
class Conditioning:
    """The embeddings of one prompt: named tensors, (tokens, width) and alike; of a batch: with B in front."""

    tensors: dict[str, Tensor]

    @classmethod
    def batch(cls, items: Sequence[Conditioning]) -> Conditioning:
        """Those of several prompts of one length, B in front."""
        return cls({name: torch.stack([item.tensors[name] for item in items]) for name in items[0].tensors})

    def blend(self, other: Conditioning, mix: float) -> Conditioning:
        """Linear, of every tensor (a pooled vector that is left out makes films jump)."""
        return Conditioning({name: lerp(t, other.tensors[name], mix) for name, t in self.tensors.items()})


@dataclass(frozen=True)
class Denoising:
    """How latents are denoised: which steps of which sampler."""

    sampler: str
    steps: int  # as asked for; `step_count` are done
    start: int = 0  # the first step to do; those before it have been done, or are skipped (image to image)
    eta: float = 0.0  # of DDIM: how much noise every step adds
    stops: tuple[int, ...] = ()  # steps before which the latents are wanted, in order; none: only at the end
    shared: bool = False  # the steps before `start` have been done in another run; the sampler begins again after them
    conventions: Conventions = DIFFUSERS  # whose noise levels and guidance
    guided_every: int = 1  # steps from one at which guidance is computed to the next; for those between it is extrapolated

    @property
    def step_count(self) -> int:
        """Steps from noise to the end."""
        return step_count(self.sampler, self.steps, self.conventions)

    @property
    def ends(self) -> tuple[int, ...]:
        """The steps before which latents are returned, in order: `stops`, or only the end."""
        return self.stops or (self.step_count,)


class Text(Protocol):
    """What a model can say of prompts without drawing."""

    def chunks(self, prompt: str) -> int:
        """How many times the text encoder has to run for the whole of a prompt; at least 1."""

    def warnings(self, prompts: Sequence[str], plain: bool = False) -> list[str]:
        """What the text encoder will not understand in a film's prompts; a line each. plain: as in `Model.embed`."""


class Memory(Protocol):
    """How much of the device's memory a model takes."""

    def bytes_per_sample(self, width: int, height: int) -> int:
        """What one more image of so many pixels in a batch takes while it is denoised, estimated."""

    def bytes_lent(self, width: int, height: int, predictions: int) -> int:
        """What the deep features of one picture take that was denoised in so many predictions, at most; 0 where none are lent."""

    def free_bytes(self) -> int | None:
        """What the device could still hold; None where that is not known."""

    def offload(self) -> bool:
        """From now on, keep on the device only the part that is at work. False if that is so already, or would not help."""


class Safety(Protocol):
    """A safety checker."""

    def flagged(self, images: Images) -> list[bool]:
        """uint8 (B, H, W, 3) -> for each, whether it should not be shown."""


def nothing() -> None:
    """`on_step` where nobody wants to hear of steps."""


class Model(Protocol):
    """A text-to-image model. Every tensor that goes in or out is float32 on the CPU, so that states can be kept anywhere.

    All methods may be called in several threads at once: where they need the same part, one waits for the other.
    """

    name: str
    fingerprint: str  # of its weights
    extras: tuple[str, ...]  # LoRAs, a VAE, embeddings; a line each
    defaults: Defaults
    numerics: Numerics
    supports_partial_denoising: bool  # whether denoising can begin half-way, and be left there
    mixes_guidance: bool  # whether samples of several guidance scales are denoised in one go; where not, those of each scale are
    guides_twice: bool  # whether guidance costs a second sample, without the prompt: leaving it out halves the work
    report: Report  # hears of what happens while it draws for nobody who is `heard_by` another one

    @property
    def text(self) -> Text:
        """What it can say of prompts without drawing."""

    @property
    def memory(self) -> Memory:
        """Of the device that it is on."""

    @property
    def safety(self) -> Safety | None:
        """None: it has no checker, or was loaded without."""

    def compile(self, report: Report) -> None:
        """Compile its kernels for batches of its size; from then on its numerics say so. Where that does not work, the report hears of it.

        Raises AnimateError if it is not made for that.
        """

    def embed(self, prompt: str, count: int = 1, negative: bool = False, plain: bool = False) -> Conditioning:
        """One prompt alone, so that its bits do not depend on others, in `count` chunks.

        negative: it is what guidance leads away from.
        plain: it is read as it is written, without weights, and what does not fit in one chunk is left out.
        """

    def noise(self, seed: int, width: int, height: int, count: int = 1) -> Tensor:
        """Standard normal (count, C, h, w), from one CPU generator per seed: the same on every device."""

    def denoise(
        self, latents: Tensor, noise: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising,
        on_step: Callable[[], object] = nothing, features: Features | None = None,
    ) -> Tensor:  # fmt: skip
        """Latents before step `how.start` (unit noise for 0), (B, C, h, w) -> those before each of `how.ends`, (B, ends, C, h, w).

        After all steps they are clean.
        noise: (B, draws, C, h, w), what the sampler draws; `samplers.noise_draws` says how often.
        guidance: (B,): a batch is guided as a whole or not at all; `conventions.guides` says by which scales.
        on_step: called in this thread after every step that is done, so again for steps that are done twice (after an overflow, or
            for another guidance of the batch, where a family takes one at a time). What it raises ends the denoising and passes through.
        features: told of, or asked for, the deep features of every prediction.
        """

    def renoise(self, clean: Tensor, noise: Tensor, how: Denoising) -> Tensor:
        """Clean latents (of an image), noised to what they would be before step `how.start`, (B, C, h, w).

        Under CompVis's conventions to the level before, which is one higher.
        """

    def decode(self, latents: Tensor) -> Images:
        """(B, C, h, w) -> uint8 (B, H, W, 3)."""

    def encode(self, images: Images, noise: Tensor | None = None) -> Tensor:
        """uint8 (B, H, W, 3) -> clean latents (B, C, h, w): the mean of the VAE's distribution.

        noise: unit noise of the latents' shape, by which a sample of that distribution is drawn instead.
        """


@dataclass(frozen=True)
class Family:
    """How a kind of diffusers' pipelines becomes a `Model`. One value in a file of `families/`, and one line in its registry."""

    name: str
    misfit: Callable[[Any], str]  # pipeline -> why it is not of this family, in words; "" if it is
    make: Callable[[Origin, Any, str, int], Model]  # (origin, pipeline, device, batch size) -> a model on that device
    suits: Callable[[Any], Mapping[str, Any]] = lambda pipe: {}  # pipeline -> fields of its `Origin`: steps and guidance that look good
    takes_extras: bool = False  # whether LoRAs, VAEs and embeddings can be applied

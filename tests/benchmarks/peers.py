"""How others make the same film, on the same weights, noises and embeddings; and how animate does. Used by `versus_peers.py`.

A peer is written after its published algorithm where its package no longer runs beside today's libraries, and its name says so. All draw
with diffusers' own pipeline and scheduler; what they leave out (checks, a recipe, resuming) they leave out here, too.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import imageio.v2 as imageio
import numpy as np
import PIL.Image
import torch
from torch import Tensor

import animate
from animate.blend import lerp
from animate.draw.runner import Runner
from animate.film.batches import fitting, needed
from animate.film.film import Film
from animate.models.families.unet import UNetModel
from animate.models.parts import samplers
from animate.pixels import Image

Level = Literal["denoise", "pixels", "film"]
LEVELS: tuple[Level, ...] = ("denoise", "pixels", "film")  # latents; decoded to uint8; from prompts to a closed MP4
# Classes that are never compared with each other.
EXACT, NEAR, OTHER, FEWER = "exact", "nearly the same pictures", "shared beginnings", "few steps"
FPS = 12.0
FEW = 4  # steps of the class `FEWER`, without guidance


@dataclass
class Course:
    """One film that all of them make."""

    model: UNetModel  # ours, in channels_last as it is loaded
    pipe: Any  # a StableDiffusionPipeline with a copy of the weights, as diffusers loads it
    prompts: tuple[str, str]
    frames: int
    steps: int
    guidance: float
    side: int  # pixels
    folder: Path  # where films are written
    seed: int = 0

    @functools.cached_property
    def noises(self) -> list[Tensor]:
        """Of the frames, (C, h, w): one, as a film has whose keyframes have no seeds of their own."""
        return [self.model.noise(self.seed, self.side, self.side)[0]] * self.frames

    @property
    def mixes(self) -> list[float]:
        return [i / (self.frames - 1) for i in range(self.frames)]

    def embeddings(self) -> tuple[list[Tensor], Tensor]:
        """Of the frames, and of the empty prompt, (tokens, width); encoded anew."""
        a, b, none = (self.model.embed(prompt).tensors["prompt_embeds"] for prompt in (*self.prompts, ""))
        return [lerp(a, b, mix) for mix in self.mixes], none

    @functools.cached_property
    def known(self) -> tuple[list[Tensor], Tensor]:
        """The embeddings for the levels that begin with them."""
        return self.embeddings()

    def story(self, **settings: Any) -> animate.Storyboard:
        asked = settings.pop("sampling", {})
        sampling = {"guidance": self.guidance, **({} if asked.get("draft") else {"steps": self.steps}), **asked}
        size = {"width": self.side, "height": self.side}
        return animate.Storyboard.of(*self.prompts, **{"frames": self.frames, "seed": self.seed, "sampling": sampling, **size, **settings})


Shown = Callable[[], object]  # to be called when the first picture is there


class Peer(Protocol):
    """Someone who makes the film."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def aligned(self) -> bool:
        """Whether its frames lie where those of the exact film do."""

    def make(self, course: Course, level: Level, shown: Shown) -> list[Image]:
        """The pictures, where the level has some."""


@dataclass
class Loop:
    """diffusers' pipeline, called for so many frames at a time, each written as soon as it is there.

    png: every picture is saved as a PNG first, and the film made of those, as stable-diffusion-videos and diffusers' community walk do.
    """

    name: str
    batch: int = 1
    compiled: bool = False
    png: bool = False
    kind: str = EXACT
    aligned: bool = True
    _pipes: dict[int, Any] = field(default_factory=dict)

    def _pipe(self, course: Course) -> Any:
        if not self.compiled:
            return course.pipe
        if id(course.pipe) not in self._pipes:
            pipe = copy.copy(course.pipe)
            pipe.unet = torch.compile(copy.deepcopy(course.pipe.unet).to(memory_format=torch.channels_last))
            self._pipes[id(course.pipe)] = pipe
        return self._pipes[id(course.pipe)]

    def make(self, course: Course, level: Level, shown: Shown) -> list[Image]:
        texts, none = course.embeddings() if level == "film" else course.known
        made = list[Image]()
        writer = imageio.get_writer(course.folder / "theirs.mp4", fps=FPS, codec="libx264", macro_block_size=1) if level == "film" else None
        for first in range(0, course.frames, self.batch):
            for image in self._drawn(course, texts[first : first + self.batch], none, course.noises[first : first + self.batch], level):
                made.append(image)
                if self.png and writer:
                    PIL.Image.fromarray(image).save(course.folder / f"{len(made):05}.png")
                elif writer:
                    writer.append_data(image)
                if len(made) == 1:
                    shown()
        if writer:
            for number in range(1, len(made) + 1) if self.png else ():
                writer.append_data(imageio.imread(course.folder / f"{number:05}.png"))
            writer.close()
        return made

    def _drawn(self, course: Course, texts: Sequence[Tensor], none: Tensor, noises: Sequence[Tensor], level: Level) -> Sequence[Image]:
        device = course.model.device
        result = self._pipe(course)(
            prompt_embeds=torch.stack([*texts]).to(device, course.pipe.unet.dtype),
            negative_prompt_embeds=torch.stack([none] * len(texts)).to(device, course.pipe.unet.dtype),
            latents=torch.stack([*noises]).to(device, course.pipe.unet.dtype),
            num_inference_steps=course.steps, guidance_scale=course.guidance, output_type="latent" if level == "denoise" else "np",
        ).images  # fmt: skip
        return [] if level == "denoise" else [*(np.asarray(result) * 255).round().astype(np.uint8)]


@dataclass
class Ours:
    """animate as the command draws, without a store (a drawing that is kept would not be drawn again)."""

    name: str
    settings: dict[str, Any]
    kind: str = EXACT
    batch: int | None = None

    @property
    def aligned(self) -> bool:
        return self.settings.get("pace") == "linear" and self.kind in (EXACT, NEAR)

    def make(self, course: Course, level: Level, shown: Shown) -> list[Image]:
        story = course.story(**copy.deepcopy(self.settings))
        if level == "denoise":
            film = Film.of(story, course.model, None, course.model.report)
            size = fitting(self.batch or needed(len(film.linear.cels), course.model), course.model, film.story, course.model.report)
            for number, _ in enumerate(self._runner(course, film, size).latents(film.linear, film.name)):
                if number == 0:
                    shown()
            return []
        pictures = animate.render(story, course.model, batch_size=self.batch)
        made = list[Image]()

        def passing() -> Iterator[Image]:
            for image in pictures:
                made.append(image)
                if len(made) == 1:
                    shown()
                yield image

        if level == "film":
            animate.write_video(course.folder / "ours.mp4", passing(), FPS, note=pictures.note)
        else:
            for _ in passing():
                pass
        return made

    @staticmethod
    def _runner(course: Course, film: Film, size: int) -> Runner:
        return Runner(course.model, {}, size, None, course.model.report, lending=int(film.story.sampling.fast))


@dataclass
class Stream:
    """StreamDiffusion's stream batch (Kodaira et al. 2023): frames at different steps share a batch, one leaves and one enters with every call."""

    name: str = f"StreamDiffusion's stream batch, {FEW} steps"
    kind: str = FEWER
    aligned: bool = False

    def make(self, course: Course, level: Level, shown: Shown) -> list[Image]:
        texts, _ = course.embeddings() if level == "film" else course.known
        unet, vae, made = course.pipe.unet, course.pipe.vae, list[Image]()
        scheduler = samplers.scheduled("lcm", samplers.settings(course.pipe.scheduler), FEW)
        times = scheduler.timesteps
        level_of = scheduler.alphas_cumprod[times].sqrt()[:, None, None, None], (1 - scheduler.alphas_cumprod[times]).sqrt()[:, None, None, None]
        writer = imageio.get_writer(course.folder / "stream.mp4", fps=FPS, codec="libx264", macro_block_size=1) if level == "film" else None
        queue: list[tuple[int, Tensor]] = []  # (frame, noisy latents), the newest first: place i is at step i
        device, dtype = course.model.device, unet.dtype
        with torch.inference_mode():
            for turn in range(course.frames + FEW - 1):
                queue.insert(0, (turn, course.noises[min(turn, course.frames - 1)]))
                x = torch.stack([noisy for _, noisy in queue])
                text = torch.stack([texts[min(frame, course.frames - 1)] for frame, _ in queue])
                signal, noise = (of[: len(queue)] for of in level_of)
                v = unet(x.to(device, dtype), times[: len(queue)].to(device), encoder_hidden_states=text.to(device, dtype)).sample.float().cpu()
                clean = signal * x - noise * v if scheduler.config.prediction_type == "v_prediction" else (x - noise * v) / signal
                if len(queue) == FEW:
                    frame, _ = queue.pop()
                    image = None if level == "denoise" else self._image(vae, clean[-1])
                    if image is not None:
                        made.append(image)
                        if writer:
                            writer.append_data(image)
                    if frame == 0:
                        shown()
                queue = [
                    (frame, level_of[0][i + 1] * clean[i] + level_of[1][i + 1] * course.noises[min(frame, course.frames - 1)])
                    for i, (frame, _) in enumerate(queue)
                ]
        if writer:
            writer.close()
        return made

    @staticmethod
    def _image(vae: Any, latents: Tensor) -> Image:
        x = vae.decode(latents[None].to(vae.device, vae.dtype) / vae.config.scaling_factor).sample[0].float()
        image: Image = (x / 2 + 0.5).clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).cpu().numpy()
        return image


def peers(batch: int, compiled: bool) -> list[Peer]:
    """All of them, the naive loop first. batch: the largest that is tried; `versus_peers` keeps the quickest of each."""
    sizes = [size for size in (1, 4, 8, 16) if size <= batch]
    few: dict[str, Any] = {"pace": "linear", "sampling": {"sampler": "lcm", "steps": FEW, "guidance": 1.0}}
    return [
        Loop("diffusers' pipeline, a frame at a time"),
        *([Loop("the same, compiled, channels_last", compiled=True)] if compiled else []),
        *(Loop(f"stable-diffusion-videos' algorithm, batch {size}", size, png=True) for size in sizes),
        Ours("animate --pace linear", {"pace": "linear"}),
        Ours("animate, as it comes", {}),
        Ours("animate --fast --pace linear", {"pace": "linear", "sampling": {"fast": True}}, NEAR),
        Ours("animate --fast", {"sampling": {"fast": True}}, NEAR),
        Ours("latentblending's algorithm, a frame at a time", {"pace": "linear", "sampling": {"sharing": 0.6}}, OTHER, 1),
        Ours("animate --sharing 0.6 --pace linear", {"pace": "linear", "sampling": {"sharing": 0.6}}, OTHER),
        Stream(),
        Ours(f"animate --sampler lcm --steps {FEW} --guidance 1 --pace linear", few, FEWER),
        Ours("animate --draft", {"sampling": {"draft": True}}, FEWER),
    ]

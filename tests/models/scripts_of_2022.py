"""What CompVis's txt2img.py and img2img.py compute for one picture, written out once more in plain arithmetic.

One generator of the CPU per picture, in their order of draws; DDIM (Song et al. 2020) and PLMS (Liu et al. 2022) over the levels
1, 1 + 1000 // steps, ... Nothing of ours and no scheduler of diffusers is used but the networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from animate.models.families.unet import UNetModel

BETAS = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
ALPHAS = np.cumprod(1 - BETAS)


@dataclass
class Script:
    """A model and what their command says."""

    model: UNetModel
    prompt: str
    seed: int
    steps: int
    scale: float
    eta: float = 0.0

    def __post_init__(self) -> None:
        self.levels = [level + 1 for level in range(0, 1000, 1000 // self.steps)]
        self.generator = torch.Generator().manual_seed(self.seed)
        self.texts = [self.read(text) for text in ("", self.prompt)]

    def read(self, prompt: str) -> Tensor:
        tokenizer, encoder = self.model.encoders[0]
        ids = tokenizer(prompt, truncation=True, max_length=77, padding="max_length", return_tensors="pt").input_ids
        hidden: Tensor = encoder(ids).last_hidden_state
        return hidden

    def drawn(self, like: tuple[int, ...]) -> Tensor:
        return torch.randn(like, generator=self.generator)

    def predicted(self, x: Tensor, level: int) -> Tensor:
        without, given = (self.model.unet(x, torch.tensor([level]), encoder_hidden_states=text).sample for text in self.texts)
        guided: Tensor = given if self.scale == 1 else without + self.scale * (given - without)
        return guided

    def towards(self, x: Tensor, predicted: Tensor, index: int) -> Tensor:
        """From one level of the table to the next lower one; below the lowest lies level 0."""
        now, then = ALPHAS[self.levels[index]], ALPHAS[self.levels[index - 1]] if index else ALPHAS[0]
        sigma = self.eta * ((1 - then) / (1 - now) * (1 - now / then)) ** 0.5
        clean = (x - (1 - now) ** 0.5 * predicted) / now**0.5
        noise = self.drawn(tuple(x.shape))  # drawn with eta 0, too
        lower: Tensor = then**0.5 * clean + (1 - then - sigma**2) ** 0.5 * predicted + sigma * noise
        return lower

    def ddim(self, x: Tensor, count: int | None = None) -> Tensor:
        """The last `count` steps of the table, or all."""
        for index in reversed(range(len(self.levels) if count is None else count)):
            x = self.towards(x, self.predicted(x, self.levels[index]), index)
        return x

    def plms(self, x: Tensor) -> Tensor:
        before: list[Tensor] = []
        for index in reversed(range(len(self.levels))):
            now = self.predicted(x, self.levels[index])
            if not before:
                further = self.predicted(self.towards(x, now, index), self.levels[max(0, index - 1)])
                mean = (now + further) / 2
            else:
                weights = {1: (3 / 2, -1 / 2), 2: (23 / 12, -16 / 12, 5 / 12), 3: (55 / 24, -59 / 24, 37 / 24, -9 / 24)}[min(3, len(before))]
                mean = sum((weight * one for weight, one in zip(weights, [now, *reversed(before)], strict=False)), torch.zeros_like(now))
            before.append(now)
            x = self.towards(x, mean, index)
        return x

    @torch.inference_mode()
    def txt2img(self, sampler: str, height: int = 64, width: int = 64) -> Tensor:
        """Clean latents, (1, C, h, w)."""
        start = self.drawn((1, 4, height // 8, width // 8))
        return self.plms(start) if sampler == "plms" else self.ddim(start)

    @torch.inference_mode()
    def img2img(self, pixels: np.ndarray, strength: float) -> Tensor:
        """Clean latents, (1, C, h, w), of uint8 pixels (H, W, 3)."""
        vae: Any = self.model.vae
        image = 2.0 * torch.from_numpy(pixels.astype(np.float32) / 255.0).permute(2, 0, 1)[None] - 1.0
        of_image = vae.encode(image).latent_dist
        clean = vae.config.scaling_factor * (of_image.mean + of_image.std * self.drawn(tuple(of_image.mean.shape)))
        count = int(strength * self.steps)
        noise = self.drawn(tuple(clean.shape))
        level = ALPHAS[self.levels[count]]
        return self.ddim(level**0.5 * clean + (1 - level) ** 0.5 * noise, count)

    def shown(self, latents: Tensor) -> np.ndarray:
        """uint8 (H, W, 3). Theirs is cut where ours is rounded: a grey level at most."""
        with torch.inference_mode():
            pixels = self.model.vae.decode(latents / self.model.vae.config.scaling_factor).sample[0]
        shown: np.ndarray = (255.0 * torch.clamp((pixels + 1.0) / 2.0, 0.0, 1.0).permute(1, 2, 0).numpy()).astype(np.uint8)
        return shown

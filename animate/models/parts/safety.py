"""The safety checker that Stable Diffusion 1 comes with: which images it would not show. Knows nothing of what is shown instead."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import torch

from ...pixels import Images
from ..memory import DeviceMemory
from ..quiet import quiet


class SafetyChecker:
    """`models.base.Safety` over diffusers' StableDiffusionSafetyChecker and its image processor.

    diffusers blackens what it flags and warns of every image; here both are left to the caller.
    """

    def __init__(self, checker: Any, processor: Any, memory: DeviceMemory):
        """checker: one of the parts of `memory`."""
        self.checker, self.processor, self.memory = checker, processor, memory

    @torch.inference_mode()
    def flagged(self, images: Images) -> list[bool]:
        pixels = self.processor([PIL.Image.fromarray(image) for image in images], return_tensors="pt").pixel_values
        to_blacken = [np.zeros(1)] * len(images)
        with self.memory.at_work(self.checker), quiet():
            flags = self.checker(clip_input=pixels.to(self.checker.device, self.checker.dtype), images=to_blacken)[1]
        return [bool(flag) for flag in flags]

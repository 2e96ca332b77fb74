"""The safety checker that Stable Diffusion 1 comes with: which pictures it would not show."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image
import torch

from ..base import Images


class Checker:
    """Over diffusers' StableDiffusionSafetyChecker and its image processor. It blackens what it flags; here it only says so."""

    def __init__(self, pipe: Any):
        self.part, self.look = pipe.safety_checker.eval().requires_grad_(False), pipe.feature_extractor

    @torch.inference_mode()
    def flagged(self, images: Images) -> list[bool]:
        """uint8 (B, H, W, 3) -> whether each is flagged."""
        from diffusers.utils import logging

        seen = self.look([PIL.Image.fromarray(image) for image in images], return_tensors="pt").pixel_values
        loud = logging.get_verbosity()
        logging.set_verbosity_error()  # it warns of every picture; the film counts them
        try:
            stand_ins = [np.zeros(1)] * len(images)  # what it may blacken
            return [bool(found) for found in self.part(clip_input=seen.to(self.part.device, self.part.dtype), images=stand_ins)[1]]
        finally:
            logging.set_verbosity(loud)

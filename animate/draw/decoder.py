"""Latents -> images, one at a time, the last ones kept: the image that a film shows is the one that its next picture begins with."""

from __future__ import annotations

import threading
from collections import deque

import torch
from torch import Tensor

from ..models.base import Model
from ..pixels import Image

KEPT = 4  # images, some 3 MB at 512 pixels; in larger batches, one of each film that is drawn there


class Decoder:
    """A model's `decode` for threads that look at the same pictures: whoever asks second waits for the first, and is given its image."""

    def __init__(self, model: Model):
        self.model = model
        self._kept: deque[tuple[Tensor, Image]] = deque(maxlen=max(KEPT, model.numerics.batch_size))
        self._lock = threading.Lock()

    def __call__(self, latents: Tensor) -> Image:
        """(C, h, w) -> uint8 (H, W, 3), shared: not to be painted over."""
        with self._lock:
            image = next((image for known, image in self._kept if torch.equal(known, latents)), None)
            if image is None:
                image = self.model.decode(latents[None])[0]
                self._kept.append((latents, image))
            return image

"""Latents <-> images, one at a time: a decoder's peak memory is its batch's, and a picture's bits are its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...errors import AnimateError, AnimateWarning
from .. import memory
from ..base import Images
from .precision import Float32Fallback

TILE = 256  # pixels of a side, where a VAE would only cut up what is larger than the pictures that it was trained on


class Pictures:
    """Over any VAE of diffusers: AutoencoderKL, AutoencoderTiny and alike."""

    def __init__(self, name: str, vae: Any, device: torch.device, exactly: Float32Fallback):
        self.name, self.vae, self.device, self.exactly = name, vae, device, exactly
        config = vae.config
        self.scale, self.shift = config.scaling_factor, getattr(config, "shift_factor", None) or 0.0
        self.factor = 2 ** (len(config.block_out_channels) - 1) if hasattr(config, "block_out_channels") else 2 ** (vae.config.num_decoder_blocks - 1)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Images:
        """(B, C, h, w) -> uint8 (B, H, W, 3). What overflows is decoded again in float32."""
        made = [self._made("decode", single, self._picture) for single in latents]
        images: Images = torch.stack([(x / 2 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu() for x in made]).numpy()
        return images

    def _made(self, verb: str, given: Tensor, make: Callable[[Tensor], Tensor]) -> Tensor:
        """Made of one picture or its latents; once more in float32 where numbers overflow."""
        made = self._roomily(verb, given, make)
        if not made.isfinite().all() and self.vae.dtype != torch.float32:
            with self.exactly.of(self.vae):
                made = self._roomily(verb, given, make)
        if not made.isfinite().all():
            raise AnimateError(f"{self.name}: its VAE made no numbers of a picture, in float32 too; its files may be damaged: load it again")
        return made

    def _roomily(self, verb: str, given: Tensor, make: Callable[[Tensor], Tensor]) -> Tensor:
        """In tiles once the device has no room for a whole picture."""
        try:
            return make(given)
        except RuntimeError as error:
            if not memory.out_of_memory(error):
                raise
            if self.vae.use_tiling:
                height, width = (side * (self.factor if verb == "decode" else 1) for side in given.shape[-2:])
                told = f"not enough memory on {self.device} to {verb} {width} x {height} pixels"
                raise AnimateError(f"{told}; use smaller --width and --height") from error
        memory.give_back()
        warnings.warn(f"not enough memory on {self.device} to {verb} a whole picture: going on in tiles", AnimateWarning, stacklevel=3)
        self._cut_up()
        return self._roomily(verb, given, make)

    def _picture(self, latents: Tensor) -> Tensor:
        """(C, h, w) -> float32 (3, H, W) in -1..1."""
        x = latents[None].to(self.device, self.vae.dtype) / self.scale + self.shift
        made: Tensor = self.vae.decode(x.contiguous(memory_format=torch.channels_last)).sample[0].float()
        return made

    def _cut_up(self) -> None:
        if hasattr(self.vae, "tile_latent_min_size"):
            self.vae.tile_sample_min_size = min(self.vae.tile_sample_min_size, TILE)
            self.vae.tile_latent_min_size = min(self.vae.tile_latent_min_size, TILE // self.factor)
        self.vae.enable_tiling()

    @torch.inference_mode()
    def encode(self, images: Images) -> Tensor:
        """uint8 (B, H, W, 3) -> float32 (B, C, h, w) on the CPU: the mean, and no draw."""
        return torch.stack([self._made("encode", torch.tensor(image).permute(2, 0, 1), self._latents).cpu() for image in images])

    def _latents(self, image: Tensor) -> Tensor:
        """uint8 (3, H, W) -> float32 (C, h, w)."""
        x = image[None].to(self.device).to(self.vae.dtype) / 127.5 - 1
        made = self.vae.encode(x.contiguous(memory_format=torch.channels_last))
        clean = made.latents if hasattr(made, "latents") else made.latent_dist.mode()
        latents: Tensor = (clean[0].float() - self.shift) * self.scale
        return latents

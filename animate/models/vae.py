"""Latents <-> images, one at a time: a decoder's peak memory is its batch's, and a picture's bits are its own."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from ..errors import AnimateError, AnimateWarning
from . import memory
from .base import Images
from .overflow import Exactly

TILE = 256  # pixels of a side, where a VAE would only cut up what is larger than the pictures that it was trained on


class Pictures:
    """Over any VAE of diffusers: AutoencoderKL, AutoencoderTiny and alike."""

    def __init__(self, name: str, vae: Any, device: torch.device, exactly: Exactly):
        self.name, self.vae, self.device, self.exactly = name, vae, device, exactly
        config = vae.config
        self.scale, self.shift = config.scaling_factor, getattr(config, "shift_factor", None) or 0.0
        self.factor = 2 ** (len(config.block_out_channels) - 1) if hasattr(config, "block_out_channels") else 2 ** (vae.config.num_decoder_blocks - 1)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Images:
        """(B, C, h, w) -> uint8 (B, H, W, 3). What overflows is decoded again in float32."""
        made = []
        for single in latents:
            image = self._picture(single)
            if not image.isfinite().all() and self.vae.dtype != torch.float32:
                with self.exactly.of(self.vae):
                    image = self._picture(single)
            if not image.isfinite().all():
                raise AnimateError(f"{self.name}: its VAE made no numbers of a picture, in float32 too; its files may be damaged: load it again")
            made.append((image / 2 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu())
        images: Images = torch.stack(made).numpy()
        return images

    def _picture(self, latents: Tensor) -> Tensor:
        """(C, h, w) -> float32 (3, H, W) in -1..1; in tiles once the device has no room for a whole one."""
        x = latents[None].to(self.device, self.vae.dtype) / self.scale + self.shift
        try:
            made: Tensor = self.vae.decode(x.contiguous(memory_format=torch.channels_last)).sample[0].float()
            return made
        except RuntimeError as error:
            if not memory.out_of_memory(error):
                raise
            if self.vae.use_tiling:
                height, width = (side * self.factor for side in latents.shape[-2:])
                told = f"not enough memory on {self.device} to decode {width} x {height} pixels"
                raise AnimateError(f"{told}; use smaller --width and --height") from error
        memory.give_back()
        warnings.warn(f"not enough memory on {self.device} to decode a whole picture: going on in tiles", AnimateWarning, stacklevel=3)
        self._cut_up()
        return self._picture(latents)

    def _cut_up(self) -> None:
        if hasattr(self.vae, "tile_latent_min_size"):
            self.vae.tile_sample_min_size = min(self.vae.tile_sample_min_size, TILE)
            self.vae.tile_latent_min_size = min(self.vae.tile_latent_min_size, TILE // self.factor)
        self.vae.enable_tiling()

    @torch.inference_mode()
    def encode(self, images: Images) -> Tensor:
        """uint8 (B, H, W, 3) -> float32 (B, C, h, w) on the CPU: the mean, and no draw."""
        return torch.cat([self._latents(image) for image in images])

    def _latents(self, image: Images) -> Tensor:
        x = torch.tensor(image[None], device=self.device).permute(0, 3, 1, 2).to(self.vae.dtype) / 127.5 - 1
        made = self.vae.encode(x.contiguous(memory_format=torch.channels_last))
        clean = made.latents if hasattr(made, "latents") else made.latent_dist.mode()
        latents: Tensor = (clean.float() - self.shift) * self.scale
        return latents.cpu()

"""Latents <-> images through a VAE, one image at a time: the peak memory is that of one image, and an image's bits do not depend on others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...errors import AnimateError
from ...pixels import Images
from ..memory import DeviceMemory, give_back, out_of_memory
from .precision import Float32Fallback

TILE = 256  # pixels of a side: a VAE by itself would only cut up what is larger than the images that it was trained on


def pixels_per_latent(vae: Any) -> int:
    """Of a side: the factor by which an image is larger than its latents."""
    config = vae.config
    levels: int = len(config.block_out_channels) if hasattr(config, "block_out_channels") else config.num_decoder_blocks
    factor: int = 2 ** (levels - 1)
    return factor


class Vae:
    """Over any VAE of diffusers for images: AutoencoderKL, AutoencoderTiny and alike; others go through `parts.vae_adapter`.

    Threads wait for each other: a run may change the VAE (float32, tiles).
    """

    def __init__(self, vae: Any, memory: DeviceMemory, fallback: Float32Fallback):
        """vae: one of the parts of `memory`."""
        self.vae, self.memory, self.fallback = vae, memory, fallback
        config = vae.config
        self.scale, self.shift = config.scaling_factor, getattr(config, "shift_factor", None) or 0.0
        self.factor = pixels_per_latent(vae)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Images:
        """(B, C, h, w) -> uint8 (B, H, W, 3). What overflows is decoded again in float32. Raises AnimateError."""
        with self.memory.at_work(self.vae):
            decoded = [self._finite("decode", single, self._to_pixels) for single in latents]
        images: Images = torch.stack([(x / 2 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu() for x in decoded]).numpy()
        return images

    @torch.inference_mode()
    def encode(self, images: Images, noise: Tensor | None = None) -> Tensor:
        """uint8 (B, H, W, 3) -> float32 (B, C, h, w) on the CPU: the mean, or with unit noise (B, C, h, w) a sample. Raises AnimateError.

        A VAE that makes no distribution (AutoencoderTiny) takes no noise.
        """
        pairs = zip(images, [None] * len(images) if noise is None else noise, strict=True)
        with self.memory.at_work(self.vae):
            encoded = [self._finite("encode", torch.tensor(image).permute(2, 0, 1), partial(self._to_latents, draw)) for image, draw in pairs]
        return torch.stack(encoded).cpu()

    def _finite(self, verb: str, source: Tensor, convert: Callable[[Tensor], Tensor]) -> Tensor:
        """One image or its latents, converted; once more in float32 where numbers overflow."""
        result = self._fitting(verb, source, convert)
        if not result.isfinite().all() and self.vae.dtype != torch.float32:
            with self.fallback.of(self.vae):
                result = self._fitting(verb, source, convert)
        if not result.isfinite().all():
            reason = "its VAE made no numbers of a picture, in float32 too; its files may be damaged: load it again"
            raise AnimateError(f"{self.memory.name}: {reason}")
        return result

    def _fitting(self, verb: str, source: Tensor, convert: Callable[[Tensor], Tensor]) -> Tensor:
        """In tiles once the device has no memory for a whole image."""
        device = self.memory.device
        try:
            return convert(source)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            if self.vae.use_tiling:
                height, width = (side * (self.factor if verb == "decode" else 1) for side in source.shape[-2:])
                lacking = f"not enough memory on {device} to {verb} {width} x {height} pixels"
                raise AnimateError(f"{lacking}; use smaller --width and --height") from error
        give_back()
        self.memory.report.warn(f"not enough memory on {device} to {verb} a whole picture: going on in tiles")
        self._cut_into_tiles()
        return self._fitting(verb, source, convert)

    def _to_pixels(self, latents: Tensor) -> Tensor:
        """(C, h, w) -> float32 (3, H, W) in -1..1."""
        x = latents[None].to(self.memory.device, self.vae.dtype) / self.scale + self.shift
        pixels: Tensor = self.vae.decode(x.contiguous(memory_format=torch.channels_last)).sample[0].float()
        return pixels

    def _to_latents(self, draw: Tensor | None, image: Tensor) -> Tensor:
        """uint8 (3, H, W) -> float32 (C, h, w)."""
        x = image[None].to(self.memory.device).to(self.vae.dtype) / 127.5 - 1
        output = self.vae.encode(x.contiguous(memory_format=torch.channels_last))
        clean = (output.latents if hasattr(output, "latents") else output.latent_dist.mode())[0].float()
        if draw is not None and not hasattr(output, "latents"):
            clean = clean + output.latent_dist.std[0].float() * draw.to(clean.device)
        latents: Tensor = (clean - self.shift) * self.scale
        return latents

    def _cut_into_tiles(self) -> None:
        if hasattr(self.vae, "tile_latent_min_size"):
            self.vae.tile_sample_min_size = min(self.vae.tile_sample_min_size, TILE)
            self.vae.tile_latent_min_size = min(self.vae.tile_latent_min_size, TILE // self.factor)
        self.vae.enable_tiling()

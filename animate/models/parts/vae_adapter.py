"""VAEs of other shapes, made to look like an AutoencoderKL: (B, C, h, w) latents and one scale for all channels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor


def adapted(vae: Any) -> Any:
    """A VAE as `parts.vae.Vae` takes it."""
    return vae if hasattr(vae.config, "block_out_channels") else VaeAdapter(vae)


class VaeAdapter:
    """Over deeply compressing VAEs (AutoencoderDC), and over those of video models, which have a time axis and a scale for each channel."""

    def __init__(self, vae: Any):
        self.vae, config = vae, vae.config
        self.video = hasattr(config, "z_dim")
        levels = len(config.dim_mult) if self.video else len(config.decoder_block_out_channels)
        self.config = SimpleNamespace(scaling_factor=getattr(config, "scaling_factor", 1.0), block_out_channels=(1,) * levels)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.vae, name)

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of every channel of the latents, (C, 1, 1) each."""
        config = self.vae.config
        mean, std = (torch.tensor(values, dtype=x.dtype, device=x.device)[:, None, None] for values in (config.latents_mean, config.latents_std))
        return mean, std

    def decode(self, x: Tensor) -> Any:
        """(B, C, h, w) -> an output with `sample`, (B, 3, H, W) in -1..1."""
        if not self.video:
            return self.vae.decode(x)
        mean, std = self._statistics(x)
        return SimpleNamespace(sample=self.vae.decode((x * std + mean)[:, :, None]).sample[:, :, 0])

    def encode(self, x: Tensor) -> Any:
        """(B, 3, H, W) in -1..1 -> an output with `latents`, (B, C, h, w)."""
        if not self.video:
            return SimpleNamespace(latents=self.vae.encode(x).latent)
        mean, std = self._statistics(x)
        return SimpleNamespace(latents=(self.vae.encode(x[:, :, None]).latent_dist.mode()[:, :, 0] - mean) / std)

"""Stable Diffusion 1.x and 2.x, and what is shaped like them, by our own batched denoising loop.

diffusers' pipelines cannot start image to image from given noise, nor a batch from a later step; one loop here does all
three. Modules and schedulers are diffusers' and transformers'.
"""

from __future__ import annotations

import contextlib
import platform
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import diffusers
import torch
import transformers
from torch import Tensor

from ..errors import AnimateError, AnimateWarning
from . import memory, samplers
from .base import Conditioning, Defaults, Denoising, Images, Numerics, Origin
from .memory import out_of_memory

# A UNet's peak for one sample, in tensors of its first block's shape: what SD 1.5 takes at 512 pixels on a CPU (280 MiB in
# float32, less than its weights); at 256 pixels it is 85 for two samples and 36 for four, sprout takes 12 to 31.
PEAK = 56


def hardware(device: torch.device) -> str:
    """What decides the last bits of a sum: the GPU, or the CPU's instructions and how many threads share the work."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads"


class UNetModel:
    """`models.base.Model` over the parts of a StableDiffusionPipeline."""

    def __init__(self, origin: Origin, pipe: Any, device: str, slots: int):
        self.name, self.fingerprint, self.vocabulary = origin.name, origin.fingerprint, origin.vocabulary
        self.tokenizer, self.text_encoder, self.unet, self.vae = pipe.tokenizer, pipe.text_encoder, pipe.unet, pipe.vae
        self.schedule = dict(pipe.scheduler.config) | {"_class_name": type(pipe.scheduler).__name__}
        self.device, self.dtype = torch.device(device), self.unet.dtype
        self.overflowed = False  # said once
        for module in (self.text_encoder, self.unet, self.vae):
            module.to(self.device, memory_format=torch.channels_last).eval().requires_grad_(False)
        self.factor: int = pipe.vae_scale_factor  # pixels per latent
        side = self.unet.config.sample_size * self.factor
        self.defaults = Defaults(origin.steps, origin.guidance, samplers.own(self.schedule), side, side)
        made = (torch.__version__, diffusers.__version__, transformers.__version__)
        self.numerics = Numerics(str(self.device), hardware(self.device), str(self.dtype).removeprefix("torch."), slots, *made)

    @torch.inference_mode()
    def embed(self, prompt: str) -> Conditioning:
        """{"prompt_embeds": (tokens, width)}."""
        tokens = self.tokenizer(prompt, padding="max_length", truncation=True, return_tensors="pt")
        mask = tokens.attention_mask.to(self.device) if getattr(self.text_encoder.config, "use_attention_mask", False) else None
        hidden = self.text_encoder(tokens.input_ids.to(self.device), attention_mask=mask)[0]
        return Conditioning({"prompt_embeds": hidden[0].float().cpu()})

    def remarks(self, prompts: Sequence[str]) -> list[str]:
        found = [remark for prompt in prompts for remark in self._spelling(prompt)]
        if self.vocabulary and (unknown := self.vocabulary.unknown(prompts)):
            found.append(f"{self.name} was never shown {', '.join(unknown)}, and draws the rest; animate models lists what it knows")
        return found

    def _spelling(self, prompt: str) -> list[str]:
        ids, limit, found = self.tokenizer(prompt).input_ids, self.tokenizer.model_max_length, []
        if len(ids) > limit:
            read = self.tokenizer.decode(ids[: limit - 1], skip_special_tokens=True)
            found.append(
                f'"{prompt[:40]}..." is {len(ids) - 2} tokens long and {self.name} reads {limit - 2}: all after "{read[-40:]}" is cut; shorten it'
            )
        if self.vocabulary:
            return found
        spelt = [word for word in prompt.split() if len(word.encode()) >= 3 and len(self.tokenizer(word).input_ids) - 2 == len(word.encode())]
        if spelt:
            found.append(f"{self.name} knows {', '.join(spelt)} only byte by byte: it was trained on English; say it in English words")
        return found

    def noise(self, seed: int, width: int, height: int) -> Tensor:
        shape = (self.unet.config.in_channels, height // self.factor, width // self.factor)
        return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed), dtype=torch.float32)

    @torch.inference_mode()
    def denoise(self, latents: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising) -> Tensor:
        made = self._denoised(latents, positive, negative, guidance, how)
        bad = ~made.isfinite().flatten(1).all(1)
        if bad.any() and self.unet.dtype != torch.float32:
            with self._exact(self.unet):  # the whole batch, for the bits, but only what overflowed is replaced
                again = self._denoised(latents, positive, negative, guidance, how)
            made = torch.where(bad[:, None, None, None], again, made)
        return made

    @contextlib.contextmanager
    def _exact(self, part: Any) -> Iterator[None]:
        """A part in float32 for once: what overflows in sixteen bits comes out as no numbers, and a picture of them is black."""
        if not self.overflowed:
            warnings.warn(f"{self.name} overflows in {self.numerics.dtype}: what does is drawn again in float32", AnimateWarning, stacklevel=4)
        self.overflowed = True
        before = part.dtype
        try:
            part.float()
            yield
        finally:
            part.to(before)

    def _denoised(self, latents: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising) -> Tensor:
        scheduler, timesteps = self._schedule(how)
        dtype = self.unet.dtype
        x = latents.to(self.device, dtype)
        if how.start == 0:
            x = x * scheduler.init_noise_sigma
        text, scale = self._to(positive), guidance.to(self.device, dtype)[:, None, None, None]
        guided = bool((guidance > 1).any())
        if guided:
            text = torch.cat([self._to(negative), text])
        for timestep in timesteps:
            inputs = scheduler.scale_model_input(torch.cat([x, x]) if guided else x, timestep)
            made = self.unet(inputs.contiguous(memory_format=torch.channels_last), timestep, encoder_hidden_states=text).sample
            if guided:  # classifier-free guidance, Ho & Salimans 2022
                without, with_ = made.chunk(2)
                made = without + scale * (with_ - without)
            x = scheduler.step(made, timestep, x, return_dict=False)[0]
        return x.float().cpu()

    def room(self, width: int, height: int) -> int:
        wide: int = self.unet.config.block_out_channels[0] * (width // self.factor) * (height // self.factor)
        size: int = self.unet.dtype.itemsize
        return 2 * PEAK * wide * size  # with the prompt, and without

    def free(self) -> int | None:
        return memory.free(self.device)

    def renoise(self, clean: Tensor, noise: Tensor, how: Denoising) -> Tensor:
        scheduler, timesteps = self._schedule(how)
        noisy: Tensor = scheduler.add_noise(clean, noise, timesteps[:1].cpu().expand(len(clean)))
        return noisy

    def _schedule(self, how: Denoising) -> tuple[Any, Tensor]:
        """A scheduler set to begin at step `how.start`, and the timesteps that are left."""
        scheduler = samplers.scheduler(how.sampler, self.schedule)
        scheduler.set_timesteps(how.steps, device=self.device)
        first = how.start * scheduler.order
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
        return scheduler, scheduler.timesteps[first:]

    def _to(self, conditioning: Conditioning) -> Tensor:
        return conditioning.tensors["prompt_embeds"].to(self.device, self.unet.dtype)

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Images:
        """One at a time: a decoder's peak memory is its batch's, and a picture's bits are its own."""
        pictures = []
        for single in latents:
            image = self._picture(single)
            if not image.isfinite().all() and self.vae.dtype != torch.float32:
                with self._exact(self.vae):
                    image = self._picture(single)
            if not image.isfinite().all():
                raise AnimateError(f"{self.name}: its VAE made no numbers of a picture, in float32 too; its files may be damaged: load it again")
            pictures.append((image / 2 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu())
        images: Images = torch.stack(pictures).numpy()
        return images

    def _picture(self, latents: Tensor) -> Tensor:
        """(C, h, w) -> float32 (3, H, W) in -1..1; in tiles once the device has no room for a whole one."""
        shift = getattr(self.vae.config, "shift_factor", None) or 0.0
        x = latents[None].to(self.device, self.vae.dtype) / self.vae.config.scaling_factor + shift
        try:
            made: Tensor = self.vae.decode(x.contiguous(memory_format=torch.channels_last)).sample[0].float()
            return made
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            if self.vae.use_tiling:
                side = f"{latents.shape[-1] * self.factor} x {latents.shape[-2] * self.factor}"
                raise AnimateError(f"not enough memory on {self.device} to decode {side} pixels; use smaller --width and --height") from error
        memory.give_back()
        warnings.warn(f"not enough memory on {self.device} to decode a whole picture: going on in tiles", AnimateWarning, stacklevel=3)
        self.vae.enable_tiling()
        return self._picture(latents)

    @torch.inference_mode()
    def encode(self, images: Images) -> Tensor:
        x = torch.tensor(images, device=self.device).permute(0, 3, 1, 2).to(self.vae.dtype) / 127.5 - 1
        made = self.vae.encode(x.contiguous(memory_format=torch.channels_last))
        clean = made.latents if hasattr(made, "latents") else made.latent_dist.mode()
        shift = getattr(self.vae.config, "shift_factor", None) or 0.0
        latents: Tensor = (clean.float() - shift) * self.vae.config.scaling_factor
        return latents.cpu()

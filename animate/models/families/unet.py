"""Stable Diffusion 1.x, 2.x and XL, their few-step relatives, and other UNets of the same shape, by our own batched denoising loop.

diffusers' pipelines cannot start image to image from given noise, nor a batch from a later step; one loop here does all
three. Modules and schedulers are diffusers' and transformers'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...pixels import Images
from ...report import Report
from ...story.conventions import LEVELS, guides, timesteps
from ..base import Conditioning, Defaults, Denoising, Family, Origin, Safety, nothing
from ..memory import DeviceMemory
from ..parts import samplers, text
from ..parts.kernels import Kernels
from ..parts.precision import Float32Fallback
from ..parts.prediction import Features, Predictor
from ..parts.safety import SafetyChecker
from ..parts.vae import Vae, pixels_per_latent
from ..placement import COMPILED, EAGER, numerics

# A UNet's peak for one sample, in tensors of its first block's shape: what SD 1.5 takes at 512 pixels on a CPU (280 MiB in
# float32, less than its weights); at 256 pixels it is 85 for two samples and 36 for four, sprout takes 12 to 31.
PEAK = 56
PENULTIMATE = -2  # the hidden layer that SDXL takes of both its text encoders
PARTS = ("text_encoder", "text_encoder_2", "unet", "vae", "safety_checker")  # in the order in which they work


class UNetMemory(DeviceMemory):
    """Of the parts of a pipeline with a UNet."""

    def __init__(self, origin: Origin, pipe: Any, device: torch.device):
        super().__init__(origin.name, device, [part for name in PARTS if (part := getattr(pipe, name, None)) is not None], origin.report)
        self.unet, self.factor = pipe.unet, pixels_per_latent(pipe.vae)

    def bytes_per_sample(self, width: int, height: int) -> int:
        elements: int = self.unet.config.block_out_channels[0] * (width // self.factor) * (height // self.factor)
        size: int = self.unet.dtype.itemsize
        return 2 * PEAK * elements * size  # with the prompt, and without

    def bytes_lent(self, width: int, height: int, predictions: int) -> int:
        channels: int = self.unet.config.block_out_channels[1]  # or half of it
        elements = channels * (width // self.factor) * (height // self.factor)
        return 2 * predictions * elements * int(self.unet.dtype.itemsize)


class UNetModel:
    """`models.base.Model` over the parts of a StableDiffusionPipeline or a StableDiffusionXLPipeline."""

    supports_partial_denoising = True
    mixes_guidance = True

    def __init__(self, origin: Origin, pipe: Any, device: str, batch_size: int):
        self.name, self.fingerprint, self.extras, self.report = origin.name, origin.fingerprint, origin.extras, origin.report
        self.unet, self.vae, self.device = pipe.unet, pipe.vae, torch.device(device)
        self.is_xl = hasattr(pipe, "text_encoder_2")  # two text encoders, a pooled vector, and the image's size as an input
        self.encoders = [(pipe.tokenizer, pipe.text_encoder)] + ([(pipe.tokenizer_2, pipe.text_encoder_2)] if self.is_xl else [])
        self.zeros_for_empty = self.is_xl and bool(pipe.config.get("force_zeros_for_empty_prompt", True))
        self.schedule = samplers.settings(pipe.scheduler)
        # Of a model that takes its guidance as an input (Meng et al. 2022).
        self.guidance_input: int | None = getattr(self.unet.config, "time_cond_proj_dim", None)
        self.guides_twice = self.guidance_input is None
        self.memory = UNetMemory(origin, pipe, self.device)
        for part in self.memory.parts:
            part.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        if self.is_xl and self.vae.config.force_upcast:
            self.vae.float()  # it is known to overflow in float16
        self.memory.place()
        self.kernels = Kernels(self.unet)
        self.fallback = Float32Fallback(self.name, self.report)
        self.autoencoder = Vae(self.vae, self.memory, self.fallback)
        self.text = text.ClipText(self.name, [tokenizer for tokenizer, _ in self.encoders], origin.vocabulary)
        checker = getattr(pipe, "safety_checker", None)
        self.safety: Safety | None = None if checker is None else SafetyChecker(checker, pipe.feature_extractor, self.memory)
        side = self.unet.config.sample_size * self.autoencoder.factor
        own, lends = origin.sampler or samplers.own(self.schedule), self.kernels.split is not None
        self.defaults = Defaults(origin.steps, origin.guidance, own, side, side, origin.vocabulary is not None, lends)
        self.numerics = numerics(self.device, self.unet.dtype, batch_size)

    @torch.inference_mode()
    def embed(self, prompt: str, count: int = 1, negative: bool = False, plain: bool = False) -> Conditioning:
        """{"prompt_embeds": (count * 77, width)}; of SDXL both encoders' side by side, and {"pooled": (width of the second,)}."""
        encoded = []
        for tokenizer, encoder in self.encoders:
            with self.memory.at_work(encoder):
                layer = PENULTIMATE if self.is_xl else None
                encoded.append(text.encode(tokenizer, encoder, prompt, count, self.device, layer=layer, plain=plain))
        if not self.is_xl:
            return Conditioning({"prompt_embeds": encoded[0].hidden})
        hidden, pooled = torch.cat([one.hidden for one in encoded], dim=-1), encoded[-1].pooled
        if pooled is None:
            raise TypeError(f"the second text encoder of {self.name} makes no pooled vector")
        if negative and self.zeros_for_empty and not prompt:
            hidden, pooled = torch.zeros_like(hidden), torch.zeros_like(pooled)
        return Conditioning({"prompt_embeds": hidden, "pooled": pooled})

    def noise(self, seed: int, width: int, height: int, count: int = 1) -> Tensor:
        shape = (self.unet.config.in_channels, height // self.autoencoder.factor, width // self.autoencoder.factor)
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.stack([torch.randn(shape, generator=generator, dtype=torch.float32) for _ in range(count)])

    @torch.inference_mode()
    def denoise(
        self, latents: Tensor, noise: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising,
        on_step: Callable[[], object] = nothing, features: Features | None = None,
    ) -> Tensor:  # fmt: skip
        with self.memory.at_work(self.unet):
            run = partial(self._denoised, latents, noise, positive, negative, guidance, how, on_step, features)
            states = run()
            overflowed = ~states.isfinite().flatten(1).all(1)
            if overflowed.any() and self.unet.dtype != torch.float32:
                with self.fallback.of(self.unet):  # the whole batch, for the bits, but only what overflowed is replaced
                    states = torch.where(overflowed[:, None, None, None, None], run(), states)
        return states

    def _denoised(
        self, latents: Tensor, noise: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising,
        on_step: Callable[[], object], features: Features | None,
    ) -> Tensor:  # fmt: skip
        scheduler, left = self._schedule(how)
        advance, dtype = samplers.SAMPLERS[how.sampler].advance, self.unet.dtype
        # Copied once: a scheduler that looked up its tables by numbers of the device would wait for it several times a step.
        times, noise = scheduler.timesteps.to(self.device), noise.to(self.device, dtype)
        x, wanted = latents.to(self.device, dtype), [stop * scheduler.order for stop in how.ends if stop < how.step_count]
        if how.start == 0:
            x = x * scheduler.init_noise_sigma
        predict, states = self._predictor(positive, negative, guidance, x.shape, how, features), []
        for number, (index, repeats) in enumerate(left):
            if index in wanted and not repeats:
                states.append(x.float().cpu())
                if len(states) == len(how.ends):
                    break
            timestep = scheduler.timesteps[index]
            prediction = predict(scheduler.scale_model_input(x, timestep), times[index])
            drawn = noise[:, number] if number < noise.shape[1] else None
            x = advance(scheduler, prediction, timestep, x, drawn, how.eta)
            if samplers.ends_step(number, len(left), how.step_count - how.start, scheduler.order):
                on_step()
        else:
            states.append(x.float().cpu())
        return torch.stack(states, dim=1)

    def _predictor(
        self, positive: Conditioning, negative: Conditioning, guidance: Tensor, shape: torch.Size, how: Denoising, features: Features | None
    ) -> Predictor:  # fmt: skip
        """The UNet's prediction, guided away from `negative` where that is asked for."""
        dim, extra = self.guidance_input, dict[str, Any]()
        guided = dim is None and any(guides(scale, how.conventions) for scale in guidance.tolist())
        if dim is not None:
            extra["timestep_cond"] = guidance_embedding(guidance - 1, dim).to(self.device, self.unet.dtype)
        towards, away = self._inputs(positive, shape) | extra, self._inputs(negative, shape) if guided else None
        scale = guidance.to(self.device, self.unet.dtype)[:, None, None, None]
        return Predictor(self.kernels, towards, away, scale, how.guided_every, features)

    @torch.inference_mode()
    def compile(self, report: Report) -> None:
        """Compile the UNet's kernels for batches of this model's size, guided ones, where that works; the report hears if it does not."""
        count = self.numerics.batch_size * (2 if self.guides_twice and self.defaults.guidance > 1 else 1)
        noise = self.noise(0, self.defaults.width, self.defaults.height, count)
        x = noise.to(self.device, self.unet.dtype).contiguous(memory_format=torch.channels_last)
        arguments = self._inputs(Conditioning.batch([self.embed("")] * count), x.shape)
        if self.guidance_input is not None:
            arguments["timestep_cond"] = guidance_embedding(torch.ones(count), self.guidance_input).to(self.device, self.unet.dtype)
        with self.memory.at_work(self.unet):
            compiled = self.kernels.compile(x, torch.tensor(LEVELS // 2).to(self.device), arguments, report)
        self.numerics = replace(self.numerics, kernels=COMPILED if compiled else EAGER)

    def _inputs(self, conditioning: Conditioning, shape: torch.Size) -> dict[str, Any]:
        """What the UNet's call takes besides latents and timestep."""
        inputs = {name: tensor.to(self.device, self.unet.dtype) for name, tensor in conditioning.tensors.items()}
        if self.is_xl:  # original size, position of the crop, target size: nothing is cropped
            height, width = (side * self.autoencoder.factor for side in shape[-2:])
            size = torch.tensor([height, width, 0, 0, height, width], device=self.device, dtype=self.unet.dtype)
            inputs |= {"text_embeds": inputs.pop("pooled"), "time_ids": size.expand(shape[0], -1)}
        text = {"encoder_hidden_states": inputs.pop("prompt_embeds")}
        return text | ({"added_cond_kwargs": inputs} if inputs else {})

    def renoise(self, clean: Tensor, noise: Tensor, how: Denoising) -> Tensor:
        scheduler, ((index, _), *_) = self._schedule(how)
        first = scheduler.timesteps[index]
        if timesteps(how.sampler, how.steps, how.conventions):
            first = samplers.level_above(scheduler, first)
        noisy: Tensor = scheduler.add_noise(clean, noise, first.expand(len(clean)))
        return noisy

    def _schedule(self, how: Denoising) -> tuple[Any, list[tuple[int, bool]]]:
        """A scheduler set to begin at step `how.start`, on the CPU, and the timesteps left: (index among all, whether it is done again)."""
        scheduler = samplers.scheduled(how.sampler, self.schedule, how.steps, how.conventions)
        first = how.start * scheduler.order
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
        return scheduler, samplers.remaining(how.sampler, first, len(scheduler.timesteps), how.shared)

    def decode(self, latents: Tensor) -> Images:
        return self.autoencoder.decode(latents)

    def encode(self, images: Images, noise: Tensor | None = None) -> Tensor:
        return self.autoencoder.encode(images, noise)


def guidance_embedding(guidance: Tensor, dim: int) -> Tensor:
    """(B,) -> (B, dim): sines and cosines of a thousandfold guidance, as timesteps are embedded (Meng et al. 2022)."""
    half = dim // 2
    rates = torch.exp(torch.arange(half, dtype=torch.float32) * (-torch.log(torch.tensor(10000.0)) / (half - 1)))
    angles = 1000.0 * guidance.float()[:, None] * rates[None]
    return torch.nn.functional.pad(torch.cat([angles.sin(), angles.cos()], dim=1), (0, dim % 2))


def misfit(pipe: Any) -> str:
    """Whether a pipeline is of the kind of Stable Diffusion 1, 2 or XL: CLIP's text encoders, and a UNet that takes the VAE's latents alone."""
    absent = [part for part in ("tokenizer", "text_encoder", "unet", "vae", "scheduler") if getattr(pipe, part, None) is None]
    if absent:
        return f"it has no {absent[0]}"
    if hasattr(pipe, "text_encoder_3") or (hasattr(pipe, "text_encoder_2") and pipe.text_encoder_2 is None):
        return "it has not one or two text encoders"
    if not type(pipe.text_encoder).__name__.startswith("CLIP"):
        return f"its text encoder is a {type(pipe.text_encoder).__name__} and not CLIP's"
    channels, latent_channels = pipe.unet.config.in_channels, pipe.vae.config.latent_channels
    return "" if channels == latent_channels else f"its unet takes {channels} channels, and its VAE makes {latent_channels}"


FAMILY = Family("unet", misfit, UNetModel, takes_extras=True)

"""Stable Diffusion 1.x, 2.x and XL, their few-step children, and what is shaped like them, by our own batched denoising loop.

diffusers' pipelines cannot start image to image from given noise, nor a batch from a later step; one loop here does all
three. Modules and schedulers are diffusers' and transformers'.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator, Sequence
from typing import Any

import diffusers
import torch
import transformers
from torch import Tensor

from .. import memory
from ..base import Conditioning, Defaults, Denoising, Images, Numerics, Origin
from ..parts import samplers
from ..parts import text as prompts
from ..parts.precision import Float32Fallback
from ..parts.safety import Checker
from ..parts.vae import Pictures

# A UNet's peak for one sample, in tensors of its first block's shape: what SD 1.5 takes at 512 pixels on a CPU (280 MiB in
# float32, less than its weights); at 256 pixels it is 85 for two samples and 36 for four, sprout takes 12 to 31.
PEAK = 56
PENULTIMATE = -2  # the layer that SDXL reads of both its text encoders


def hardware(device: torch.device) -> str:
    """What decides the last bits of a sum: the GPU, or the CPU's instructions and how many threads share the work."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads"


class UNetModel:
    """`models.base.Model` over the parts of a StableDiffusionPipeline or a StableDiffusionXLPipeline."""

    supports_partial_denoising = True

    def __init__(self, origin: Origin, pipe: Any, device: str, batch_size: int):
        self.name, self.fingerprint, self.vocabulary = origin.name, origin.fingerprint, origin.vocabulary
        self.extras = origin.extras
        self.unet, self.vae, self.device = pipe.unet, pipe.vae, torch.device(device)
        self.readers = [(pipe.tokenizer, pipe.text_encoder)]
        self.large = hasattr(pipe, "text_encoder_2")  # SDXL: two text encoders, a pooled vector, and the picture's size
        if self.large:
            self.readers.append((pipe.tokenizer_2, pipe.text_encoder_2))
        self.checker = Checker(pipe) if getattr(pipe, "safety_checker", None) is not None else None
        self.silent = self.large and bool(pipe.config.get("force_zeros_for_empty_prompt", True))
        self.schedule = samplers.settings(pipe.scheduler)
        for part in self._parts():
            part.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        if self.large and self.vae.config.force_upcast:
            self.vae.float()  # it is known to overflow in float16
        self.offloaded = False
        self._move(self.device)
        self.exactly = Float32Fallback(self.name)
        self.pictures = Pictures(self.name, self.vae, self.device, self.exactly)
        side = self.unet.config.sample_size * self.pictures.factor
        self.defaults = Defaults(origin.steps, origin.guidance, origin.sampler or samplers.own(self.schedule), side, side)
        made = (torch.__version__, diffusers.__version__, transformers.__version__)
        dtype = str(self.unet.dtype).removeprefix("torch.")
        self.numerics = Numerics(str(self.device), hardware(self.device), dtype, batch_size, *made)

    def _parts(self) -> list[Any]:
        checker = [self.checker.part] if self.checker else []
        return [*(encoder for _, encoder in self.readers), self.unet, self.vae, *checker]

    def _move(self, to: torch.device) -> None:
        """All parts onto the device; where it has no room for all, they wait in memory and go there one at a time."""
        try:
            for part in self._parts():
                part.to(to)
        except RuntimeError as error:
            if not memory.out_of_memory(error) or not self.offload():
                raise
            memory.tell_of_turns(self.name, self.device)

    def offload(self) -> bool:
        """From now on only the part at work is on the device. False if that is so already, or the device is the memory itself."""
        if self.offloaded or self.device.type == "cpu":
            return False
        self.offloaded = True
        for part in self._parts():
            part.to("cpu")
        memory.give_back()
        return True

    @contextlib.contextmanager
    def _at_work(self, part: Any) -> Iterator[None]:
        if not self.offloaded:
            yield
            return
        try:
            part.to(self.device)
            yield
        finally:
            part.to("cpu")

    def chunks(self, prompt: str) -> int:
        return max(prompts.chunks(tokenizer, prompt) for tokenizer, _ in self.readers)

    @torch.inference_mode()
    def embed(self, prompt: str, count: int = 1, negative: bool = False) -> Conditioning:
        """{"prompt_embeds": (count * 77, width)}; of SDXL both encoders' side by side, and {"pooled": (width of the second,)}."""
        found = []
        for tokenizer, encoder in self.readers:
            with self._at_work(encoder):
                found.append(prompts.encode(tokenizer, encoder, prompt, count, self.device, layer=PENULTIMATE if self.large else None))
        if not self.large:
            return Conditioning({"prompt_embeds": found[0].hidden})
        hidden, pooled = torch.cat([one.hidden for one in found], dim=-1), found[-1].pooled
        if pooled is None:
            raise TypeError(f"the second text encoder of {self.name} makes no pooled vector")
        if negative and self.silent and not prompt:
            hidden, pooled = torch.zeros_like(hidden), torch.zeros_like(pooled)
        return Conditioning({"prompt_embeds": hidden, "pooled": pooled})

    def prompt_warnings(self, said: Sequence[str]) -> list[str]:
        tokenizer = self.readers[0][0]
        found = [remark for prompt in said if (remark := prompts.told(tokenizer, prompt))]
        if self.vocabulary:
            unknown = self.vocabulary.unknown(said)
            return found + [f"{self.name} was never shown {', '.join(unknown)}, and draws the rest; animate models lists what it knows"] * bool(
                unknown
            )
        spelt = list(dict.fromkeys(word for prompt in said for word in prompts.spelt(tokenizer, prompt)))
        return found + [f"{self.name} knows {', '.join(spelt)} only letter by letter: it was trained on English; say it in English words"] * bool(
            spelt
        )

    def noise_draws(self, how: Denoising) -> int:
        return samplers.SAMPLERS[how.sampler].draws(how.steps - how.start, how.eta)

    def noise(self, seed: int, width: int, height: int, count: int = 1) -> Tensor:
        shape = (self.unet.config.in_channels, height // self.pictures.factor, width // self.pictures.factor)
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.stack([torch.randn(shape, generator=generator, dtype=torch.float32) for _ in range(count)])

    @torch.inference_mode()
    def denoise(self, latents: Tensor, noise: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising) -> Tensor:
        with self._at_work(self.unet):
            made = self._denoised(latents, noise, positive, negative, guidance, how)
            bad = ~made.isfinite().flatten(1).all(1)
            if bad.any() and self.unet.dtype != torch.float32:
                with self.exactly.of(self.unet):  # the whole batch, for the bits, but only what overflowed is replaced
                    again = self._denoised(latents, noise, positive, negative, guidance, how)
                made = torch.where(bad[:, None, None, None, None], again, made)
        return made

    def _denoised(self, latents: Tensor, noise: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising) -> Tensor:
        scheduler, timesteps = self._schedule(how)
        advance, dtype = samplers.SAMPLERS[how.sampler].advance, self.unet.dtype
        x, wanted = latents.to(self.device, dtype), [stop * scheduler.order for stop in how.ends if stop < how.steps]
        if how.start == 0:
            x = x * scheduler.init_noise_sigma
        predict, seen = self._predictor(positive, negative, guidance, x.shape), []
        for number, (place, timestep) in enumerate(timesteps):
            if place in wanted:
                seen.append(x.float().cpu())
                if len(seen) == len(how.ends):
                    break
            made = predict(scheduler.scale_model_input(x, timestep), timestep)
            drawn = noise[:, number].to(self.device, dtype) if number < noise.shape[1] else None
            x = advance(scheduler, made, timestep, x, drawn, how.eta)
        else:
            seen.append(x.float().cpu())
        return torch.stack(seen, dim=1)

    def _predictor(self, positive: Conditioning, negative: Conditioning, guidance: Tensor, shape: torch.Size) -> Any:
        """The UNet's prediction for scaled latents at a timestep, guided away from `negative` where that is asked for."""
        dim = getattr(self.unet.config, "time_cond_proj_dim", None)  # of a model that is told its guidance (Meng et al. 2022)
        guided = dim is None and bool((guidance > 1).any())
        given = self._inputs(positive, shape)
        if guided:
            given = {name: torch.cat([first, given[name]]) for name, first in self._inputs(negative, shape).items()}
        settings: dict[str, Any] = {"encoder_hidden_states": given.pop("prompt_embeds")} | ({"added_cond_kwargs": given} if given else {})
        if dim is not None:
            settings["timestep_cond"] = guidance_embedding(guidance - 1, dim).to(self.device, self.unet.dtype)
        scale = guidance.to(self.device, self.unet.dtype)[:, None, None, None]

        def predict(inputs: Tensor, timestep: Tensor) -> Tensor:
            x = torch.cat([inputs, inputs]) if guided else inputs
            made: Tensor = self.unet(x.contiguous(memory_format=torch.channels_last), timestep, **settings).sample
            if not guided:
                return made
            without, with_ = made.chunk(2)  # classifier-free guidance, Ho & Salimans 2022
            return without + scale * (with_ - without)

        return predict

    def _inputs(self, conditioning: Conditioning, shape: torch.Size) -> dict[str, Tensor]:
        given = {name: tensor.to(self.device, self.unet.dtype) for name, tensor in conditioning.tensors.items()}
        if self.large:  # the size it should look as if it had been cropped from: none
            height, width = (side * self.pictures.factor for side in shape[-2:])
            size = torch.tensor([height, width, 0, 0, height, width], device=self.device, dtype=self.unet.dtype)
            given |= {"text_embeds": given.pop("pooled"), "time_ids": size.expand(shape[0], -1)}
        return given

    def bytes_per_sample(self, width: int, height: int) -> int:
        wide: int = self.unet.config.block_out_channels[0] * (width // self.pictures.factor) * (height // self.pictures.factor)
        size: int = self.unet.dtype.itemsize
        return 2 * PEAK * wide * size  # with the prompt, and without

    def free_bytes(self) -> int | None:
        return memory.free(self.device)

    def renoise(self, clean: Tensor, noise: Tensor, how: Denoising) -> Tensor:
        scheduler, ((_, first), *_) = self._schedule(how)
        noisy: Tensor = scheduler.add_noise(clean, noise, first.cpu().expand(len(clean)))
        return noisy

    def _schedule(self, how: Denoising) -> tuple[Any, list[tuple[int | None, Tensor]]]:
        """A scheduler set to begin at step `how.start`, and the timesteps left, each with its place among all if all before it is done."""
        scheduler = samplers.scheduler(how.sampler, self.schedule)
        scheduler.set_timesteps(how.steps, device=self.device)
        first = how.start * scheduler.order
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
        places = samplers.places(how.sampler, first, len(scheduler.timesteps), how.shared)
        return scheduler, [(None if again else place, scheduler.timesteps[place]) for place, again in places]

    def decode(self, latents: Tensor) -> Images:
        with self._at_work(self.vae):
            return self.pictures.decode(latents)

    def flagged(self, images: Images) -> list[bool]:
        if self.checker is None:
            return [False] * len(images)
        with self._at_work(self.checker.part):
            return self.checker.flagged(images)

    def encode(self, images: Images) -> Tensor:
        with self._at_work(self.vae):
            return self.pictures.encode(images)


def guidance_embedding(guidance: Tensor, dim: int) -> Tensor:
    """(B,) -> (B, dim): sines and cosines of a thousandfold guidance, as timesteps are embedded (Meng et al. 2022)."""
    half = dim // 2
    rates = torch.exp(torch.arange(half, dtype=torch.float32) * (-torch.log(torch.tensor(10000.0)) / (half - 1)))
    angles = 1000.0 * guidance.float()[:, None] * rates[None]
    return torch.nn.functional.pad(torch.cat([angles.sin(), angles.cos()], dim=1), (0, dim % 2))

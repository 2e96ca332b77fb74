"""Every other text-to-image pipeline of diffusers (Stable Diffusion 3, Flux, PixArt, Sana, Lumina ...), through its own `__call__`.

What the families disagree on is asked of the pipeline itself: which tensors a prompt becomes (the names that `encode_prompt`
returns), which of them `__call__` takes (its signature), and how noise is shaped (its `prepare_latents`). Latents are
(C, h, w) everywhere outside the call, also where the family packs them into tokens.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import torch
from torch import Tensor

from ...errors import AnimateError, one_line
from ...pixels import Images
from ...report import Report
from ..base import Conditioning, Defaults, Denoising, Family, Origin, Safety, nothing
from ..memory import DeviceMemory
from ..parts import introspection, masks, samplers
from ..parts.pipeline_text import PipelineText
from ..parts.precision import Float32Fallback
from ..parts.prediction import Features
from ..parts.vae import Vae
from ..parts.vae_adapter import adapted
from ..placement import numerics
from ..quiet import quiet

# A transformer's peak for one token, in vectors as wide as its widest layer: what goes through the block and its parts. Estimated.
PEAK = 6
SIZES = 64  # image sizes whose arguments for `prepare_latents` are kept


@dataclass(frozen=True)
class MaskedConditioning(Conditioning):
    """Tensors of one prompt under the names that the call has for them; some are masks of others: (tokens,), 1 for what is read."""

    def blend(self, other: Conditioning, mix: float) -> Conditioning:
        """Linear; read is what either end reads. See `masks.blend`."""
        if mix in (0.0, 1.0):
            return other if mix else self
        return MaskedConditioning(masks.blend(self.tensors, other.tensors, mix))


class PipelineMemory(DeviceMemory):
    """Of a whole pipeline and its VAE. diffusers' own hooks move the parts where they take turns."""

    def __init__(self, origin: Origin, pipe: Any, vae: Any, device: torch.device):
        super().__init__(origin.name, device, [pipe, vae], origin.report)
        self.pipe, self.network = pipe, introspection.denoiser(pipe)

    def bytes_per_sample(self, width: int, height: int) -> int:
        factor: int = self.pipe.vae_scale_factor
        tokens = (width // factor) * (height // factor) // int(getattr(self.network.config, "patch_size", 1)) ** 2
        widest: int = max(max(weight.shape) for weight in self.network.parameters() if weight.ndim == 2)
        size: int = self.network.dtype.itemsize
        return 2 * PEAK * tokens * widest * size  # with the prompt, and without

    def _load(self) -> None:
        self.pipe.to(self.device)

    def _unload(self) -> None:
        self.pipe.to("cpu")
        self.pipe.enable_model_cpu_offload(device=self.device)

    def _enter(self, part: Any) -> None:
        """The hooks do it when a network is called."""

    def _leave(self, part: Any) -> None:
        self.pipe.maybe_free_model_hooks()


class _Reached(Exception):
    """Raised out of a pipeline's call where it would draw its noise, with the arguments for that."""

    def __init__(self, arguments: dict[str, Any]):
        super().__init__("reached")
        self.arguments = arguments


class PipelineModel:
    """`models.base.Model` over a pipeline of which nothing is `introspection.missing`.

    Calls are made on shallow copies of the pipeline: they change its attributes (scheduler, guidance), and threads share its networks only.
    """

    supports_partial_denoising = False
    mixes_guidance = False
    guides_twice = False  # what its guidance costs, only its own call knows
    safety: Safety | None = None

    def __init__(self, origin: Origin, pipe: Any, device: str, batch_size: int):
        self.name, self.fingerprint, self.extras, self.report = origin.name, origin.fingerprint, origin.extras, origin.report
        self.pipe, self.device, self.kind = pipe, torch.device(device), type(pipe).__name__
        self.network, self.guidance = introspection.denoiser(pipe), introspection.guidance_parameter(pipe)
        self.parameters = introspection.parameters(pipe.__call__)
        vae = adapted(pipe.vae)
        self.memory = PipelineMemory(origin, pipe, vae, self.device)
        self.memory.place()
        self.autoencoder = Vae(vae, self.memory, Float32Fallback(self.name, self.report))
        self.text = PipelineText(pipe, self.memory, origin.tokens)
        self.empty = self.embed("")
        self.noise_arguments = lru_cache(SIZES)(self._noise_arguments)
        size = self.noise_arguments(self.parameters["width"].default, self.parameters["height"].default)
        self.packs = self._drawn(torch.Generator(), size).ndim == 3
        self._check_latents(size)
        self.defaults = Defaults(origin.steps, origin.guidance, samplers.OWN, size["width"], size["height"])
        self.numerics = numerics(self.device, self.network.dtype, batch_size)

    def compile(self, report: Report) -> None:
        """Raises AnimateError: what its call runs is not known here."""
        raise AnimateError(f"{self.name} is drawn by its pipeline's own call, which is not compiled; leave --compile out")

    def _check_latents(self, size: Mapping[str, Any]) -> None:
        """Raises AnimateError if the VAE cannot decode what the call makes."""
        if self.packs and not hasattr(self.pipe, "_unpack_latents"):
            raise self._refused("be animated: its latents are packed, and it has no _unpack_latents")
        shape, config = tuple(self.noise(0, size["width"], size["height"]).shape[1:]), self.pipe.vae.config
        channels = getattr(config, "latent_channels", None) or config.z_dim
        if len(shape) != 3 or shape[0] != channels:
            raise self._refused(f"be animated: its latents are {shape}, and its VAE decodes ({channels}, h, w)")

    def _refused(self, reason: str) -> AnimateError:
        return AnimateError(f"{self.name}: a {self.kind} cannot {reason}")

    def embed(self, prompt: str, count: int = 1, negative: bool = False, plain: bool = False) -> Conditioning:
        """Tensors under the names that the call has for them. Every prompt is read plainly."""
        return MaskedConditioning(self.text.encode(prompt, negative))

    def noise(self, seed: int, width: int, height: int, count: int = 1) -> Tensor:
        """As the pipeline draws it with this generator, before it scales it."""
        generator = torch.Generator("cpu").manual_seed(seed)
        drawn = [self._drawn(generator, self.noise_arguments(width, height)) for _ in range(count)]
        noise = torch.cat([self._unpacked(one, width, height) for one in drawn])
        high, wide = (side * self.pipe.vae_scale_factor for side in noise.shape[-2:])
        if (wide, high) != (width, height):
            raise self._refused(f"draw this: {width} x {height} would become {wide} x {high}; use that size")
        return noise

    def _noise_arguments(self, width: int | None, height: int | None) -> dict[str, Any]:
        """What the call passes to its `prepare_latents`, by name. None: the size that it takes by default."""
        signature = inspect.signature(self.pipe.prepare_latents)

        def reached(*args: Any, **kwargs: Any) -> NoReturn:
            raise _Reached(signature.bind(*args, **kwargs).arguments)

        pipe, one = copy.copy(self.pipe), Conditioning.batch([self.empty])
        pipe.prepare_latents = reached
        try:
            self._call(pipe, one, one, {self.guidance: 1.0, "num_inference_steps": 1, "latents": None, "width": width, "height": height})
        except _Reached as call:
            return call.arguments
        except (ValueError, TypeError) as error:
            raise self._refused(f"draw this: {one_line(error, 200)}") from error
        raise self._refused("be animated: its call draws no noise by its prepare_latents")

    def _drawn(self, generator: torch.Generator, arguments: dict[str, Any]) -> Tensor:
        """Unit noise for one image, packed or not."""
        arguments = arguments | {"dtype": torch.float32, "device": torch.device("cpu"), "generator": generator, "latents": None}
        drawn = _latents(self.pipe.prepare_latents(**arguments))
        scaled = _latents(self.pipe.prepare_latents(**(arguments | {"latents": torch.ones_like(drawn)})))
        return drawn / scaled

    def _unpacked(self, latents: Tensor, width: int, height: int) -> Tensor:
        """(B, tokens, width) -> (B, C, h, w), where the family packs; without the time axis of those whose VAE is made for video."""
        unpacked: Tensor = self.pipe._unpack_latents(latents, height, width, self.pipe.vae_scale_factor) if self.packs else latents
        return unpacked[:, :, 0] if unpacked.ndim == 5 and self.packs else unpacked

    @torch.inference_mode()
    def denoise(
        self, latents: Tensor, noise: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising,
        on_step: Callable[[], object] = nothing, features: Features | None = None,
    ) -> Tensor:  # fmt: skip
        if how.start or how.ends != (how.steps,):
            raise self._only_whole()
        height, width = (side * self.pipe.vae_scale_factor for side in latents.shape[-2:])
        packed = self.pipe._pack_latents(latents, *latents.shape) if self.packs else latents
        x = packed.to(self.device, self.noise_arguments(width, height)["dtype"])
        arguments = {"num_inference_steps": how.steps, "width": width, "height": height} | _callbacks(on_step)
        clean = torch.empty_like(packed)
        with self.memory.at_work(self.pipe):
            for scale in dict.fromkeys(guidance.tolist()):  # the call takes one for all its samples
                slots = (guidance == scale).nonzero()[:, 0]
                towards, away = (Conditioning({name: t[slots] for name, t in text.tensors.items()}) for text in (positive, negative))
                asked = {self.guidance: scale, "latents": x[slots.to(x.device)], **arguments}
                clean[slots] = self._call(copy.copy(self.pipe), towards, away, asked).float().cpu()
        return self._unpacked(clean, width, height)[:, None]

    def _call(self, pipe: Any, positive: Conditioning, negative: Conditioning, arguments: dict[str, Any]) -> Tensor:
        """The call of a copy of the pipeline, up to clean latents. arguments: those of them that the call has are passed."""
        pipe.scheduler = type(self.pipe.scheduler).from_config(self.pipe.scheduler.config)  # it keeps state
        fixed = {"prompt": None, "negative_prompt": None, "use_resolution_binning": False, "output_type": "latent", "return_dict": False}
        for conditioning, prefix in ((positive, ""), (negative, "negative_")):
            arguments = arguments | self.text.call_inputs(conditioning.tensors, prefix, self.network.dtype)
        with quiet():
            latents: Tensor = pipe(**{name: value for name, value in (arguments | fixed).items() if name in self.parameters})[0]
        return latents

    def renoise(self, clean: Tensor, noise: Tensor, how: Denoising) -> Tensor:
        raise self._only_whole()

    def _only_whole(self) -> AnimateError:
        reason = f"a {self.kind} begins with noise, and goes on to the end; leave images, sharing and feedback out"
        return AnimateError(f"{self.name}: {reason}, or use a Stable Diffusion 1, 2 or XL")

    def decode(self, latents: Tensor) -> Images:
        return self.autoencoder.decode(latents)

    def encode(self, images: Images, noise: Tensor | None = None) -> Tensor:
        return self.autoencoder.encode(images, noise)


def _latents(prepared: Any) -> Tensor:
    """What `prepare_latents` returns; some give the tokens' positions beside the latents."""
    latents: Tensor = prepared[0] if isinstance(prepared, tuple) else prepared
    return latents


def _callbacks(on_step: Callable[[], object]) -> dict[str, Any]:
    """Under both names that pipelines have for it. The newer takes a dict of tensors to replace: none."""

    def on_step_end(*_: object) -> dict[str, Tensor]:
        on_step()
        return {}

    return {"callback_on_step_end": on_step_end, "callback": on_step_end}


def _suits(pipe: Any) -> dict[str, Any]:
    """Steps and guidance that a pipeline's call has for defaults."""
    call = introspection.parameters(pipe.__call__)
    return {"steps": call["num_inference_steps"].default, "guidance": float(call[introspection.guidance_parameter(pipe)].default)}


FAMILY = Family("pipeline", introspection.missing, PipelineModel, _suits)

"""Every other text-to-image pipeline of diffusers (Stable Diffusion 3, Flux, PixArt, Sana, Lumina ...), through its own `__call__`.

What the families disagree on is asked of the pipeline itself: which tensors a prompt becomes (the names that `encode_prompt`
returns), which of them `__call__` takes (its signature), and how noise is shaped (its `prepare_latents`). Latents are
(C, h, w) everywhere outside the call, also where the family packs them into tokens.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NoReturn

import diffusers
import torch
import transformers
from torch import Tensor

from ...blend import lerp
from ...errors import AnimateError
from .. import memory
from ..base import Conditioning, Defaults, Denoising, Images, Numerics, Origin
from ..parts import samplers
from ..parts.precision import Float32Fallback
from ..parts.vae import Pictures
from ..quiet import quiet
from .unet import hardware

# A transformer's peak for one token, in vectors as wide as its widest layer: what goes through the block and its parts. Estimated.
PEAK = 6
SIZES = 64  # sizes of pictures whose shape of noise is kept
DRAWING = re.compile("Ancestral|SDE|LCM|TCD|DDPM|SCM")  # schedulers that draw noise at every step


def check(name: str, pipe: Any) -> None:
    """Raises AnimateError for a pipeline that cannot be animated: what is missing of it."""
    if missing := lacks(pipe):
        told = f"{name}: a {type(pipe).__name__} cannot be animated: {missing}"
        raise AnimateError(f"{told}; use a text-to-image model, such as Stable Diffusion 1, 2, 3, XL, Flux or PixArt")


def lacks(pipe: Any) -> str:
    """The first thing that a pipeline lacks to be animated, in words; "" for nothing."""
    absent = [part for part in ("encode_prompt", "prepare_latents", "vae", "scheduler") if getattr(pipe, part, None) is None]
    if absent:
        return f"it has no {absent[0]}"
    if _core(pipe) is None:
        return "it has neither a transformer nor a unet"
    takes, makes = _takes(pipe.__call__), returned(pipe)
    needed = [name for name, what in takes.items() if name == "image" or (what.default is what.empty and name != "prompt")]
    if needed:
        return f"it draws from {needed[0]} and not from a prompt alone"
    if "latents" not in takes:
        return "it takes no latents, so its noise cannot be blended"
    unsaid = [name for name in ("width", "height", "num_inference_steps", _guidance(pipe)) if name not in takes]
    if unsaid:
        return f"it takes no {unsaid[0]}"
    if "num_frames" in takes:
        return "it makes films of its own, not pictures"
    wanted = [name for name in takes if re.match(r"(pooled_)?prompt_.*(embeds|mask|seqlens)", name) and name not in makes]
    if wanted or not any("embeds" in name for name in makes if name in takes):
        return f"its encode_prompt does not say how to make {(wanted or ['prompt_embeds'])[0]}, so its prompts cannot be blended"
    config, scheduler = pipe.scheduler.config, type(pipe.scheduler).__name__
    if DRAWING.search(scheduler) or config.get("stochastic_sampling") or str(config.get("algorithm_type")).startswith("sde"):
        return f"its sampler, {scheduler}, draws noise at every step and takes none, so films would flicker"
    return ""


def suits(pipe: Any) -> dict[str, Any]:
    """Steps and guidance that a pipeline's call has for defaults."""
    takes = _takes(pipe.__call__)
    return {"steps": takes["num_inference_steps"].default, "guidance": float(takes[_guidance(pipe)].default)}


def returned(pipe: Any) -> list[str]:
    """The names of what `encode_prompt` returns, as its last `return` has them: families differ in their order and number."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(type(pipe).encode_prompt))))
    last = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)][-1]
    values = last.elts if isinstance(last, ast.Tuple) else [last]
    plain = [value.body if isinstance(value, ast.IfExp) else value for value in values if value]
    return [next((part.id for part in ast.walk(value) if isinstance(part, ast.Name)), "") for value in plain]


def _takes(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Its parameters by name, without a collective **kwargs."""
    return {name: what for name, what in inspect.signature(function).parameters.items() if what.kind != what.VAR_KEYWORD}


def _guidance(pipe: Any) -> str:
    """What the call names the scale of classifier-free guidance; distilled models are told one instead."""
    distilled = getattr(_core(pipe).config, "guidance_embeds", False)
    return "true_cfg_scale" if "true_cfg_scale" in _takes(pipe.__call__) and not distilled else "guidance_scale"


def _core(pipe: Any) -> Any:
    """The network that denoises."""
    return getattr(pipe, "transformer", None) or getattr(pipe, "unet", None)


@dataclass(frozen=True)
class Prompt(Conditioning):
    """Tensors of one prompt under the names that the call has for them; some are masks of others: (tokens,), 1 for what is read."""

    def blend(self, other: Conditioning, mix: float) -> Conditioning:
        """On a line; read is what either end reads. There the shorter end says its own tokens again: padding was never meant to be read."""
        if mix in (0.0, 1.0):
            return other if mix else self
        a, b = _lengthened(self.tensors, other.tensors), _lengthened(other.tensors, self.tensors)
        return Prompt({name: torch.maximum(t, b[name]) if _is_mask(name) else lerp(t, b[name], mix) for name, t in a.items()})


def _is_mask(name: str) -> bool:
    return "mask" in name


def _of_mask(name: str) -> str:
    """The name of the tensor that a mask belongs to."""
    return re.sub("_attention_mask|_embeds_mask", "_embeds", name)


def _lengthened(mine: dict[str, Tensor], theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """One prompt's tensors, with its own tokens repeated where only the other's mask reads."""
    made = dict(mine)
    for name in filter(_is_mask, mine):
        read, tokens = mine[name].bool(), mine[_of_mask(name)]
        free = theirs[name].bool() & ~read
        again = torch.arange(int(free.sum())) % int(read.sum())
        made[_of_mask(name)] = tokens.index_put((free,), tokens[read][again])
    return made


class _Reached(Exception):
    """Thrown out of a pipeline's call where it would draw its noise, with what it would draw it by."""

    def __init__(self, arguments: dict[str, Any]):
        super().__init__("reached")
        self.arguments = arguments


class PipelineModel:
    """`models.base.Model` over a pipeline that `lacks` nothing."""

    supports_partial_denoising = False

    def __init__(self, origin: Origin, pipe: Any, device: str, batch_size: int):
        self.name, self.fingerprint, self.extras = origin.name, origin.fingerprint, origin.extras
        self.pipe, self.device, self.core = pipe, torch.device(device), _core(pipe)
        self.kind = type(pipe).__name__
        self.takes, self.makes, self.guidance = _takes(pipe.__call__), returned(pipe), _guidance(pipe)
        self.reads = _takes(pipe.encode_prompt)
        self.prepare = pipe.prepare_latents
        own: int | None = {name: what.default for name, what in {**self.reads, **self.takes}.items()}.get("max_sequence_length")
        self.longest = origin.tokens or own
        self.offloaded = False
        self._move()
        self.pictures = Pictures(self.name, _plain(pipe.vae), self.device, Float32Fallback(self.name))
        self.lists: set[str] = set()  # names of what the call takes as a list of prompts of unequal lengths
        self.shapes: dict[str, torch.Size] = {}  # of a prompt's tensors; those of the first hold for all
        self.silence = self.embed("")
        self.asked = lru_cache(SIZES)(self._asked)
        size = self.asked(self.takes["width"].default, self.takes["height"].default)
        self.packs = self._drawn(torch.Generator(), size).ndim == 3
        self._fits(size)
        self.defaults = Defaults(origin.steps, origin.guidance, samplers.OWN, size["width"], size["height"])
        made = (torch.__version__, diffusers.__version__, transformers.__version__)
        dtype = str(self.core.dtype).removeprefix("torch.")
        self.numerics = Numerics(str(self.device), hardware(self.device), dtype, batch_size, *made)

    def _move(self) -> None:
        """All parts onto the device; where it has no room for all, they take turns there."""
        try:
            self.pipe.to(self.device)
        except RuntimeError as error:
            if not memory.out_of_memory(error) or not self.offload():
                raise
            memory.tell_of_turns(self.name, self.device)

    def offload(self) -> bool:
        if self.offloaded or self.device.type == "cpu":
            return False
        self.offloaded = True
        self.pipe.to("cpu")
        memory.give_back()
        self.pipe.enable_model_cpu_offload(device=self.device)
        return True

    def _fits(self, size: Mapping[str, Any]) -> None:
        """Raises AnimateError if the VAE cannot decode what the call makes."""
        if self.packs and not hasattr(self.pipe, "_unpack_latents"):
            raise AnimateError(f"{self.name}: a {self.kind} cannot be animated: its latents are packed, and it has no _unpack_latents")
        shape, config = tuple(self.noise(0, size["width"], size["height"]).shape[1:]), self.pipe.vae.config
        channels = getattr(config, "latent_channels", None) or config.z_dim
        if len(shape) != 3 or shape[0] != channels:
            raise AnimateError(f"{self.name}: a {self.kind} cannot be animated: its latents are {shape}, and its VAE decodes ({channels}, h, w)")

    def chunks(self, prompt: str) -> int:
        return 1

    @torch.inference_mode()
    def embed(self, prompt: str, count: int = 1, negative: bool = False) -> Conditioning:
        """What the call takes of what `encode_prompt` gives, by the name it has for a prompt that is not negative."""
        asked = {name: self.takes[name].default for name in self.reads if name in self.takes}
        both = negative and "negative_prompt" in self.reads  # some treat it otherwise than a prompt
        asked |= {"prompt": [prompt], "device": self.device, "num_images_per_prompt": 1, "do_classifier_free_guidance": both}
        asked |= {"negative_prompt": [prompt] if both else None, "max_sequence_length": self.longest}
        with quiet():
            made = self.pipe.encode_prompt(**{name: value for name, value in asked.items() if name in self.reads})
        named = dict(zip(self.makes, made if isinstance(made, tuple) else (made,), strict=True))
        prefix = "negative_" if both else ""
        found = {name: named[prefix + name] for name in named if prefix + name in named and name in self.takes and "negative" not in name}
        return Prompt(self._single(found))

    def _single(self, found: dict[str, Any]) -> dict[str, Tensor]:
        """A batch of one -> that one, float32; what has a mask is as long as the longest prompt, so that all go into one batch."""
        self.lists |= {name for name, value in found.items() if isinstance(value, list)}
        batched = [name for name, value in found.items() if value is not None and len(value) != 1]
        if batched:
            raise AnimateError(f"{self.name}: a {self.kind} cannot be animated: its {batched[0]} are not one for a prompt; use another model")
        single = {name: value[0] for name, value in found.items() if value is not None}
        for name in [name for name in found if _is_mask(name)]:
            single.setdefault(name, torch.ones(len(single[_of_mask(name)]), dtype=torch.bool))
        single |= {f"{name}_mask": torch.ones(len(single[name]), dtype=torch.bool) for name in self.lists & single.keys()}
        masked = {name for name in single if _is_mask(name)} | {_of_mask(name) for name in single if _is_mask(name)}
        return {name: self._settled(name, tensor, name in masked) for name, tensor in single.items()}

    def _settled(self, name: str, tensor: Tensor, masked: bool) -> Tensor:
        made = tensor.cpu().float() if tensor.is_floating_point() else tensor.cpu()
        if masked and self.longest and len(made) < self.longest:
            made = torch.cat([made, made.new_zeros(self.longest - len(made), *made.shape[1:])])
        known = self.shapes.setdefault(name, made.shape)
        if made.shape != known:
            lengths = f"{len(made)} tokens, and {known[0]} for an empty one"
            raise AnimateError(f"{self.name}: a prompt is {lengths}; a {self.kind} takes no mask, so they cannot be blended: use another model")
        return made

    def prompt_warnings(self, prompts: Sequence[str]) -> list[str]:
        tokenizers = [getattr(self.pipe, name, None) for name in ("tokenizer_3", "tokenizer_2", "tokenizer")]
        tokenizer = next((one for one in tokenizers if one is not None), None)
        if tokenizer is None or self.longest is None:
            return []
        long = [prompt for prompt in prompts if len(tokenizer(prompt).input_ids) > self.longest]
        return [f'"{prompt[:40]}..." is longer than the {self.longest} tokens that {self.name} reads: shorten it' for prompt in long]

    def noise_draws(self, how: Denoising) -> int:
        return 0

    def noise(self, seed: int, width: int, height: int, count: int = 1) -> Tensor:
        """As the pipeline draws it with this generator, before it scales it."""
        generator = torch.Generator("cpu").manual_seed(seed)
        drawn = [self._drawn(generator, self.asked(width, height)) for _ in range(count)]
        made = torch.cat([self._unpacked(one, width, height) for one in drawn])
        high, wide = (side * self.pipe.vae_scale_factor for side in made.shape[-2:])
        if (wide, high) != (width, height):
            raise AnimateError(f"{self.name}: a {self.kind} cannot draw this: {width} x {height} would become {wide} x {high}; use that size")
        return made

    def _asked(self, width: int | None, height: int | None) -> dict[str, Any]:
        """What the call hands to its `prepare_latents`, by name; None: the size that it takes for itself."""

        def reached(*args: Any, **kwargs: Any) -> NoReturn:
            raise _Reached(inspect.signature(self.prepare).bind(*args, **kwargs).arguments)

        self.pipe.prepare_latents = reached
        try:
            one = Conditioning.batch([self.silence])
            self._call(one, one, guidance=1.0, steps=1, latents=None, width=width, height=height)
        except _Reached as found:
            return found.arguments
        except (ValueError, TypeError) as error:
            raise AnimateError(f"{self.name}: a {self.kind} cannot draw this: {' '.join(str(error).split())[:200]}") from error
        finally:
            del self.pipe.prepare_latents
        raise AnimateError(f"{self.name}: a {self.kind} cannot be animated: its call draws no noise by its prepare_latents")

    def _drawn(self, generator: torch.Generator, asked: dict[str, Any]) -> Tensor:
        """Unit noise for one picture, packed or not."""
        given = asked | {"dtype": torch.float32, "device": torch.device("cpu"), "generator": generator, "latents": None}
        drawn = self._first(self.prepare(**given))
        scaled = self._first(self.prepare(**(given | {"latents": torch.ones_like(drawn)})))
        return drawn / scaled

    @staticmethod
    def _first(made: Any) -> Tensor:
        """Some give the tokens' places beside the latents."""
        latents: Tensor = made[0] if isinstance(made, tuple) else made
        return latents

    def _unpacked(self, latents: Tensor, width: int, height: int) -> Tensor:
        """(B, tokens, width) -> (B, C, h, w), where the family packs; without the time of those whose VAE is made for films."""
        made: Tensor = self.pipe._unpack_latents(latents, height, width, self.pipe.vae_scale_factor) if self.packs else latents
        return made[:, :, 0] if made.ndim == 5 and self.packs else made

    @torch.inference_mode()
    def denoise(self, latents: Tensor, noise: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising) -> Tensor:
        if how.start or how.ends != (how.steps,):
            raise self._late()
        height, width = (side * self.pipe.vae_scale_factor for side in latents.shape[-2:])
        packed = self.pipe._pack_latents(latents, *latents.shape) if self.packs else latents
        x = packed.to(self.device, self.asked(width, height)["dtype"])
        settings = {"steps": how.steps, "latents": x, "width": width, "height": height}
        # The call takes one scale for a batch: as many calls as there are scales, and whole batches, for the bits.
        scales = guidance.tolist()
        made = {scale: self._call(positive, negative, guidance=scale, **settings).float().cpu() for scale in dict.fromkeys(scales)}
        return self._unpacked(torch.stack([made[scale][slot] for slot, scale in enumerate(scales)]), width, height)[:, None]

    def _call(
        self, positive: Conditioning, negative: Conditioning, *, guidance: float, steps: int, latents: Tensor | None, width: int | None,
        height: int | None,
    ) -> Tensor:  # fmt: skip
        """The pipeline's own call, up to clean latents."""
        self.pipe.scheduler = type(self.pipe.scheduler).from_config(self.pipe.scheduler.config)  # it keeps state
        given = {
            "prompt": None, "negative_prompt": None, self.guidance: guidance, "num_inference_steps": steps, "latents": latents,
            "width": width, "height": height, "use_resolution_binning": False, "output_type": "latent", "return_dict": False,
        } | self._inputs(positive, "") | self._inputs(negative, "negative_")  # fmt: skip
        with quiet():
            made: Tensor = self.pipe(**{name: value for name, value in given.items() if name in self.takes})[0]
        return made

    def _inputs(self, conditioning: Conditioning, prefix: str) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, tensor in conditioning.tensors.items():
            placed = tensor.to(self.device, self.core.dtype if tensor.is_floating_point() else tensor.dtype)
            if name in self.lists:
                given[prefix + name] = [row[read] for row, read in zip(placed, conditioning.tensors[f"{name}_mask"], strict=True)]
            else:
                given[prefix + name] = placed
        return given

    def bytes_per_sample(self, width: int, height: int) -> int:
        factor: int = self.pipe.vae_scale_factor
        tokens = (width // factor) * (height // factor) // int(getattr(self.core.config, "patch_size", 1)) ** 2
        widest: int = max(max(weight.shape) for weight in self.core.parameters() if weight.ndim == 2)
        size: int = self.core.dtype.itemsize
        return 2 * PEAK * tokens * widest * size  # with the prompt, and without

    def free_bytes(self) -> int | None:
        return memory.free(self.device)

    def renoise(self, clean: Tensor, noise: Tensor, how: Denoising) -> Tensor:
        raise self._late()

    def _late(self) -> AnimateError:
        told = f"{self.name}: a {self.kind} begins with noise, and goes on to the end; leave images, sharing and feedback out"
        return AnimateError(f"{told}, or use a Stable Diffusion 1, 2 or XL")

    def decode(self, latents: Tensor) -> Images:
        return self.pictures.decode(latents)

    def flagged(self, images: Images) -> list[bool]:
        return [False] * len(images)

    def encode(self, images: Images) -> Tensor:
        return self.pictures.encode(images)


def _plain(vae: Any) -> Any:
    """A VAE as `Pictures` takes it: (B, C, h, w) latents and one scale."""
    return vae if hasattr(vae.config, "block_out_channels") else Plain(vae)


class Plain:
    """Over the VAEs of other shapes: deeply compressing ones (AutoencoderDC), and those made for films, with a time and a scale per channel."""

    def __init__(self, vae: Any):
        self.vae, config = vae, vae.config
        self.film = hasattr(config, "z_dim")
        levels = len(config.dim_mult) if self.film else len(config.decoder_block_out_channels)
        self.config = SimpleNamespace(scaling_factor=getattr(config, "scaling_factor", 1.0), block_out_channels=(1,) * levels)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.vae, name)

    def _spread(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and spread of every channel of the latents."""
        config = self.vae.config
        mean, std = (torch.tensor(values, dtype=x.dtype, device=x.device)[:, None, None] for values in (config.latents_mean, config.latents_std))
        return mean, std

    def decode(self, x: Tensor) -> Any:
        if not self.film:
            return self.vae.decode(x)
        mean, std = self._spread(x)
        return SimpleNamespace(sample=self.vae.decode((x * std + mean)[:, :, None]).sample[:, :, 0])

    def encode(self, x: Tensor) -> Any:
        if not self.film:
            return SimpleNamespace(latents=self.vae.encode(x).latent)
        mean, std = self._spread(x)
        return SimpleNamespace(latents=(self.vae.encode(x[:, :, None]).latent_dist.mode()[:, :, 0] - mean) / std)

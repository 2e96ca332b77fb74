"""From what a user calls a model to a loaded one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import AnimateError
from . import catalog, loading, vocabulary

if TYPE_CHECKING:
    from .base import Model

SLOTS = {"cuda": 8, "mps": 4, "cpu": 4}  # a CPU is about 1.5 times faster a sample in batches of 4 than alone


def load_model(
    name: str | None = None,
    device: str = "auto",
    dtype: str = "auto",
    slots: int | None = None,
    *,
    loras: Sequence[str] = (),
    vae: str | None = None,
    embeddings: Sequence[str] = (),
    safety: bool = True,
    say: Callable[[str], object] = loading.to_stderr,
) -> Model:
    """Load a text-to-image model.

    name    of `animate models` ("sprout", "sd15"), a folder in diffusers' format, a .ckpt or .safetensors file, or a hub id
            ("stable-diffusion-v1-5/stable-diffusion-v1-5"); left out: ANIMATE_MODEL, the one in the file of settings, or sprout
    device  "auto" (CUDA, then MPS, then CPU) or any name torch knows
    dtype   "auto" (float16 on CUDA, else float32), "float32", "float16" or "bfloat16"
    slots   cels in one batch; left out: what suits the device
    loras, vae, embeddings    as in `extras.Extras`
    safety  whether pictures are checked where the model has a safety checker
    say     is told of downloads, a line each

    Raises AnimateError if there is no such model, or it is of no family that can be animated.
    """
    from . import pipeline
    from .extras import Extras, put_on
    from .fingerprint import joined

    name, entry = catalog.resolve(name or catalog.default())
    device = pick_device(device)
    loaded = loading.load(name, entry, pick_dtype(dtype, device), say)
    pipe, extras = loaded.pipe, Extras(tuple(loras), vae, tuple(embeddings))
    if other := not _of_unets(pipe):
        pipeline.check(name, pipe)
        if extras.told:
            raise AnimateError(f"{name}: {extras.told[0]} cannot be put on a {type(pipe).__name__}; leave it out, or use Stable Diffusion 1, 2 or XL")
    if not safety:
        pipe.safety_checker = None
    more = put_on(pipe, extras)
    from .base import Origin
    from .memory import out_of_memory
    from .unet import UNetModel

    suits: dict[str, Any] = pipeline.suits(pipe) if other else {}
    if entry:
        suits = {"steps": entry.steps, "guidance": entry.guidance, "sampler": entry.sampler}
    words = vocabulary.read(loaded.folder) if loaded.folder else None
    print_ = joined([loaded.fingerprint, more]) if more else loaded.fingerprint
    origin = Origin(name, print_, vocabulary=words, extras=extras.told, **suits)
    try:
        return (pipeline.PipelineModel if other else UNetModel)(origin, pipe, device, slots or SLOTS[device.split(":")[0]])
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise AnimateError(f"{name} does not fit into the memory of {device}; use --dtype float16, or --device cpu") from error


def _of_unets(pipe: Any) -> bool:
    """Whether it is of the kind of Stable Diffusion 1, 2 or XL: CLIP's text encoders, and a UNet that takes the VAE's latents and no more."""
    missing = [part for part in ("tokenizer", "text_encoder", "unet", "vae", "scheduler") if getattr(pipe, part, None) is None]
    third = hasattr(pipe, "text_encoder_3") or (hasattr(pipe, "text_encoder_2") and pipe.text_encoder_2 is None)
    if missing or third or not type(pipe.text_encoder).__name__.startswith("CLIP"):
        return False
    fits: bool = pipe.unet.config.in_channels == pipe.vae.config.latent_channels
    return fits


def pick_device(name: str) -> str:
    """A device that is here: "auto" takes CUDA, then MPS, then the CPU. Raises AnimateError."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        if torch.device(name).type not in SLOTS:
            raise RuntimeError("no device that can draw")
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise AnimateError(f'device "{name}" is not here ({str(error).splitlines()[0]}); allowed: auto, cpu, cuda, mps') from error
    return name


def pick_dtype(name: str, device: str) -> Any:
    """A torch dtype: "auto" takes float16 on CUDA, float32 elsewhere. Raises AnimateError."""
    import torch

    allowed = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    if name == "auto":
        return torch.float16 if device.startswith("cuda") else torch.float32
    if name not in allowed:
        raise AnimateError(f'dtype "{name}" is not known; allowed: auto, {", ".join(allowed)}')
    return allowed[name]

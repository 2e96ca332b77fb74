"""From what a user calls a model to a loaded one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import AnimateError
from .parts import vocabulary
from .weights import catalog, loading

if TYPE_CHECKING:
    from .base import Model, Origin
    from .weights.catalog import Entry
    from .weights.extras import Extras

    Family = Callable[[Origin, Any, str, int], Model]

BATCH_SIZES = {"cuda": 8, "mps": 4, "cpu": 4}  # a CPU is about 1.5 times faster a sample in batches of 4 than alone
HALF = re.compile("StableDiffusion(?!3)|LatentConsistency")  # classes of pipelines that were made for float16
LARGE = 10**9  # bytes of weights: of Stable Diffusion 1 and larger


def load_model(
    name: str | None = None,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int | None = None,
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
    dtype   "auto" (as `pick_dtype` has it), "float32", "float16" or "bfloat16"
    batch_size   cels in one batch; left out: what suits the device
    loras, vae, embeddings    as in `extras.Extras`
    safety  whether pictures are checked where the model has a safety checker
    say     is told of downloads, and of the words of embeddings that nobody named, a line each

    Raises AnimateError if there is no such model, or it is of no family that can be animated.
    """
    from .weights.extras import Extras, put_on

    name, entry = catalog.resolve(name or catalog.default())
    device, extras = pick_device(device), Extras(tuple(loras), vae, tuple(embeddings))
    pick_dtype(dtype, device)  # one that is not known is refused before anything is fetched
    loaded = loading.load(name, entry, partial(pick_dtype, dtype, device), say)
    family = _family(name, loaded.pipe, extras)
    if not safety:
        loaded.pipe.safety_checker = None
    origin = _origin(name, entry, loaded, extras, put_on(loaded.pipe, extras, say))
    return _placed(family, origin, loaded.pipe, device, batch_size)


def _family(name: str, pipe: Any, extras: Extras) -> Family:
    """What draws with a pipeline. Raises AnimateError if nothing does, or not with these extras."""
    from .families import pipeline
    from .families.unet import UNetModel

    if _of_unets(pipe):
        return UNetModel
    pipeline.check(name, pipe)
    if extras.told:
        raise AnimateError(f"{name}: {extras.told[0]} cannot be put on a {type(pipe).__name__}; leave it out, or use Stable Diffusion 1, 2 or XL")
    return pipeline.PipelineModel


def _origin(name: str, entry: Entry | None, loaded: loading.Loaded, extras: Extras, digest: str) -> Origin:
    """digest: of the extras that were put on it, "" for none."""
    from .base import Origin
    from .families import pipeline
    from .weights.fingerprint import joined

    suits: dict[str, Any] = {} if _of_unets(loaded.pipe) else pipeline.suits(loaded.pipe)
    if entry:
        suits = {"steps": entry.steps, "guidance": entry.guidance, "sampler": entry.sampler, "tokens": entry.tokens}
    words = vocabulary.read(loaded.folder) if loaded.folder else None
    print_ = joined([loaded.fingerprint, digest]) if digest else loaded.fingerprint
    return Origin(name, print_, vocabulary=words, extras=extras.told, **suits)


def _placed(family: Family, origin: Origin, pipe: Any, device: str, batch_size: int | None) -> Model:
    from .memory import out_of_memory

    try:
        return family(origin, pipe, device, batch_size or BATCH_SIZES[device.split(":")[0]])
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise AnimateError(f"{origin.name} does not fit into the memory of {device}; use --dtype float16, or --device cpu") from error


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
        if torch.device(name).type not in BATCH_SIZES:
            raise RuntimeError("no device that can draw")
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise AnimateError(f'device "{name}" is not here ({str(error).splitlines()[0]}); allowed: auto, cpu, cuda, mps') from error
    return name


def pick_dtype(name: str, device: str, kind: str = "", size: int = 0) -> Any:
    """The torch dtype for a pipeline of the class `kind` with `size` bytes of weights. Raises AnimateError for a name that is not known.

    "auto" takes on CUDA float16 for Stable Diffusion 1, 2 and XL, and for every other family bfloat16: they were trained in it, and
    overflow in float16. On a CPU it takes float32; but bfloat16 for what is LARGE where the CPU multiplies matrices of it (AMX).

    Measured on one core of such a CPU: Stable Diffusion 1's UNet and VAE take 4.2 and 4.1 s in float32, 1.2 and 0.7 s in bfloat16 (two
    samples of 256 pixels). Without AMX, though with the instructions avx512_bf16, they take 5.1 and 6.9 s. sprout draws a film in 1.7 s
    instead of 3.1 s, with pictures that differ by 0.5 grey levels (14 at most); but then a picture depends on how many are drawn
    with it (by 12 levels at most, and not 1), which is not worth a second.
    """
    import torch

    allowed = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    if name != "auto":
        if name not in allowed:
            raise AnimateError(f'dtype "{name}" is not known; allowed: auto, {", ".join(allowed)}')
        return allowed[name]
    if device.startswith("cuda"):
        return torch.float16 if HALF.match(kind) else torch.bfloat16
    pays = device == "cpu" and size > LARGE and torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if pays else torch.float32

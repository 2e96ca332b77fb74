"""From what a user calls a model to a loaded one."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AnimateError
from . import fingerprint, vocabulary
from .catalog import CATALOG, DEFAULT

if TYPE_CHECKING:
    from .base import Model

SLOTS = {"cuda": 8, "mps": 4, "cpu": 4}  # a CPU is about 1.5 times faster a sample in batches of 4 than alone


def load_model(name: str = DEFAULT, device: str = "auto", dtype: str = "auto", slots: int | None = None) -> Model:
    """Load a text-to-image model.

    name    "sprout", a folder in diffusers' format, or a hub id ("stable-diffusion-v1-5/stable-diffusion-v1-5")
    device  "auto" (CUDA, then MPS, then CPU) or any name torch knows
    dtype   "auto" (float16 on CUDA, else float32), "float32", "float16" or "bfloat16"
    slots   cels in one batch; left out: what suits the device

    Raises AnimateError if there is no such model, or it is of no family that can be animated.
    """
    entry = CATALOG.get(name)
    where = entry.where if entry else name
    device = pick_device(device)
    pipe = _pipeline(name, where, pick_dtype(dtype, device))
    missing = [part for part in ("tokenizer", "text_encoder", "unet", "vae", "scheduler") if getattr(pipe, part, None) is None]
    if missing or hasattr(pipe, "text_encoder_2") or pipe.unet.config.in_channels != pipe.vae.config.latent_channels:
        raise AnimateError(f"{name}: a {type(pipe).__name__} cannot be animated; use a model of the kind of Stable Diffusion 1 or 2")
    from .base import Origin
    from .memory import out_of_memory
    from .unet import UNetModel

    folder = _folder(where)
    settings: dict[str, Any] = {"steps": entry.steps, "guidance": entry.guidance} if entry else {}
    origin = Origin(name, fingerprint.of_folder(folder), vocabulary=vocabulary.read(folder), **settings)
    try:
        return UNetModel(origin, pipe, device, slots or SLOTS[device.split(":")[0]])
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise AnimateError(f"{name} does not fit into the memory of {device}; use --dtype float16, or --device cpu") from error


def _folder(where: str) -> Path:
    """Where a loaded model's files lie: a folder, or a snapshot of the hub."""
    from huggingface_hub import try_to_load_from_cache

    folder = Path(where).expanduser()
    if folder.is_dir():
        return folder
    index = try_to_load_from_cache(where, "model_index.json")
    if not isinstance(index, str):
        raise AnimateError(f"model {where} was loaded, and its files are not in the cache; set HF_HOME to a folder that can be written to")
    return Path(index).parent


def _pipeline(name: str, where: str, dtype: Any) -> Any:
    from diffusers import DiffusionPipeline
    from diffusers.utils import logging
    from safetensors import SafetensorError

    local = Path(where).expanduser().is_dir()
    if local and not (Path(where).expanduser() / "model_index.json").is_file():
        raise AnimateError(f"{name}: a folder without model_index.json; give one in diffusers' format")
    if not local and (where.startswith((".", "/", "~")) or where.count("/") != 1):
        raise AnimateError(
            f'model "{name}" is not known; allowed: {", ".join(CATALOG)}, a folder in diffusers\' format, or a hub id like "owner/name"'
        )
    # It warns of sprout's AutoencoderTiny, which its type hints do not expect and its code does; errors are raised anyway.
    loud = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        pipe = DiffusionPipeline.from_pretrained(
            str(Path(where).expanduser()) if local else where,
            dtype=dtype,
            local_files_only=local,
            low_cpu_mem_usage=find_spec("accelerate") is not None,  # asked for without it, diffusers complains
        )
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        first = " ".join(str(error).split())[:300]
        raise AnimateError(f"model {name} cannot be loaded: {first}") from error
    finally:
        logging.set_verbosity(loud)
    pipe.set_progress_bar_config(disable=True)
    return pipe


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

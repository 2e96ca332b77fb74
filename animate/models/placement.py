"""Where a model runs: its device, dtype and batch size, and the `Numerics` that they make together. Knows no family."""

from __future__ import annotations

import platform
import re
from ctypes import CDLL
from importlib.metadata import version
from numbers import Integral
from typing import TYPE_CHECKING, Any

from ..errors import AnimateError, counted, did_you_mean, one_line

if TYPE_CHECKING:
    import torch

    from .base import Numerics

BATCH_SIZES = {"cuda": 8, "mps": 4, "cpu": 4}  # a CPU is about 1.5 times faster a sample in batches of 4 than alone
LARGEST_BATCH = 256  # pictures; more at once are no faster on any device
EAGER, COMPILED = "eager", "compiled"  # kernels: as torch runs them one by one, or compiled into fewer
DTYPES = ("float32", "float16", "bfloat16")
# What people call them elsewhere.
OTHER_DEVICES = {"cuda": "cuda", "gpu": "cuda", "nvidia": "cuda", "rocm": "cuda", "mps": "mps", "metal": "mps", "apple": "mps", "cpu": "cpu"}
OTHER_DTYPES = {name: name for name in DTYPES} | {"fp32": "float32", "float": "float32", "fp16": "float16", "half": "float16", "bf16": "bfloat16"}
HALF = re.compile("StableDiffusion(?!3)|LatentConsistency")  # classes of pipelines that were made for float16
LARGE = 10**9  # bytes of weights: of Stable Diffusion 1 and larger


def check(device: str, dtype: str) -> None:
    """Raises AnimateError for names that cannot be used here, as far as that is known without loading torch, which takes seconds."""
    device, dtype = (one if isinstance(one, str) else one_line(repr(one), 60) for one in (device, dtype))  # from Python, it may be anything
    if not re.fullmatch(r"auto|(?:cuda|mps|cpu)(?::\d{1,3})?", device):
        raise AnimateError(f'device "{device}" is not known; allowed: auto, cuda, cuda:1, mps, cpu{_other_name(device)}')
    if device.startswith("cuda") and not has_driver():
        raise AnimateError(f'device "{device}" is not here: this machine has no NVIDIA driver; use --device auto')
    if device.startswith("mps") and platform.system() != "Darwin":
        raise AnimateError(f'device "{device}" is not here: only Macs have it; use --device auto')
    if dtype not in ("auto", *DTYPES):
        raise AnimateError(f'dtype "{dtype}" is not known; allowed: auto, {", ".join(DTYPES)}{did_you_mean(dtype, OTHER_DTYPES, OTHER_DTYPES)}')


def check_batch_size(size: Any) -> None:
    """Raises AnimateError for anything but a whole number that a batch can have. Python takes True for 1."""
    if isinstance(size, bool) or not isinstance(size, Integral) or not 1 <= size <= LARGEST_BATCH:  # type: ignore[operator]
        raise AnimateError(f"batch size {one_line(repr(size), 60)}; allowed: a whole number from 1 to {LARGEST_BATCH}, a power of two best")


def _other_name(device: str) -> str:
    return did_you_mean(device, OTHER_DEVICES, OTHER_DEVICES)


def has_driver() -> bool:
    """Whether there is a driver that torch's "cuda" runs on; AMD's (ROCm) is part of its torch."""
    if "rocm" in version("torch"):
        return True
    try:
        CDLL("nvcuda.dll" if platform.system() == "Windows" else "libcuda.so.1")
    except OSError:
        return False
    return True


def pick_device(name: str) -> str:
    """A device that is here: "auto" takes CUDA, then MPS, then the CPU. Raises AnimateError."""
    check(name, "auto")
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise AnimateError(f'device "{name}" is not here ({str(error).splitlines()[0]}); use --device auto') from error
    return name


def pick_dtype(name: str, device: str, kind: str = "", size: int = 0) -> torch.dtype:
    """The dtype for a pipeline of the class `kind` with `size` bytes of weights. Raises AnimateError for a name that is not known.

    "auto" takes on CUDA float16 for Stable Diffusion 1, 2 and XL, and for every other family bfloat16: they were trained in it, and
    overflow in float16. On a CPU it takes float32; but bfloat16 for what is LARGE where the CPU multiplies matrices of it (AMX).

    Measured on one core of such a CPU: Stable Diffusion 1's UNet and VAE take 4.2 and 4.1 s in float32, 1.2 and 0.7 s in bfloat16 (two
    samples of 256 pixels). Without AMX, though with the instructions avx512_bf16, they take 5.1 and 6.9 s. sprout draws a film in 1.7 s
    instead of 3.1 s, with images that differ by 0.5 grey levels (14 at most); but then an image depends on how many are drawn
    with it (by 12 levels at most, and not 1), which is not worth a second.
    """
    check("auto", name)
    import torch

    if name != "auto":
        dtype: torch.dtype = getattr(torch, name)
        return dtype
    if device.startswith("cuda"):
        return torch.float16 if HALF.match(kind) else torch.bfloat16
    pays = device == "cpu" and size > LARGE and torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if pays else torch.float32


def hardware(device: torch.device) -> str:
    """What decides the last bits of a sum: the GPU, or the CPU's instructions and how many threads share the work."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}, {counted(torch.get_num_threads(), 'thread')}"


def numerics(device: torch.device, dtype: torch.dtype, batch_size: int) -> Numerics:
    """Those of a model that is run operation by operation in this process."""
    import diffusers
    import torch
    import transformers

    from .base import Numerics

    return Numerics(
        device=device.type, hardware=hardware(device), dtype=str(dtype).removeprefix("torch."), kernels=EAGER, batch_size=batch_size,
        torch=torch.__version__, diffusers=diffusers.__version__, transformers=transformers.__version__,
    )  # fmt: skip

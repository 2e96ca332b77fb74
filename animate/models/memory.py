"""How much room a device has, and how it says that it has none."""

from __future__ import annotations

import gc
import re
import warnings
from pathlib import Path

import torch

from ..errors import AnimateWarning

CGROUP = Path("/sys/fs/cgroup")  # limits of a container, where there are any (version 2)
MEMINFO = Path("/proc/meminfo")

# cuBLAS and cuDNN say it in words of their own: no handle, or no algorithm whose working space there is room for.
NO_ROOM = re.compile("out of memory|can't allocate memory|status_alloc_failed|unable to find (an engine|a valid cudnn algorithm)")


def out_of_memory(error: RuntimeError) -> bool:
    """Whether this is a device's way of saying that it has no room."""
    return isinstance(error, torch.OutOfMemoryError) or bool(NO_ROOM.search(str(error).lower()))


def tell_of_turns(name: str, device: torch.device) -> None:
    warnings.warn(f"{name} does not fit into the memory of {device} as a whole: its parts take turns there", AnimateWarning, stacklevel=4)


def give_back() -> None:
    """Give back what torch holds for later. Call it where no exception keeps tensors alive any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def free(device: torch.device) -> int | None:
    """Bytes that could be allocated now; None where there is no telling.

    On a CPU it is worth asking: a system out of memory does not refuse, it ends the process.
    """
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # torch's own, to be used again
        return torch.cuda.mem_get_info(device)[0] + unused
    if device.type == "mps":
        return max(0, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    known = [free for free in (_system(), _container()) if free is not None]
    return min(known, default=None)


def _system() -> int | None:
    if not MEMINFO.is_file():
        return None
    found = re.search(r"MemAvailable: +(\d+) kB", MEMINFO.read_text())
    return int(found[1]) * 1024 if found else None


def _container() -> int | None:
    """What a container's limit leaves; memory that only caches files is free."""
    try:
        limit = (CGROUP / "memory.max").read_text().strip()
        used = int((CGROUP / "memory.current").read_text())
        cached = re.search(r"^inactive_file (\d+)$", (CGROUP / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):
        return None
    return None if limit == "max" else max(0, int(limit) - used + (int(cached[1]) if cached else 0))

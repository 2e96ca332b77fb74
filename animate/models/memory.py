"""How much memory a device has left, how it says that it has none, and how the parts of a model share it. Knows no model."""

from __future__ import annotations

import abc
import contextlib
import errno
import gc
import math
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import torch

from ..errors import AnimateError, amount
from ..report import Relay, Report

CGROUP = Path("/sys/fs/cgroup")  # limits of a container, where there are any (version 2)

# What the system says, and CPUs with other words on Windows; then devices. cuBLAS and cuDNN have no handle, or no algorithm whose working
# space fits.
OF_THE_MACHINE = "(?:can't|cannot) allocate memory|not enough memory: you tried|paging file is too small"
OUT_OF_MEMORY = re.compile(f"{OF_THE_MACHINE}|out of memory|status_alloc_failed|unable to find (an engine|a valid cudnn algorithm)")
ASKED = re.compile(r"(?:tried to allocate|unable to mmap) ([\d.]+) (\w+)")
FREE = re.compile(r"of which ([\d.]+) (\w+) is free")
UNITS = {"bytes": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def out_of_memory(error: BaseException) -> bool:
    """Whether this error is a device's way, or the system's, of saying that it has no memory left."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    return known or bool(OUT_OF_MEMORY.search(str(error).lower()))


@contextlib.contextmanager
def enough_to_load(what: str) -> Iterator[None]:
    """Raises AnimateError that says so where there is no memory to load `what`, whatever has been made of the first error since.

    Libraries tell it as a file that is not there or not whole, and so do those who cannot tell it from one.
    """
    try:
        yield
    except Exception as error:
        first = [cause for cause in _causes(error) if out_of_memory(cause)][-1:]
        if not first:
            raise
        raise AnimateError(_lack(what, *first)) from error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, the one that it was made of, and so on to the first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _lack(what: str, error: BaseException) -> str:
    """Where memory is lacking to load `what`, how much as far as that is known, and what helps: smaller batches do not."""
    words = str(error).lower()
    machine = isinstance(error, MemoryError | OSError) or re.search(OF_THE_MACHINE, words) is not None
    needed, free = _bytes(ASKED, words), free_bytes(torch.device("cpu")) if machine else _bytes(FREE, words)
    known = [f"{amount(needed)} more needed"] if needed else []
    if free is not None and free < (needed or math.inf):  # otherwise a limit of this process was in the way
        known += [f"{amount(free)} free"]
    advice = "close other programs, use a smaller model, or a GPU with --dtype float16" if machine else "use --dtype float16, or --device cpu"
    amounts = f" ({', '.join(known)})" if known else ""
    return f"not enough memory on {'this machine' if machine else 'the GPU'} to load {what}{amounts}; {advice}"


def _bytes(pattern: re.Pattern[str], words: str) -> float | None:
    said = pattern.search(words)
    return float(said[1]) * UNITS[said[2]] if said and said[2] in UNITS else None


def give_back() -> None:
    """Give back what torch keeps for later. Call it where no exception keeps tensors alive any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def free_bytes(device: torch.device) -> int:
    """Bytes that could be allocated now.

    On a CPU it is worth asking: a system out of memory does not refuse, it ends the process. Apple's GPUs share the memory of the system
    with all its programs: what those leave is the limit there, too.
    """
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # torch's own, to be used again
        return torch.cuda.mem_get_info(device)[0] + unused
    available: int = psutil.virtual_memory().available
    if device.type == "mps":
        return min(available, max(0, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()))
    limited = _left_in_container()
    return available if limited is None else min(available, limited)


def _left_in_container() -> int | None:
    """What a container's limit leaves, None without a limit; memory that only caches files counts as free."""
    try:
        limit = (CGROUP / "memory.max").read_text().strip()
        used = int((CGROUP / "memory.current").read_text())
        cached = re.search(r"^inactive_file (\d+)$", (CGROUP / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):
        return None
    return None if limit == "max" else max(0, int(limit) - used + (int(cached[1]) if cached else 0))


class DeviceMemory(abc.ABC):
    """The parts of a model on a device: all of them, or only the one at work where they do not fit together.

    A part is used by one thread at a time, because it may be changed for a moment (float32, tiles). Where parts take turns,
    one thread at a time uses the device. A thread that is using a part may use one that comes later among `parts`
    (decode a preview after a denoising step).
    """

    def __init__(self, name: str, device: torch.device, parts: Sequence[Any], report: Report):
        """parts: what `at_work` is asked for; by default, modules that can be moved with `to`."""
        self.name, self.device, self.parts, self.report = name, device, parts, Relay(report)
        self.offloaded = False  # never false again once it is true
        self._locks = {part: threading.RLock() for part in parts}
        self._turn = threading.RLock()  # in the place of the locks of all parts, once they are offloaded

    @abc.abstractmethod
    def bytes_per_sample(self, width: int, height: int) -> int:
        """What one more image of so many pixels in a batch takes while it is denoised, estimated."""

    def bytes_lent(self, width: int, height: int, predictions: int) -> int:
        """What the deep features of one picture take that was denoised in so many predictions, at most; 0 where none are lent."""
        return 0

    def free_bytes(self) -> int:
        """What the device could still hold."""
        return free_bytes(self.device)

    def place(self) -> None:
        """Put all parts on the device. Where it has no room for all, they take turns from now on, and the report hears of it."""
        try:
            self._load()
        except RuntimeError as error:
            if not out_of_memory(error) or not self.offload():
                raise
            self.report.warn(f"{self.name} does not fit into the memory of {self.device} as a whole: its parts take turns there")

    def offload(self) -> bool:
        """From now on, keep on the device only the part that is at work. False if that is so already, or the device is the CPU itself.

        Waits until no thread is using a part.
        """
        with contextlib.ExitStack() as all_parts:
            for lock in self._locks.values():
                all_parts.enter_context(lock)
            if self.offloaded or self.device.type == "cpu":
                return False
            self._unload()
            self.offloaded = True
        give_back()
        return True

    @contextlib.contextmanager
    def at_work(self, part: Any) -> Iterator[None]:
        """Have a part, on the device, for this thread alone."""
        with self._locks[part]:
            if not self.offloaded:
                yield
                return
        with self._turn:
            try:
                self._enter(part)
                yield
            finally:
                self._leave(part)

    def _load(self) -> None:
        for part in self.parts:
            part.to(self.device)

    def _unload(self) -> None:
        for part in self.parts:
            part.to("cpu")

    def _enter(self, part: Any) -> None:
        part.to(self.device)

    def _leave(self, part: Any) -> None:
        part.to("cpu")

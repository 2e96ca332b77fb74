"""A second run in float32 for numbers that overflow in sixteen bits: they come out as inf or NaN, and an image of them is black."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import torch

from ...report import Relay, Report
from ..quiet import quiet


class Float32Fallback:
    """Turns a part of a model into float32 for one run. Warns the first time. One for all parts of a model."""

    def __init__(self, name: str, report: Report):
        self.name, self.report = name, Relay(report)
        self._first = threading.Lock()  # taken by the first run, and never released

    @contextlib.contextmanager
    def of(self, part: Any) -> Iterator[None]:
        """`part` is float32 inside. Only for a thread that has it to itself: see `memory.DeviceMemory.at_work`."""
        dtype = part.dtype
        if self._first.acquire(blocking=False):
            self.report.warn(f"{self.name} overflows in {str(dtype).removeprefix('torch.')}: what does is drawn again in float32")
        try:
            _cast(part, torch.float32)
            yield
        finally:
            _cast(part, dtype)


def _cast(part: Any, dtype: torch.dtype) -> None:
    with quiet():  # diffusers warns that some layers should stay as they are, of parts that have none
        part.to(dtype)

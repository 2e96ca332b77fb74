"""What overflows in sixteen bits comes out as no numbers, and a picture of them is black: it is done again in float32."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import torch

from ...errors import AnimateWarning


class Float32Fallback:
    """Runs parts of a model in float32 for once, and says so the first time."""

    def __init__(self, name: str):
        self.name, self.told = name, False

    @contextlib.contextmanager
    def of(self, part: Any) -> Iterator[None]:
        before = part.dtype
        if not self.told:
            spoilt = str(before).removeprefix("torch.")
            warnings.warn(f"{self.name} overflows in {spoilt}: what does is drawn again in float32", AnimateWarning, stacklevel=4)
        self.told = True
        try:
            part.to(torch.float32)
            yield
        finally:
            part.to(before)

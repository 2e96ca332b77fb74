"""How a UNet's operations are run: one by one, as torch has them, or compiled into fewer that do the same.

Compiled kernels are tried before they are trusted, and where they fail or disagree the plain ones are used, with a line that says so.
Knows nothing of steps, guidance or films.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...errors import one_line
from ...report import Report
from .split import SplitUNet, fits

# How far a prediction may be from the plain one, in parts of its spread: sums in another order, in 24 bits (on a GPU, where convolutions take
# TF32, in 11) or in 11 and 8.
TOLERANCE = {torch.float32: 0.01, torch.float16: 0.02, torch.bfloat16: 0.1}


class Kernels:
    """A UNet to be called, whole or in halves."""

    def __init__(self, unet: Any):
        self.unet = unet
        self.split = SplitUNet(unet) if fits(unet) else None
        self._whole: Callable[..., Tensor] = self._plain

    def whole(self, x: Tensor, timestep: Tensor, **arguments: Any) -> Tensor:
        """The prediction, (B, C, h, w)."""
        return self._whole(x, timestep, **arguments)

    def _plain(self, x: Tensor, timestep: Tensor, **arguments: Any) -> Tensor:
        prediction: Tensor = self.unet(x, timestep, **arguments).sample
        return prediction

    def compile(self, x: Tensor, timestep: Tensor, arguments: dict[str, Any], report: Report, backend: str | Callable[..., Any] = "inductor") -> bool:
        """Compile, and compare predictions of this batch. Where that fails, the plain kernels stay, and the report hears why.

        A minute or two; other shapes take theirs when they come.
        """
        plain = self._plain(x, timestep, **arguments)
        try:
            whole, halves = self._compiled(backend)
            made = whole(x, timestep, **arguments)
            reason = _disagreement(made, plain)
            if halves is not None and not reason:
                begun = halves.begin(x, timestep, **arguments)
                reason = _disagreement(halves.end(begun, halves.deep(begun)), plain)
        except Exception as error:  # a compiler's, of very many kinds
            reason = one_line(f"{type(error).__name__}: {error}", 160)
        if reason:
            report.warn(f"kernels cannot be compiled here ({reason}); drawing with plain ones")
            return False
        self._whole, self.split = whole, halves
        return True

    def _compiled(self, backend: str | Callable[..., Any]) -> tuple[Callable[..., Tensor], SplitUNet | None]:
        def compiled(function: Callable[..., Any]) -> Any:
            return torch.compile(function, dynamic=False, backend=backend)

        halves = None if self.split is None else SplitUNet(self.unet)
        if halves is not None:
            halves.begin, halves.deep, halves.end = compiled(halves.begin), compiled(halves.deep), compiled(halves.end)  # type: ignore[method-assign]
        return compiled(self._plain), halves


def _disagreement(made: Tensor, plain: Tensor) -> str:
    """Why compiled kernels are not trusted; empty if they are."""
    if made.shape != plain.shape or not made.isfinite().all():
        return "they make no numbers of what plain ones can"
    apart = float((made.float() - plain.float()).abs().max() / plain.float().std().clamp_min(1e-12))
    allowed = TOLERANCE[plain.dtype]
    return f"predictions differ by {apart:.2g} of their spread, allowed are {allowed:g}" if apart > allowed else ""

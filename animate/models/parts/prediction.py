"""What a UNet predicts at every step of a denoising: guided, in as few samples as were asked for, its deep features passed on or taken.

Knows nothing of samplers, films or where features come from.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from .kernels import Kernels


class Features(Protocol):
    """What the deep layers of a network make of a batch at every prediction, on the model's device: kept for others, or taken from them."""

    def at(self, number: int) -> Tensor | None:
        """Those to go on with at this prediction, counted from 0, (B, C, h, w), or (2 B, C, h, w) where it is guided; None: compute them."""

    def keep(self, number: int, features: Tensor) -> None:
        """Those that were computed."""


class Predictor:
    """Latents and a timestep -> the UNet's prediction, (B, C, h, w); asked once for every timestep of one denoising, in order.

    Classifier-free guidance (Ho & Salimans 2022) takes a second sample, without the prompt. What it adds changes slowly from step to step:
    where it is computed at every second step only, it is extrapolated on a line for those between.
    """

    def __init__(
        self, kernels: Kernels, towards: dict[str, Any], away: dict[str, Any] | None, scale: Tensor, every: int = 1, features: Features | None = None
    ):
        """towards, away: what the UNet takes besides latents and timestep, with the prompt and without; no `away`: unguided.

        scale: of guidance, (B, 1, 1, 1). every: steps from one at which guidance is computed to the next.
        features: keeps the deep features, or has others'.
        """
        self.kernels, self.towards, self.scale, self.every, self.features = kernels, towards, scale, every, features
        self.both = _side_by_side(away, towards) if away is not None else None
        self.number = 0  # of predictions that were made
        self.added: list[tuple[int, Tensor]] = []  # by guidance: the number of a prediction, and with the prompt less without it; the last two

    def __call__(self, latents: Tensor, timestep: Tensor) -> Tensor:
        guided = self.both is not None and self.number % self.every == 0
        x = torch.cat([latents, latents]) if guided else latents
        prediction = self._predicted(x, timestep, self.both if guided and self.both else self.towards)
        if guided:
            away, towards = prediction.chunk(2)
            self.added = [*self.added[-1:], (self.number, towards - away)]
            prediction = away + self.scale * (towards - away)
        elif self.both is not None:
            prediction = prediction + (self.scale - 1) * self._extrapolated()
        self.number += 1
        return prediction

    def _predicted(self, x: Tensor, timestep: Tensor, arguments: dict[str, Any]) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        split = self.kernels.split
        if split is None or self.features is None:
            return self.kernels.whole(x, timestep, **arguments)
        begun = split.begin(x, timestep, **arguments)
        features = self.features.at(self.number)
        if features is None:
            features = split.deep(begun)
            self.features.keep(self.number, features)
        return split.end(begun, features.to(x.dtype).contiguous(memory_format=torch.channels_last))

    def _extrapolated(self) -> Tensor:
        """What guidance would add now, on the line through what it added the last two times."""
        (before, first), (last, second) = self.added[0], self.added[-1]
        return second if before == last else second + (second - first) * ((self.number - last) / (last - before))


def _side_by_side(away: dict[str, Any], towards: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a batch of twice as many samples."""
    joined: dict[str, Any] = {}
    for name, value in towards.items():
        joined[name] = _side_by_side(away[name], value) if isinstance(value, dict) else torch.cat([away[name], value])
    return joined

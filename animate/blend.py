"""Blends of tensors: on a line and on an arc. Pure functions of tensors; they know nothing of prompts or models."""

from __future__ import annotations

import torch
from torch import Tensor


def lerp(a: Tensor, b: Tensor, mix: float) -> Tensor:
    """The point `mix` of the way from a to b on a line; exactly a at 0 and b at 1. Any shape."""
    if mix in (0.0, 1.0):
        return b if mix else a
    return torch.lerp(a, b, mix)


def slerp(a: Tensor, b: Tensor, mix: float) -> Tensor:
    """The point `mix` of the way from a to b on the arc between them (Shoemake 1985), each flattened to one vector.

    Two independent standard normal noises are nearly at right angles, and every point of the arc is standard normal again;
    half-way on a line their spread falls to 0.71 and a model paints blur. Exactly a at 0 and b at 1. Parallel vectors, where
    the arc is a point, and opposite ones, where it is any arc, are blended on the line. Angles are computed in float64.
    """
    if mix in (0.0, 1.0):
        return b if mix else a
    x, y = a.flatten().double(), b.flatten().double()
    cosine = torch.dot(x, y) / (x.norm() * y.norm()).clamp_min(torch.finfo(torch.float64).tiny)
    angle = torch.acos(cosine.clamp(-1, 1))
    if angle.sin() < 1e-6:
        return lerp(a, b, mix)
    weights = torch.sin(torch.stack([(1 - mix) * angle, mix * angle])) / angle.sin()
    return (weights[0] * x + weights[1] * y).to(a.dtype).view_as(a)

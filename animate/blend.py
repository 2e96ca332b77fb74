"""Blends: of two tensors on a line and on an arc, and in-betweens of any sequence. Pure functions; they know nothing of prompts or models.

torch is imported when tensors are blended: in-betweens of images need none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from .errors import AnimateError

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

MOST_INBETWEENS = 64  # of two neighbours


def lerp(a: Tensor, b: Tensor, mix: float) -> Tensor:
    """The point `mix` of the way from a to b on a line; exactly a at 0 and b at 1. Any shape."""
    if mix in (0.0, 1.0):
        return b if mix else a
    return a.lerp(b, mix)


def slerp(a: Tensor, b: Tensor, mix: float) -> Tensor:
    """The point `mix` of the way from a to b on the arc between them (Shoemake 1985), each flattened to one vector.

    Two independent standard normal noises are nearly at right angles, and every point of the arc is standard normal again;
    half-way on a line their spread falls to 0.71 and a model paints blur. Exactly a at 0 and b at 1. Parallel vectors, where
    the arc is a point, and opposite ones, where it is any arc, are blended on the line. Angles are computed in float64.
    """
    if mix in (0.0, 1.0):
        return b if mix else a
    import torch

    x, y = a.flatten().double(), b.flatten().double()
    cosine = torch.dot(x, y) / (x.norm() * y.norm()).clamp_min(torch.finfo(torch.float64).tiny)
    angle = torch.acos(cosine.clamp(-1, 1))
    if angle.sin() < 1e-6:
        return lerp(a, b, mix)
    weights = torch.sin(torch.stack([(1 - mix) * angle, mix * angle])) / angle.sin()
    return (weights[0] * x + weights[1] * y).to(a.dtype).view_as(a)


def with_inbetweens(items: Iterable[T], count: int, closed: bool, between: Callable[[T, T], Callable[[float], T]]) -> Iterator[T]:
    """Each item, then `count` in-betweens of it and the next one, at even mixes. Streams: holds two items and the first.

    between: of two neighbours, a function of the mix (0 < mix < 1) that gives what lies there.
    closed: the last item leads to the first; otherwise nothing follows the last one.
    Raises AnimateError: at once for a count that is not allowed; when there is one item only, before that one is passed on.
    """
    if not 1 <= count <= MOST_INBETWEENS:
        raise AnimateError(f"{count} in-betweens; allowed: 1 to {MOST_INBETWEENS} between two pictures, or leave them out")
    return _filled(items, count, closed, between)


def _filled(items: Iterable[T], count: int, closed: bool, between: Callable[[T, T], Callable[[float], T]]) -> Iterator[T]:
    for a, b in _neighbours(items, closed):
        yield a
        if b is not None:
            at = between(a, b)
            yield from (at(i / (count + 1)) for i in range(1, count + 1))


def _neighbours(items: Iterable[T], closed: bool) -> Iterator[tuple[T, T | None]]:
    """Each item and the one after it. After the last comes the first if closed, otherwise None."""
    rest = iter(items)
    first = before = next(rest, None)
    after = next(rest, None)
    if before is None or after is None:
        raise AnimateError("in-betweens need two pictures, and the film has fewer; ask for more frames, or leave the in-betweens out")
    while after is not None:
        yield before, after
        before, after = after, next(rest, None)
    yield before, first if closed else None

"""In-betweens of finished latents: so many more between each two of a film, evenly on the arc. Knows nothing of frames or models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import Tensor

from ..blend import slerp, with_inbetweens


def blends(latents: Iterable[Tensor], count: int, closed: bool) -> Iterator[Tensor]:
    """The latents, all of any one shape, with `count` in-betweens after each; after the last of an open film there are none.

    closed: the last latents lead to the first. Raises AnimateError: at once for a count that is not allowed; when there is one
    item only, before that one is passed on.
    """
    return with_inbetweens(latents, count, closed, lambda a, b: lambda mix: slerp(a, b, mix))

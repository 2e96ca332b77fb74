"""The families of models, a file each, which defines a `Family`, and a line in `FAMILIES`. Knows nothing of films or where weights come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import AnimateError
from ..base import Family
from . import pipeline, unet

# In the order in which they are tried. The last one takes most pipelines, and its reasons are given for those that none takes.
FAMILIES: list[Family] = [unet.FAMILY, pipeline.FAMILY]


def family_of(name: str, pipe: Any, extras: Sequence[str]) -> Family:
    """The first family that a pipeline belongs to. Raises AnimateError if there is none, or not one that takes these extras.

    name: of the model. extras: in words.
    """
    kind, misfit = type(pipe).__name__, ""
    for family in FAMILIES:
        if misfit := family.misfit(pipe):
            continue
        if extras and not family.takes_extras:
            raise AnimateError(f"{name}: {extras[0]} cannot be put on a {kind}; leave it out, or use Stable Diffusion 1, 2 or XL")
        return family
    message = f"{name}: a {kind} cannot be animated: {misfit}"
    raise AnimateError(f"{message}; use a text-to-image model, such as Stable Diffusion 1, 2, 3, XL, Flux or PixArt")

"""From the name of a model to a loaded one. Knows nothing of storyboards, films or how a plan is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import AnimateError
from ..report import REPORT, Report
from . import placement
from .parts import vocabulary
from .placement import BATCH_SIZES, LARGE, pick_device, pick_dtype
from .weights import catalog, loading

if TYPE_CHECKING:
    from .base import Family, Model, Origin
    from .weights.catalog import Entry

__all__ = ["LARGE", "load_model", "pick_device", "pick_dtype"]


def load_model(
    name: str | None = None,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int | None = None,
    *,
    loras: Sequence[str] = (),
    vae: str | None = None,
    embeddings: Sequence[str] = (),
    safety: bool = True,
    report: Report = REPORT,
) -> Model:
    """Load a text-to-image model.

    name        of `animate models` ("sprout", "sd15"), a folder in diffusers' format, a .ckpt or .safetensors file, or a hub id
                ("stable-diffusion-v1-5/stable-diffusion-v1-5"); left out: ANIMATE_MODEL, the one in the file of settings, or sprout
    device      "auto" (CUDA, then MPS, then CPU) or any name torch knows
    dtype       "auto" (as `pick_dtype` has it), "float32", "float16" or "bfloat16"
    batch_size  cels in one batch; left out: what suits the device
    loras, vae, embeddings    as in `extras.Extras`
    safety      whether images are checked where the model has a safety checker
    report      hears of downloads and of the words of embeddings that nobody named; then of what happens while the model draws

    Raises AnimateError if there is no such model, or it is of no family that can be animated.
    """
    check(name, device, dtype, loras, vae, embeddings)  # before anything is fetched
    from .base import Origin
    from .families import family_of
    from .weights.extras import Extras, apply
    from .weights.fingerprint import joined

    name, entry = catalog.resolve(name or catalog.default())
    device, extras = pick_device(device), Extras(tuple(loras), vae, tuple(embeddings))
    loaded = loading.load(name, entry, partial(pick_dtype, dtype, device), report, needs_vae=vae is None)
    family = family_of(name, loaded.pipe, extras.descriptions)
    if not safety:
        loaded.pipe.safety_checker = None
    digest = apply(loaded.pipe, extras, report)
    origin = Origin(
        name,
        joined([loaded.fingerprint, digest]) if digest else loaded.fingerprint,
        vocabulary=vocabulary.read(loaded.folder) if loaded.folder else None,
        extras=extras.descriptions,
        report=report,
        **(_suits(entry) if entry else family.suits(loaded.pipe)),
    )
    return _on_device(family, origin, loaded.pipe, device, batch_size or BATCH_SIZES[device.split(":")[0]])


def check(name: str | None, device: str, dtype: str, loras: Sequence[str], vae: str | None, embeddings: Sequence[str]) -> None:
    """Raises AnimateError for what `load_model` would refuse, as far as names and files tell: at once, torch is not loaded."""
    from .weights.extras import Extras

    extras = Extras(tuple(loras), vae, tuple(embeddings))
    placement.check(device, dtype)
    loading.check(*catalog.resolve(name or catalog.default()))
    extras.check()


def _suits(entry: Entry) -> dict[str, Any]:
    return {"steps": entry.steps, "guidance": entry.guidance, "sampler": entry.sampler, "tokens": entry.tokens}


def _on_device(family: Family, origin: Origin, pipe: Any, device: str, batch_size: int) -> Model:
    from .memory import out_of_memory

    try:
        return family.make(origin, pipe, device, batch_size)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise AnimateError(f"{origin.name} does not fit into the memory of {device}; use --dtype float16, or --device cpu") from error

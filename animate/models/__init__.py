"""From the name of a model to a loaded one. Knows nothing of storyboards, films or how a plan is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import AnimateError, one_line
from ..places import is_file, path_of
from ..report import REPORT, Report
from . import placement
from .parts import samplers, vocabulary
from .placement import BATCH_SIZES, LARGE, pick_device, pick_dtype
from .weights import catalog, files, loading

if TYPE_CHECKING:
    from .base import Model
    from .weights.catalog import Entry
    from .weights.extras import Extras
    from .weights.loading import Loaded

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
    compiled: bool = False,
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
    compiled    whether kernels are compiled, for a minute or two, which pays for long films
    report      hears of downloads and of the words of embeddings that nobody named; then of what happens while the model
                draws for nobody who listens himself (`render(report=)`)

    Raises AnimateError if there is no such model, no memory for it, or it is of no family that can be animated.
    """
    check(name, device, dtype, loras, vae, embeddings, batch_size)  # before anything is fetched
    if not isinstance(report, Report):
        raise AnimateError(f"report {one_line(repr(report), 60)}; allowed: an animate.Report, or one of a class made from it")
    from .memory import enough_to_load
    from .weights.extras import Extras

    name, entry = catalog.resolve(catalog.default() if name is None else name)
    extras = Extras(tuple(loras), vae, tuple(embeddings))
    with enough_to_load(", ".join([name, *extras.descriptions])):
        device = pick_device(device)
        loaded = loading.load(name, entry, partial(pick_dtype, dtype, device), report, needs_vae=vae is None)
        if not safety:
            loaded.pipe.safety_checker = None
        model = _model(name, entry, loaded, extras, report)(device, batch_size or _batch_size(device, entry))
    if compiled:
        report.progress("compiling kernels", 0, 0)
        model.compile(report)
    return model


def _batch_size(device: str, entry: Entry | None) -> int:
    """Cels in a batch, where none is said."""
    own = entry.batch_size if entry and device == "cpu" else None
    return own or BATCH_SIZES[device.split(":")[0]]


def _model(name: str, entry: Entry | None, loaded: Loaded, extras: Extras, report: Report) -> Callable[[str, int], Model]:
    """What makes the model of a pipeline with its extras, on a device and for batches of so many cels. Raises AnimateError."""
    from .base import Origin
    from .families import family_of
    from .weights.extras import apply
    from .weights.fingerprint import joined

    family = family_of(name, loaded.pipe, extras.descriptions)
    digest = apply(loaded.pipe, extras, report)
    origin = Origin(
        name,
        joined([loaded.fingerprint, digest]) if digest else loaded.fingerprint,
        vocabulary=vocabulary.read(loaded.folder) if loaded.folder else None,
        extras=extras.descriptions,
        report=report,
        **(_suits(entry) if entry else family.suits(loaded.pipe)),
    )
    return partial(family.make, origin, loaded.pipe)


def check(
    name: str | None, device: str, dtype: str, loras: Sequence[str], vae: str | None, embeddings: Sequence[str], batch_size: int | None = None
) -> None:
    """Raises AnimateError for what `load_model` would refuse, as far as names and files tell: at once, torch is not loaded."""
    from .weights.extras import Extras

    _check_texts("model", [] if name is None else [name], f"{', '.join(catalog.CATALOG)}, a folder, a file or a hub id")
    for what, given in (("VAE", [] if vae is None else [vae]), ("LoRA", loras), ("embedding", embeddings)):
        _check_texts(what, given, "a file, or a hub id")
    extras = Extras(tuple(loras), vae, tuple(embeddings))
    if batch_size is not None:
        placement.check_batch_size(batch_size)
    placement.check(device, dtype)
    loading.check(*catalog.resolve(catalog.default() if name is None else name))
    extras.check()


def check_sampling(name: str | None, sampler: str | None, eta: float) -> None:
    """Raises AnimateError for a sampler that is none, or an eta that it has not, as far as names and files tell: torch is not loaded."""
    where, entry = catalog.resolve(catalog.default() if name is None else name)
    settings = path_of(entry.where if entry else where) / "scheduler" / "scheduler_config.json"
    if sampler is not None:
        samplers.check_eta(samplers.canonical(sampler), eta)
    elif entry and entry.sampler:
        samplers.check_eta(entry.sampler, eta)
    elif is_file(settings):
        samplers.check_eta(samplers.own(files.read_index(settings)), eta)


def _check_texts(what: str, given: Any, allowed: str) -> None:
    """Raises AnimateError for what is no list of names, or holds one that is none: an empty one is a variable that is not set."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise AnimateError(f"{what} {one_line(repr(given), 60)}; allowed: a list of texts, each {allowed}")
    for text in given:
        if not isinstance(text, str) or not text:
            raise AnimateError(f"{what} {one_line(repr(text), 60)}; allowed: {allowed}, as a text; or leave it out")


def _suits(entry: Entry) -> dict[str, Any]:
    return {"steps": entry.steps, "guidance": entry.guidance, "sampler": entry.sampler, "tokens": entry.tokens}

"""By which model, on which device and with which store something is drawn. A value; torch is imported only when the model is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AnimateError
from ..models.placement import COMPILED
from ..models.weights.catalog import CATALOG
from ..report import Report
from ..story.storyboard import Storyboard

if TYPE_CHECKING:
    from ..draw.store import Store
    from ..models.base import Model
    from .recipe import Made


@dataclass(frozen=True)
class Setup:
    """A model, a device and a store that are asked for. A field that is left out: what suits the machine and the model."""

    model: str | None = None  # a name of `animate models`, a folder, a file or a hub id
    device: str | None = None
    dtype: str | None = None
    batch_size: int | None = None
    folder: Path | None = None  # of the store; left out: the user's cache
    keep: bool = True  # whether finished cels are kept in the store, and found there again
    loras: tuple[str, ...] = ()
    vae: str | None = None
    embeddings: tuple[str, ...] = ()
    compiled: bool | None = None  # whether kernels are compiled
    safety: bool = True  # whether pictures are checked where the model has a safety checker
    workers: int | None = None  # processes that draw; left out: this one, or all that a cluster has room for
    cluster: str | None = None  # the address of a Ray cluster in which they are
    mixed: bool = False  # whether they may differ in what decides the last bits

    def store(self) -> Store | None:
        """The store that finished cels are kept in."""
        from ..draw.store import Store

        return Store(self.folder) if self.keep else None

    def check(self, story: Storyboard | None = None) -> None:
        """Raises AnimateError for what names and files tell: at once, before torch is loaded. story: what is to be drawn."""
        from ..models import check, check_sampling

        device, dtype = ("auto" if given is None else given for given in (self.device, self.dtype))
        if self.spread:
            from ..cluster import asked

            asked.check(self.workers, self.cluster)
            if self.workers is not None and self.cluster is None:
                asked.check_here(self.workers, device)
            device = "auto" if self.cluster else device  # other machines have other devices
        check(self.model, device, dtype, self.loras, self.vae, self.embeddings, self.batch_size)
        if story is not None:
            check_sampling(self.model, story.sampling.sampler, story.sampling.eta)

    @property
    def spread(self) -> bool:
        """Whether other processes draw."""
        return self.workers is not None or self.cluster is not None

    @contextmanager
    def loaded(self, report: Report) -> Iterator[Model]:
        """The model, for as long as it is needed: workers end then. Raises AnimateError if there is no such model, or it does not fit."""
        model = self.load(report)
        try:
            yield model
        finally:
            if self.spread:
                model.close()  # type: ignore[attr-defined]

    def load(self, report: Report) -> Model:
        """The model, for whoever keeps it. Raises AnimateError."""
        from ..models import load_model

        given: dict[str, Any] = {
            name: getattr(self, name) for name in ("device", "dtype", "batch_size", "vae", "compiled") if getattr(self, name) is not None
        }
        if self.model is not None:
            given["name"] = self.model
        given |= {"loras": self.loras, "embeddings": self.embeddings, "safety": self.safety, "report": report}
        report.progress("loading", 0, 0)
        if self.spread:
            from ..cluster.cluster import Cluster

            return Cluster(workers=self.workers, address=self.cluster, mixed=self.mixed, **given)
        return load_model(**given)

    def like(self, made: Made, path: Path, report: Report) -> Setup:
        """The setup in which a file was drawn, as far as nothing else is asked for.

        A file names its model; whatever is not built in is only loaded if the person names it, too. Raises AnimateError.
        """
        if self.model is None and not (made.model in CATALOG and CATALOG[made.model].built_in):
            raise AnimateError(f"{path} was drawn by {made.model}; say --model {made.model} if you trust it, or name another one")
        device, dtype = self.device, self.dtype or made.dtype
        if device is None:
            from ..models import pick_device

            try:
                device = pick_device(made.device)
            except AnimateError as error:
                report.log(f"{error}; drawing on what there is")
                dtype = self.dtype or "auto"
        compiled = made.kernels == COMPILED if self.compiled is None else self.compiled
        size = self.batch_size or made.batch_size
        return replace(self, model=self.model or made.model, device=device, dtype=dtype, batch_size=size, compiled=compiled)

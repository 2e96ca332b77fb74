"""The model that is loaded, and whether a visitor may name another one. One at a time: the device has room for no more. Knows no page."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AnimateError, amount
from ..film.setup import Setup
from ..models.weights import hub
from ..models.weights.about import facts
from ..models.weights.catalog import CATALOG, DEFAULT, resolve
from ..report import Report
from .work import Listener

if TYPE_CHECKING:
    from ..models.base import Model


class Shelf:
    """Keeps the model of the last job."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: Setup | None = None
        self._model: Model | None = None

    def model(self, key: Setup, report: Report) -> Model:
        """The model that this setup loads: the one that is here, or it is loaded in its place."""
        with self._lock:
            if self._model is None or self._key != key:
                self._key = self._model = None  # before the next one is loaded
                self._key, self._model = key, key.load(report)
            return self._model


@dataclass(frozen=True)
class Warm(Setup):
    """A setup whose model stays loaded after a job."""

    shelf: Shelf = field(default_factory=Shelf, compare=False)

    @contextmanager
    def loaded(self, report: Report) -> Iterator[Model]:
        yield self.shelf.model(self, report)

    @property
    def quick(self) -> bool:
        """Whether a picture takes seconds: what is built in, and anything on a GPU."""
        from ..models import pick_device

        entry = resolve(self.model or DEFAULT)[1]
        return bool(entry and entry.built_in) or pick_device(self.device or "auto") != "cpu"


@dataclass(frozen=True)
class Models:
    """Which models visitors may draw with."""

    setup: Warm  # that of the studio: its device, its store, its first model
    any_model: bool = False  # folders, files and hub ids, too, and downloads
    extra: tuple[str, ...] = ()  # names, besides the catalog's, that the studio was started with

    def choices(self) -> list[tuple[str, str]]:
        """Labels and names: those that are here first."""
        named = [(self._label(name), name) for name in CATALOG if self.any_model or self._here(name)]
        return [*((name, name) for name in self.extra), *sorted(named, key=lambda choice: not self._here(choice[1]))]

    def setup_of(self, name: str) -> Warm:
        """What loads this model. Raises AnimateError for one that visitors may not name, or that is not here yet."""
        known, entry = resolve(name)
        if entry is None and name not in self.extra and not self.any_model:
            raise AnimateError(f'model "{name[:80]}": this studio draws with {", ".join(self.names())}; its owner may start it with --allow-models')
        if entry is not None and not self._here(known):
            raise AnimateError(f"{known} is not on this machine: {amount(entry.megabytes * 1e6)} to download; press Download first")
        return replace(self.setup, model=name)

    def warm(self) -> None:
        """Load the first model, before anybody waits for it. What is wrong with it is said to whoever draws."""
        with contextlib.suppress(AnimateError):
            self.setup.shelf.model(self.setup_of(self.setup.model or DEFAULT), Listener())

    def names(self) -> list[str]:
        return [name for _, name in self.choices()]

    def about(self, name: str) -> str:
        """What is known of it, in a line."""
        entry = resolve(name)[1]
        if entry is None:
            return f"{name}: a model of your own"
        known = facts(entry)
        place = "" if entry.built_in else ", on this machine" if known["here"] else f", {amount(known['mb'] * 1e6)} to download"
        return f"{entry.about}; {known['width']} x {known['height']} pixels, {entry.licence}{place}"

    def download(self, name: str, report: Report) -> Path:
        """Fetch a model from the hub. Raises AnimateError."""
        known, entry = resolve(name)
        if not self.any_model:
            raise AnimateError(f"{known}: nothing is downloaded here; the owner of this studio may start it with --allow-models")
        where = entry.where if entry else known
        from ..models import pick_device, pick_dtype

        dtype = str(pick_dtype("auto", pick_device("auto"), hub.pipeline_class(where, None))).removeprefix("torch.")
        return hub.snapshot(where, dtype, report=report).folder

    def _here(self, name: str) -> bool:
        return bool(facts(CATALOG[name])["here"])

    def _label(self, name: str) -> str:
        known = facts(CATALOG[name])
        return name if known["here"] else f"{name} ({amount(known['mb'] * 1e6)} to download)"

"""What a worker does, in its own process: load the model, draw batches, decode what is shown. Knows nothing of how it is reached."""

from __future__ import annotations

import os
import platform
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass, field
from importlib import metadata

import numpy as np
import torch

from .. import models
from ..draw.drawer import Drawer
from ..draw.engine import Batch
from ..models.base import Model, Numerics
from ..models.memory import give_back, out_of_memory
from ..models.source import Source
from ..pixels import Image
from ..report import Report, heard_by
from . import shipping
from .shipping import Parcel

FILMS = 4  # of which embeddings, noises and features are kept


@dataclass(frozen=True)
class Facts:
    """What decides whether two workers draw the same bits, and where this one is."""

    host: str
    process: int
    version: str  # of animate
    fingerprint: str  # of the weights
    numerics: Numerics
    free: int | None  # bytes that the device could still hold; None where that is not known


@dataclass(frozen=True)
class Job:
    """A batch to be drawn, and the film that it is of."""

    number: int  # among all jobs of the cluster
    film: int  # among all runners of the cluster
    lending: int  # as a `Drawer` takes it
    batch: Batch


@dataclass(frozen=True)
class Drawn:
    """What came of a job."""

    latents: np.ndarray  # (B, stops, C, h, w), float32
    images: tuple[Image, ...]  # of the places that the batch says are shown, in that order; none for numbers that overflowed
    said: tuple[Said, ...]  # meanwhile


@dataclass(frozen=True)
class Said:
    """A line for the report."""

    line: str
    warning: bool


@dataclass
class Listener(Report):
    """Keeps lines until they are asked for: the report is in another process."""

    lines: list[Said] = field(default_factory=list)

    def log(self, line: str) -> None:
        self.lines.append(Said(line, warning=False))

    def warn(self, line: str) -> None:
        self.lines.append(Said(line, warning=True))

    def taken(self) -> tuple[Said, ...]:
        """What was said since it was last asked for."""
        lines, self.lines = tuple(self.lines), []
        return lines


class Worker:
    """One model on one device. Its batches are drawn one at a time; pictures may be decoded meanwhile."""

    def __init__(self, source: Source, paths: Sequence[str] = (), threads: int | None = None):
        """paths: files and folders that it is loaded from, where the driver runs.

        threads: that share the work on a CPU; left out: as many as torch takes."""
        if threads is not None:
            torch.set_num_threads(threads)
        self.source, self.paths, self.report = source, paths, Listener()
        self._films: OrderedDict[int, Drawer] = OrderedDict()
        self._model: Model | None = None
        self._loading = threading.Lock()
        self._unwanted: set[int] = set()  # jobs that were given up

    def lacking(self) -> list[str]:
        """Files and folders of the model that are not on this machine."""
        return shipping.lacking(self.paths)

    def receive(self, parcels: Mapping[str, Parcel]) -> None:
        """Those that were lacking, by the path that they had."""
        self.source = self.source.moved({path: shipping.unpack(parcel) for path, parcel in parcels.items()})

    @property
    def model(self) -> Model:
        """Loaded when it is first asked for. Raises AnimateError if that does not work here."""
        with self._loading:
            if self._model is None:
                self._model = models.load_model(**asdict(self.source), report=self.report)
            return self._model

    def facts(self) -> Facts:
        """Raises AnimateError if the model cannot be loaded."""
        model = self.model
        free = model.memory.free_bytes()
        return Facts(platform.node(), os.getpid(), metadata.version("animate"), model.fingerprint, model.numerics, free)

    def draw(self, job: Job, images: Mapping[str, Image]) -> Drawn:
        """images: those that cels of the batch begin with, by digest. Raises MemoryError where there is no room, CancelledError if it was stopped."""
        drawer = self._drawer(job)
        drawer.images = images

        def stepped() -> None:
            if job.number in self._unwanted:
                raise CancelledError

        try:
            stepped()
            with heard_by(self.report):
                latents = drawer.draw(job.batch, stepped)
                shown = [latents[place, -1] for place in job.batch.shown]
                decoded = tuple(drawer.feedback.decoder(one) for one in shown if one.isfinite().all())
        except (RuntimeError, MemoryError) as error:
            if out_of_memory(error):
                raise MemoryError(f"out of memory: {error}") from None  # whatever a device has said, it is known by this
            raise
        finally:
            self._unwanted.discard(job.number)
        return Drawn(latents.numpy(), decoded if len(decoded) == len(shown) else (), self.report.taken())

    def stop(self, number: int) -> None:
        """Give up a job, after the denoising step that it is at. From another thread than the one that draws."""
        self._unwanted.add(number)

    def decode(self, latents: np.ndarray) -> Image:
        """(C, h, w) -> uint8 (H, W, 3)."""
        with heard_by(self.report):
            image: Image = self.model.decode(torch.from_numpy(latents.copy())[None])[0]
        return image

    def forget(self) -> None:
        """What is kept for batches to come, and takes memory."""
        for drawer in self._films.values():
            drawer.forget()
        give_back()

    def offload(self) -> bool:
        """As `Memory.offload`."""
        return self.model.memory.offload()

    def _drawer(self, job: Job) -> Drawer:
        drawer = self._films.get(job.film)
        if drawer is None:
            for other in self._films.values():
                other.forget()  # features of a film that may have ended
            drawer = self._films[job.film] = Drawer(self.model, {}, job.lending)
        self._films.move_to_end(job.film)
        while len(self._films) > FILMS:
            self._films.popitem(last=False)
        return drawer

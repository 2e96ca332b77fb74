"""A model whose batches are drawn by workers: whatever draws with a model draws with this one, and the films are the same."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, replace
from hashlib import blake2b
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from .. import models
from ..draw.engine import WINDOW, Batch
from ..errors import AnimateError
from ..models.base import Conditioning, Denoising, Memory, Model, Numerics, Safety, Text, nothing
from ..models.parts.prediction import Features
from ..models.source import Source
from ..models.weights import catalog
from ..pixels import Image, Images
from ..report import REPORT, Report
from . import asked, crew
from .dispatch import Dispatcher, Hands, Lost, RemoteWorker
from .worker import Facts, Job


class Cluster:
    """A `Model` drawn by workers, to be used in a `with` block: they end with it.

    What is not drawn (prompts, the safety checker) is asked of a model in this process.
    """

    def __init__(
        self, name: str | None = None, workers: int | None = None, address: str | None = None, *, mixed: bool = False, report: Report = REPORT,
        **loading: Any,
    ):  # fmt: skip
        """name, loading: of the model, as `load_model` takes them.

        workers: how many; left out: one for each GPU, or for each machine where there is none.
        address: of a running Ray cluster, "auto" for the one that the environment names; left out: this machine alone.
        mixed: whether workers may differ in what decides the last bits of a picture, such as GPUs of several kinds.
        Raises AnimateError for what cannot be, and where workers do not agree.
        """
        asked.check(workers, address)
        source = Source(catalog.default() if name is None else name, **loading)
        self.report = report
        self._crew = crew.Crew(source.anywhere(), workers, address, report)
        try:
            facts = self._crew.facts()
            own = replace(source, device="cpu", dtype=facts[0].numerics.dtype, compiled=False)  # of the same files
            self.model = model = models.load_model(**asdict(own), report=report)
            self.numerics = agreed(facts, model, mixed)
        except BaseException:
            self._crew.close()
            raise
        self.memory: Memory = _Memory(model.memory, self._crew, facts)
        self._known = _Known()
        self._drawn_on = dict[str, str]()  # by the key of a cel, where workers differ
        self._differ = len({one.numerics.hardware for one in facts}) > 1
        self._dispatcher = Dispatcher(self._crew.workers, self._crew.replacement, self._known.add, self.report, self._note)
        self._crew.missed = self._dispatcher.miss
        self._films = itertools.count(1)
        self.name, self.fingerprint, self.extras, self.defaults = model.name, model.fingerprint, model.extras, model.defaults
        self.supports_partial_denoising, self.mixes_guidance = model.supports_partial_denoising, model.mixes_guidance
        self.guides_twice = model.guides_twice

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Send the workers away."""
        self._dispatcher.close()
        self._crew.close()

    def hands(self, images: Mapping[str, Image], lending: int) -> Hands:
        """Those that draw for one runner."""
        self._known.most = self._dispatcher.window * 2 * self.numerics.batch_size
        return Hands(self._dispatcher, next(self._films), lending, images, self._crew.forget)

    def tried(self, batch: Batch) -> list[tuple[Facts, str]]:
        """Each worker, and a digest of what it makes of this batch of cels that begin with noise: equal where they draw the same bits."""
        made = [worker.draw(Job(0, 0, 0, batch), {}) for worker in self._crew.workers]
        return [(facts, _digest(torch.from_numpy(one.result().latents.copy())).hex()) for facts, one in zip(self._crew.facts(), made, strict=True)]

    def hardware_of(self, key: str) -> str:
        """What a cel was drawn on, where workers differ and it was drawn by this cluster; else nothing."""
        return self._drawn_on.get(key, "")

    def _note(self, batch: Batch, worker: RemoteWorker) -> None:
        if self._differ:
            self._drawn_on.update({cel.key: worker.hardware for cel in batch.cels})

    @property
    def text(self) -> Text:
        return self.model.text

    @property
    def safety(self) -> Safety | None:
        return self.model.safety

    def compile(self, report: Report) -> None:
        raise AnimateError("workers compile their kernels when they load the model; say compiled when it is loaded")

    def embed(self, prompt: str, count: int = 1, negative: bool = False, plain: bool = False) -> Conditioning:
        return self.model.embed(prompt, count, negative, plain)

    def noise(self, seed: int, width: int, height: int, count: int = 1) -> Tensor:
        return self.model.noise(seed, width, height, count)

    def denoise(
        self, latents: Tensor, noise: Tensor, positive: Conditioning, negative: Conditioning, guidance: Tensor, how: Denoising,
        on_step: Callable[[], object] = nothing, features: Features | None = None,
    ) -> Tensor:  # fmt: skip
        raise AnimateError("workers draw whole batches; ask the model that they were made from")

    def renoise(self, clean: Tensor, noise: Tensor, how: Denoising) -> Tensor:
        return self.model.renoise(clean, noise, how)

    def encode(self, images: Images, noise: Tensor | None = None) -> Tensor:
        return self.model.encode(images, noise)

    def decode(self, latents: Tensor) -> Images:
        """By a worker, as all of a film's images, and at once where it was decoded when it was drawn."""
        return np.stack([self._decoded(one) for one in latents])

    def expect(self, latents: Tensor) -> None:
        """These, (C, h, w), will be decoded soon: a worker begins, if that was not done when they were drawn."""
        if latents not in self._known and (coming := self._crew.decoding(latents)):
            self._known.add(latents, coming)

    def _decoded(self, latents: Tensor) -> Image:
        known = self._known.take(latents)
        if isinstance(known, Future):
            try:
                known = known.result()
            except Lost:
                known = None
        # A copy: what is in shared memory is read-only, and stays there as long as somebody looks at it.
        return self._crew.decode(latents).copy() if known is None else known.copy()


def agreed(facts: Sequence[Facts], model: Model, mixed: bool) -> Numerics:
    """Where the workers draw. Raises AnimateError where they differ, or have another model."""
    first = facts[0]
    for one in facts:
        if one.fingerprint != model.fingerprint:
            raise AnimateError(f"{_place(one)} has other weights of {model.name} than this machine; give each the same files")
        for what, there, here in (("animate", one.version, first.version), *_parts(one.numerics, first.numerics)):
            if there != here and not (mixed and what in ("hardware", "device")):
                message = f"{_place(one)} draws with {what} {there}, {_place(first)} with {here}: their pictures would differ"
                advice = "--mixed takes both" if what in ("hardware", "device") else "install the same everywhere"
                raise AnimateError(f"{message}; {advice}")
    kinds = sorted({one.numerics.hardware for one in facts})
    return replace(first.numerics, hardware=" and ".join(kinds))


def _parts(there: Numerics, here: Numerics) -> list[tuple[str, Any, Any]]:
    names = ("device", "hardware", "dtype", "kernels", "batch_size", "torch", "diffusers", "transformers")
    return [(name, getattr(there, name), getattr(here, name)) for name in names]


def _place(one: Facts) -> str:
    return f"the worker on {one.host}"


class _Memory:
    """Of the workers: that of the one that has least."""

    def __init__(self, own: Memory, crew: crew.Crew, facts: Sequence[Facts]):
        self.own, self.crew = own, crew
        together = {one.host: sum(other.host == one.host for other in facts) for one in facts}  # on one machine, a CPU's memory is shared
        shares = [one.free // (together[one.host] if one.numerics.device == "cpu" else 1) for one in facts if one.free is not None]
        self._free = min(shares, default=None)

    def bytes_per_sample(self, width: int, height: int) -> int:
        return self.own.bytes_per_sample(width, height)

    def bytes_lent(self, width: int, height: int, predictions: int) -> int:
        return self.own.bytes_lent(width, height, predictions)

    def free_bytes(self) -> int | None:
        """When they were asked: at the beginning."""
        return self._free

    def offload(self) -> bool:
        return self.crew.offload()


class _Known:
    """Images that workers have decoded, or are decoding, until they are asked for; those that are not, are forgotten."""

    def __init__(self) -> None:
        self.most = WINDOW
        self._images: OrderedDict[bytes, Image | Future[Image]] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, latents: Tensor) -> bool:
        with self._lock:
            return _digest(latents) in self._images

    def add(self, latents: Tensor, image: Image | Future[Image]) -> None:
        with self._lock:
            self._images[_digest(latents)] = image
            while len(self._images) > self.most:
                self._images.popitem(last=False)

    def take(self, latents: Tensor) -> Image | Future[Image] | None:
        with self._lock:
            return self._images.pop(_digest(latents), None)


def _digest(latents: Tensor) -> bytes:
    return blake2b(latents.contiguous().numpy().tobytes(), digest_size=16).digest()

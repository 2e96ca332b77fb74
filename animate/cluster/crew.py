"""Workers as actors of Ray (Moritz et al. 2018): started on this machine or in a running cluster, asked, and sent away. Only here is Ray known."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import secrets
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from torch import Tensor

from ..errors import AnimateError, counted, one_line
from ..models.source import Source
from ..pixels import Image
from ..report import Report
from . import asked, shipping, worker
from .dispatch import Lost, RemoteWorker
from .worker import Drawn, Facts, Job

FREE = 5.0  # seconds in which what others have left becomes free
STARTS = 180.0  # seconds in which a worker's process does, on a machine that is busy otherwise
STORE = 2**29  # bytes of shared memory of a cluster on this machine: batches and images on their way
RESTARTS = 3  # workers that are started in the place of lost ones, for each that was asked for
HERE = "127.0.0.1"  # a cluster that is started here is reached from here only
DRAW = "draw"  # what a worker does one after the other; the rest it does meanwhile
KEPT = 64  # images of keyframes that are in shared memory


class RayWorker:
    """A worker and how it is asked."""

    def __init__(self, name: str, actor: Any, share: Callable[[str, Image], Any]):
        """share: an image, by its digest, in shared memory."""
        self.name, self.actor, self._share, self.hardware = name, actor, share, ""

    def draw(self, job: Job, images: Mapping[str, Image]) -> Future[Drawn]:
        return _answer(self.actor.draw.remote(job, {digest: self._share(digest, image) for digest, image in images.items()}))

    def stop(self, number: int) -> None:
        self.actor.stop.remote(number)

    def decode(self, latents: Tensor) -> Future[Image]:
        """(C, h, w) -> uint8 (H, W, 3)."""
        return _answer(self.actor.decode.remote(latents.numpy()))

    def ask(self, what: str, *given: Any) -> Future[Any]:
        """Another of its methods. It fails with Lost, or with what the method raises."""
        return _answer(getattr(self.actor, what).remote(*given))


class Crew:
    """Workers that have loaded one model."""

    def __init__(self, source: Source, count: int | None, address: str | None, report: Report):
        """Raises AnimateError in one line for what cannot be."""
        self.ray, self.report = _ray(own=address is None), report
        self._numbers, self._turns, self._lock = itertools.count(1), itertools.count(), threading.Lock()
        self._images: OrderedDict[str, Any] = OrderedDict()
        self.workers: list[RayWorker] = []
        self._closed = False
        self._starting = 0  # workers that come in the place of lost ones
        self.missed: Callable[[RemoteWorker, Lost], object] = lambda one, error: None  # is told of one that was found to have ended
        self._hardware = set[str]()
        self._folder = tempfile.TemporaryDirectory(prefix="ray-", dir=_short(), ignore_cleanup_errors=True)  # of a cluster that is started here
        self._joined = _connected(self.ray, address, self._folder.name, report)
        try:
            nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
            self.count, self.options, self.threads = asked.shares(nodes, count, source.device)
            self.source = replace(source, device="cuda" if self.options["num_gpus"] else "cpu")
            self._wait_for_room()
            self._left = RESTARTS * self.count
            self._actor = _actor(self.ray)
            self.workers = [self._begun() for _ in range(self.count)]
        except BaseException:
            self.close()
            raise

    def facts(self) -> list[Facts]:
        """Of all workers, once they have loaded the model, all at a time. Raises AnimateError."""
        found, stage = list[Facts](), f"loading on {counted(self.count, 'worker')}"
        self.report.progress(stage, 0, self.count)
        loading = [(one, self._loading(one)) for one in self.workers]
        for one, facts in loading:
            found.append(self._loaded(one, facts))
            self.report.progress(stage, len(found), self.count)
        self._hardware = {one.numerics.hardware for one in found}
        return found

    def replacement(self, lost: RemoteWorker) -> Future[RemoteWorker] | None:
        """Another worker in the place of a lost one; None if too many were lost already."""
        with self._lock:
            self.workers = [one for one in self.workers if one is not lost]
            self._left -= 1
            if self._left < 0:
                return None
            self._starting += 1
        found: Future[RemoteWorker] = Future()
        threading.Thread(target=self._replace, args=(found,), name="replace", daemon=True).start()
        return found

    def decoding(self, latents: Tensor) -> Future[Image] | None:
        """As `decode`, begun by the worker whose turn it is; None without workers. It fails if that one ends."""
        workers = self.workers
        return workers[next(self._turns) % len(workers)].decode(latents) if workers else None

    def decode(self, latents: Tensor) -> Image:
        """(C, h, w) -> uint8 (H, W, 3), by any worker, or the one that is started in its place. Raises AnimateError if there is none."""
        alone = time.monotonic()
        while time.monotonic() - alone < FREE:
            if not (workers := self.workers):
                alone = time.monotonic() if self._starting else alone
                time.sleep(0.05)
                continue
            one = workers[next(self._turns) % len(workers)]
            try:
                return one.decode(latents).result()
            except Lost as error:
                self.missed(one, error)
                alone = time.monotonic()
                with self._lock:
                    self.workers = [other for other in self.workers if other is not one]
        raise AnimateError("no worker is left to decode; the same command goes on from what is in the store")

    def forget(self) -> None:
        """What workers keep for batches to come, and takes memory."""
        for one in self.workers:
            one.actor.forget.remote()

    def offload(self) -> bool:
        """Whether that changed anything for any of them."""
        return max([bool(one.ask("offload").result()) for one in self.workers], default=False)  # all are asked

    def close(self) -> None:
        """Send the workers away, and end the cluster if it was started here."""
        with self._lock:
            workers, self.workers, self._left, self._closed = self.workers, [], -1, True
        for one in workers:
            with contextlib.suppress(Exception):  # it is gone already
                self.ray.kill(one.actor)
        if self._joined:
            self.ray.shutdown()
        self._folder.cleanup()

    def _begun(self) -> RayWorker:
        name = f"worker {next(self._numbers)}"
        return RayWorker(name, self._actor.options(**self.options).remote(self.source, self.source.paths(), self.threads), self._shared)

    def _loading(self, one: RayWorker) -> Future[Facts]:
        """Its facts, which it knows when it has loaded the model; what it lacks of that is sent first. Raises AnimateError."""
        try:
            lacking = one.ask("lacking").result(STARTS)
            if lacking:
                self.report.log(f"sending {', '.join(lacking)} to {one.name}")
                one.ask("receive", {path: self.ray.put(shipping.pack(path)) for path in lacking}).result()
        except TimeoutError as error:
            raise AnimateError(f"{one.name} has not started within {STARTS:g} seconds; look whether animate is installed on every machine") from error
        except Lost as error:
            raise AnimateError(f"{one.name} ended before it had loaded the model: {error}") from error
        return one.ask("facts")

    def _loaded(self, one: RayWorker, facts: Future[Facts]) -> Facts:
        """Raises AnimateError if it could not load the model."""
        try:
            found = facts.result()
        except Lost as error:
            raise AnimateError(f"{one.name} ended before it had loaded the model: {error}") from error
        one.hardware = found.numerics.hardware
        return found

    def _replace(self, found: Future[RemoteWorker]) -> None:
        one = self._begun()
        try:
            facts = self._loaded(one, self._loading(one))
            if facts.numerics.hardware not in self._hardware:
                raise AnimateError(f"{one.name} draws on {facts.numerics.hardware}, and not as the others")
            with self._lock:
                if self._closed:
                    raise AnimateError("the workers were sent away meanwhile")
                self.workers = [*self.workers, one]
            found.set_result(one)
        except Exception as error:
            with contextlib.suppress(Exception):  # it is gone already
                self.ray.kill(one.actor)  # or it would hold what the next one needs
            found.set_exception(error)
        finally:
            with self._lock:
                self._starting -= 1

    def _shared(self, digest: str, image: Image) -> Any:
        if digest not in self._images:
            self._images[digest] = self.ray.put(image)
        self._images.move_to_end(digest)
        while len(self._images) > KEPT:
            self._images.popitem(last=False)
        return self._images[digest]

    def _wait_for_room(self) -> None:
        """Raises AnimateError if the cluster has not so much free, with what it has."""
        until = time.monotonic() + FREE
        what, each = ("GPU", self.options["num_gpus"]) if self.options["num_gpus"] else ("CPU", self.options["num_cpus"])
        while (free := self.ray.available_resources().get(what, 0)) < each * self.count:
            if time.monotonic() > until:
                wanted = f"{counted(self.count, 'worker')} with {counted(each, what)} each"
                there = f"{counted(int(free), what)} of the cluster {'is' if free == 1 else 'are'} free"
                raise AnimateError(f"{wanted}: {there}, others hold the rest; ask for fewer --workers, or wait")
            time.sleep(0.1)


def _ray(own: bool) -> Any:
    """The library. own: a cluster will be started here, that nobody else on this machine may run code in."""
    if "ray" not in sys.modules:  # it looks at these once
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers about us
        os.environ.setdefault("RAY_worker_niceness", "0")  # as this process: at Ray's own 15, any busy program would starve them
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as later versions do; otherwise it warns of it
        if own and os.environ.setdefault("RAY_AUTH_MODE", "token") == "token":
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)  # it advises to switch off what keeps others out
    return ray


def _short() -> str | None:
    """A folder with a short name for temporary ones, where there is one: names of sockets have 100 letters at most."""
    return "/tmp" if os.path.isdir("/tmp") else None  # noqa: PTH112


def _connected(ray: Any, address: str | None, folder: str, report: Report) -> bool:
    """Whether this process was connected to a cluster here, and has to be disconnected. Raises AnimateError if there is none at the address.

    folder: for what Ray writes, if it is started here: not where others look for clusters.
    """
    if ray.is_initialized():
        return False
    given: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if address is None:
        report.progress("starting workers", 0, 0)
        given |= {"address": "local", "_node_ip_address": HERE, "object_store_memory": STORE, "include_dashboard": False}
        given |= {"_temp_dir": folder}
    else:
        asked.check_is_ray(address)
        given |= {"address": asked.resolved(address)}
    try:
        ray.init(**given)
    except Exception as error:  # of many kinds: no cluster, another version, a wrong token
        if address is None:
            raise AnimateError(f"Ray cannot be started here ({one_line(error, 200)}); look whether memory and /dev/shm have room") from error
        raise AnimateError(f"cluster {address}: none can be joined there ({one_line(error, 200)}); start one with: ray start --head") from error
    return True


def _actor(ray: Any) -> Any:
    """The class of actors: a worker, asked by other processes."""

    class Actor(worker.Worker):
        @ray.method(concurrency_group=DRAW)  # type: ignore[untyped-decorator]
        def draw(self, job: Job, images: Mapping[str, Any]) -> Drawn:
            return super().draw(job, {digest: ray.get(image) for digest, image in images.items()})

        def receive(self, parcels: Mapping[str, Any]) -> None:
            super().receive({path: ray.get(parcel) for path, parcel in parcels.items()})

    return ray.remote(concurrency_groups={DRAW: 1}, max_restarts=0, max_task_retries=0)(Actor)


def _answer(reference: Any) -> Future[Any]:
    """What a worker's method returns, or raises; Lost if it is there no more."""
    answer: Future[Any] = Future()

    def done(got: Future[Any]) -> None:
        error = got.exception()
        if error is None:
            answer.set_result(got.result())
        else:
            answer.set_exception(_meant(error))

    reference.future().add_done_callback(done)
    return answer


def _meant(error: BaseException) -> BaseException:
    """What has happened in the worker: its own error, or that it has ended."""
    from ray.exceptions import RayActorError, RayTaskError

    if isinstance(error, RayActorError):
        return Lost(one_line(str(error).partition("\n")[0], 120))
    if isinstance(error, RayTaskError) and isinstance(error.cause, BaseException):
        return error.cause
    return error

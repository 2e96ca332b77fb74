"""What is asked for of workers, checked within a second: before torch is loaded or anything is started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from numbers import Integral
from pathlib import Path
from typing import Any

from ..errors import AnimateError, counted, one_line
from ..models.placement import has_driver

INSTALL = 'pip install "animate[ray]"'
ANSWERS = 0.7  # seconds in which an address does
IS_RAY = 15  # seconds in which a busy machine, too, has said that it is Ray
CURRENT = Path(os.environ.get("RAY_TMPDIR", "/tmp")) / "ray" / "ray_current_cluster"  # where "ray start" writes the address
ALLOWED = "allowed: HOST:PORT of a running Ray cluster, or auto for the one on this machine"


def check(workers: Any, address: Any) -> None:
    """Raises AnimateError for what can be no number of workers, for an address where nobody answers, and where Ray is not installed."""
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, Integral) or workers < 1):
        raise AnimateError(f"{one_line(repr(workers), 60)} workers; allowed: a whole number from 1, or leave it out for one on each GPU")
    if address is not None and (not isinstance(address, str) or not address):
        raise AnimateError(f"cluster {one_line(repr(address), 60)}; {ALLOWED}")
    if find_spec("ray") is None:
        raise AnimateError(f"workers need Ray, which is not installed: {INSTALL}")
    if address is not None:
        _answers(resolved(address))


def resolved(address: str) -> str:
    """Of "auto", the cluster of the environment, or else the one that was started on this machine. Raises AnimateError if there is none.

    Ray itself would take any of its processes for one, those of another film's workers too, and ask them for minutes.
    """
    if address != "auto":
        return address
    if known := os.environ.get("RAY_ADDRESS"):
        return known
    try:
        return CURRENT.read_text().strip()
    except OSError as error:
        raise AnimateError("cluster auto: none is known on this machine; start one with: ray start --head, or give HOST:PORT") from error


def check_here(workers: int, device: str) -> None:
    """Raises AnimateError for more workers than this machine has cores for, where it is those that draw."""
    if device == "cpu" or not has_driver():
        check_room(workers, cores(), "CPU core")


def check_room(workers: int, there: int, kind: str) -> None:
    """Raises AnimateError for more workers than there is room for."""
    if workers > there:
        raise AnimateError(f"{counted(workers, 'worker')}, and there {'is' if there == 1 else 'are'} {counted(there, kind)}; give each one at least")


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _answers(address: str) -> None:
    """Raises AnimateError if nobody does: Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not host or not port.isdigit():
        raise AnimateError(f'cluster "{one_line(address, 60)}"; {ALLOWED}')
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWERS).close()
    except (OSError, OverflowError) as error:
        raise AnimateError(f"cluster {address}: nobody answers there ({one_line(error)}); start one with: ray start --head") from error


def check_is_ray(address: str) -> None:
    """Raises AnimateError if what answers is no Ray, or takes other tokens than this process has: Ray would try for minutes, in many lines.

    Its own check does both, in a process that can be ended. Not of ray://, which is another protocol.
    """
    if address.startswith("ray://"):
        return
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", resolved(address)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=IS_RAY)
    except subprocess.TimeoutExpired as error:
        raise AnimateError(f"cluster {address}: what answers there is no Ray, or does not come to it within {IS_RAY} s; {ALLOWED}") from error
    if done.returncode and "AuthToken" in done.stderr:
        token = "RAY_AUTH_MODE=token and the RAY_AUTH_TOKEN that it was started with"
        raise AnimateError(f"cluster {address}: it lets in who has its token; set {token}, here, too")
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        raise AnimateError(f"cluster {address}: none can be joined there ({one_line(said[-1], 200)}); start one with: ray start --head")


def shares(nodes: Sequence[Mapping[str, float]], count: int | None, device: str) -> tuple[int, dict[str, int], int | None]:
    """How many workers there are, what each asks Ray for, and how many threads it has (None: as torch takes them).

    nodes: what each machine has. count: of workers, if that was said. Raises AnimateError for more than there is room for.
    """
    gpus, cpus = (sum(int(node.get(what, 0)) for node in nodes) for what in ("GPU", "CPU"))
    on_gpu = device.startswith("cuda") or (device == "auto" and gpus > 0)
    there = gpus if on_gpu else cpus
    check_room(count or 1, there, "GPU" if on_gpu else "CPU core")
    if on_gpu:
        return count or gpus, {"num_cpus": 0, "num_gpus": 1}, None
    count = count or len([node for node in nodes if node.get("CPU", 0) >= 1])
    threads = next(k for k in range(max(1, cpus // count), 0, -1) if sum(int(node.get("CPU", 0)) // k for node in nodes) >= count)
    return count, {"num_cpus": threads, "num_gpus": 0}, threads

"""What it costs to have others draw: scheduling alone, a film by several workers, and workers that are killed.

    python tests/benchmarks/cluster.py scheduling     workers that sleep as long as a batch takes, instead of drawing
    python tests/benchmarks/cluster.py film           sprout, by one process and by workers that share the cores
    python tests/benchmarks/cluster.py kills          films while workers are killed at random: the same bytes?

Prints a line a measurement, and JSON with --json.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import ray

import animate
from animate.cluster import crew, worker
from animate.cluster.cluster import Cluster
from animate.cluster.worker import Drawn, Job
from animate.pixels import Image
from animate.report import Report

SECONDS = 0.25  # that a batch takes: 8 pictures of Stable Diffusion 1.5 on a fast GPU take two
SIDE = 64  # pixels of the pictures that come back, times eight: those of Stable Diffusion 1.5


class Sleeping(worker.Worker):
    """Sleeps instead of drawing; what it sends back is as large as what a real one does."""

    seconds = SECONDS

    def draw(self, job: Job, images: Mapping[str, Image]) -> Drawn:
        time.sleep(self.seconds)
        count = len(job.batch.cels)
        latents = np.zeros((count, len(job.batch.stops), 4, SIDE, SIDE), np.float32)
        latents[:] = np.random.default_rng(job.number).standard_normal(latents.shape[2:], np.float32)
        return Drawn(latents, tuple(np.zeros((8 * SIDE, 8 * SIDE, 3), np.uint8) for _ in job.batch.shown), ())


def watched(film: Iterator[Any]) -> tuple[int, float, float]:
    """Frames, seconds and the most memory of this process meanwhile, in MB, over what it was before."""
    process, most, done = psutil.Process(), [0.0], threading.Event()
    before = process.memory_info().rss

    def look() -> None:
        while not done.wait(0.05):
            most[0] = max(most[0], process.memory_info().rss - before)

    looking = threading.Thread(target=look)
    looking.start()
    began = time.perf_counter()
    frames = sum(1 for _ in film)
    seconds = time.perf_counter() - began
    done.set()
    looking.join()
    return frames, seconds, most[0] / 1e6


def scheduling(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    ray.init(num_cpus=arguments.workers, include_dashboard=False, object_store_memory=2**30, log_to_driver=False)
    worker.Worker = Sleeping  # type: ignore[misc]
    alone = 0.0
    runs = [(1, 40, SECONDS), (arguments.workers, 40 * arguments.workers, SECONDS), (arguments.workers, 13, SECONDS), (arguments.workers, 1250, 0.0)]
    for workers, batches, seconds in runs:
        Sleeping.seconds = seconds
        with Cluster("sprout", workers, device="cpu", batch_size=8) as model:
            story = animate.Storyboard.of("a seed", "a tree", frames=8 * batches, pace="linear", sampling={"steps": 4})
            frames, took, memory = watched(animate.render(story, model))
        each = took / batches
        alone = alone or each
        yield {
            "workers": workers, "frames": frames, "batch_seconds": seconds, "seconds": round(took, 2), "frames_per_second": round(frames / took, 1),
            "times_one": round(alone / each, 2), "overhead_ms": round(1000 * (each - seconds / workers), 2), "driver_mb": round(memory, 1),
        }  # fmt: skip


def film(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    story = animate.Storyboard.of("a seed", "a tree", frames=arguments.frames)
    for round_ in range(arguments.rounds):
        for workers in (None, *range(1, arguments.workers + 1)):
            model = animate.load_model("sprout") if workers is None else Cluster("sprout", workers)
            [*animate.render(story.replace(frames=8), model)]
            frames, seconds, _ = watched(animate.render(story, model))
            yield {"round": round_, "workers": workers or "this process", "frames": frames, "seconds": round(seconds, 2)}
            if isinstance(model, Cluster):
                model.close()


def kills(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """In each film, a worker is killed at a random moment; the next film waits until another one has come in its place."""
    dice, crew.RESTARTS = random.Random(arguments.seed), arguments.runs
    story = animate.Storyboard.of("a seed", "a tree", frames=arguments.frames, sampling={"steps": 4})
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=2**29, log_to_driver=False)
    with tempfile.TemporaryDirectory() as folder, Cluster("sprout", 2, device="cpu", report=Silent()) as model:
        expected, seconds = b"", 0.0
        for number in range(-2, arguments.runs):  # the first one warms up, the second one tells how long a film takes
            path, began = Path(folder) / f"film {number}.mp4", time.perf_counter()
            killer = threading.Timer(dice.uniform(0, seconds), _kill, [model, dice])
            if number >= 0:
                killer.start()
            animate.write_video(path, animate.render(story, model))
            killer.join() if number >= 0 else killer.cancel()
            seconds = seconds if number >= 0 else time.perf_counter() - began
            expected = expected or path.read_bytes()
            while len(model._crew.workers) < 2:
                time.sleep(0.1)
            if number >= 0:
                yield {"run": number, "same_bytes": path.read_bytes() == expected}
            path.unlink()


def _kill(model: Cluster, dice: random.Random) -> None:
    ray.kill(dice.choice(model._crew.workers).actor)


class Silent(Report):
    def warn(self, line: str) -> None:
        pass

    def log(self, line: str) -> None:
        pass


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["scheduling", "film", "kills"])
    p.add_argument("--workers", type=int, help="default: 8 that sleep, 2 that draw")
    p.add_argument("--frames", type=int, default=24)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--runs", type=int, default=50)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--json", type=Path, help="where the measurements go, too")
    arguments = p.parse_args()
    arguments.workers = arguments.workers or (8 if arguments.what == "scheduling" else 2)
    found = []
    for one in {"scheduling": scheduling, "film": film, "kills": kills}[arguments.what](arguments):
        found.append(one)
        print("  ".join(f"{name} {value}" for name, value in one.items()), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

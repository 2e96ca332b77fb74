"""Kill a film after a random event, again and again, and look at what is left.

    python tests/benchmarks/faults.py --count 100

Every trial is a process of its own that draws a film, and ends itself with SIGKILL at the n-th event of one kind: a batch drawn,
a state written, a frame encoded. Afterwards: is the store readable, how many finished cels are lost (those of the batches in
flight may be), is the output absent or whole, and does a second run write the same bytes as one that nobody disturbed?

The trials are forked from one process that has the model loaded: a thousand would otherwise be an hour of importing torch.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

import animate
from animate import Sampling, Storyboard
from animate.draw import drawer, engine, store
from animate.media import encoders
from animate.media import writers as video
from animate.models.base import Model

STORY = Storyboard.of("a seed", "a sprout", "a tree", frames=22, pace="linear", sampling=Sampling(steps=2, guidance=2.0))
BATCH_SIZE = 4
IN_FLIGHT = engine.WINDOW * BATCH_SIZE  # cels that may be finished and not kept: one batch is drawn while another one is written
EVENTS: dict[str, tuple[object, str, int]] = {  # what is counted, and how often it happens in this film
    "batch drawn": (drawer.Drawer, "draw", 6),
    "state written": (store.Store, "write", 23),
    "state synced": (os, "fsync", 23),  # written under another name, not yet under its own
    "frame encoded": (encoders.Pipe, "add", 22),
}


@dataclass
class Found:
    lost: int  # finished cels that are not in the store
    wrong: str = ""  # what must never be


def killed_after(count: int, call: Callable[..., Any]) -> Callable[..., Any]:
    left = count

    def counted(*args: Any, **settings: Any) -> Any:
        nonlocal left
        made = call(*args, **settings)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    return counted


def arm(event: str, count: int) -> None:
    """From now on this process dies at the `count`-th event."""
    owner, name, _ = EVENTS[event]
    real = getattr(owner, name)
    setattr(owner, name, killed_after(count, real))


def film(model: Model, folder: Path) -> None:
    images = animate.render(STORY, model, store=store.Store(folder / "store"))
    animate.write_video(folder / "film.mp4", images, STORY.rate)


def in_child(work: Callable[[], None]) -> int:
    """The exit status of a forked process that does this."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def trial(model: Model, event: str, count: int, whole: bytes) -> Found:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def die() -> None:
            video.check(folder / "film.mp4", STORY.rate)  # its test of the codec encodes frames, too
            arm(event, count)
            film(model, folder)

        status = in_child(die)
        if status != signal.SIGKILL:
            return Found(0, f"the process ended with {status}, not with SIGKILL")
        if (folder / "film.mp4").exists() and (folder / "film.mp4").read_bytes() != whole:
            return Found(0, "half an output")
        kept = sum(1 for path in (folder / "store").glob("states/*/*") if not path.name.startswith("."))
        drawn = {"batch drawn": count * BATCH_SIZE, "frame encoded": count}.get(event, count - 1 if event == "state written" else count - 2)
        lost = max(0, min(22, drawn) - kept)
        if in_child(lambda: film(model, folder)) != 0:
            return Found(lost, "the second run failed")
        if (folder / "film.mp4").read_bytes() != whole:
            return Found(lost, "the second run wrote another film")
        return Found(lost)


def trials(model: Model, count: int, seed: int = 0) -> dict[str, list[Found]]:
    """The findings of `count` trials, by kind of event."""
    torch.set_num_threads(1)  # a forked process has none of its parent's others
    model.numerics = replace(model.numerics, batch_size=BATCH_SIZE)
    draws, found = random.Random(seed), dict[str, list[Found]]()
    with tempfile.TemporaryDirectory() as name:
        if in_child(lambda: film(model, Path(name))) != 0:
            raise RuntimeError("the film cannot be drawn at all")
        whole = (Path(name) / "film.mp4").read_bytes()
    for i in range(count):
        event = [*EVENTS][i % len(EVENTS)]
        found.setdefault(event, []).append(trial(model, event, draws.randint(1, EVENTS[event][2]), whole))
    return found


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--count", type=int, default=100)
    p.add_argument("--model", default="sprout")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.set_num_threads(1)
    bad = 0
    for event, findings in trials(animate.load_model(a.model, device="cpu", batch_size=BATCH_SIZE), a.count, a.seed).items():
        wrong = [one.wrong for one in findings if one.wrong]
        bad += len(wrong) + sum(one.lost > IN_FLIGHT for one in findings)
        print(f"{event}: {len(findings)} kills, at most {max(one.lost for one in findings)} finished cels lost, {len(wrong)} failures", *wrong[:3])
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()

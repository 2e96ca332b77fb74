"""The judge: a classifier of scenes, trained on seeds that the model never saw, that says what is on a picture."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import scenes
from job import Pace, descend, log, rate
from pen import COLORS
from pictures import made_by
from subjects import SUBJECTS
from worlds import PLACES, TIMES, WEATHERS

SIDE = 128  # pixels that the judge looks at
MUSH = "mush"  # the subject of two pictures laid over each other: neither one nor a stage between
SEEDS = 77  # of its pictures; those of training begin with 1

Answers = dict[str, list[str | int]]


def questions(subjects: Sequence[str]) -> Answers:
    return {"subject": [*subjects, MUSH], "color": [*COLORS], "place": [*PLACES], "time": [*TIMES], "weather": [*WEATHERS], "count": [1, 2, 3]}


def asked(scene: scenes.Scene, question: str) -> str | int | None:
    """What the scene says; None where it leaves it open (a colour that was not said may be any)."""
    return scene.where if question == "place" else getattr(scene, question)


def mushed(rng: np.random.Generator, subjects: Sequence[str]) -> np.ndarray:
    """A cross-fade: what a film must not be made of. Of two subjects, or of one that is here red and there blue, one and two."""
    a = scenes.seen_scene(rng, [name for name in subjects if name != scenes.SCENERY])
    if rng.random() < 0.5:
        b = a
        while b.subject == a.subject:
            b = replace(scenes.seen_scene(rng, subjects), place=a.place, time=a.time, weather=a.weather)
    else:  # what differs most within one subject is where it stands
        b = replace(a, variation=int(rng.integers(2**31)), count=3 if a.count == 1 and any(SUBJECTS[a.subject].plurals) else 1)
    first, second = (scenes.draw(scenes.sketch(scene), SIDE).astype(float) for scene in (a, b))
    faded: np.ndarray = first + (second - first) * rng.uniform(0.35, 0.65)
    return faded.astype(np.uint8)


def draw_some(task: tuple[int, int, tuple[str, ...], Answers]) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 (count, SIDE, SIDE, 3) and for each question the number of the answer, -1 where there is none."""
    seed, count, subjects, allowed = task
    rng, images, labels = np.random.default_rng((SEEDS, seed)), [], []
    for _ in range(count):
        if rng.random() < 0.1:
            images.append(mushed(rng, subjects))
            labels.append([allowed["subject"].index(MUSH)] + [-1] * (len(allowed) - 1))
            continue
        scene = scenes.random_scene(rng, subjects)
        images.append(scenes.draw(scenes.sketch(scene), SIDE))
        said = [asked(scene, question) for question in allowed]
        labels.append([-1 if answer is None else allowed[name].index(answer) for name, answer in zip(allowed, said, strict=True)])
    return np.stack(images), np.array(labels)


def drawn(seeds: range, subjects: tuple[str, ...], allowed: Answers, workers: int) -> tuple[Tensor, Tensor]:
    with multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn").Pool(workers) as pool:
        parts = pool.map(draw_some, [(seed, 100, subjects, allowed) for seed in seeds], chunksize=1)
    return torch.from_numpy(np.concatenate([a for a, _ in parts])), torch.from_numpy(np.concatenate([b for _, b in parts]))


class Block(nn.Sequential):
    def __init__(self, before: int, after: int):
        super().__init__(
            nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(True),
            nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(True),
        )  # fmt: skip


class Net(nn.Module):
    def __init__(self, allowed: Answers):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 24, 5, 2, 2), nn.ReLU(True), Block(24, 48), Block(48, 96), Block(96, 160), Block(160, 224))
        # Means tell the setting, maxima the subject, wherever it stands.
        self.heads = nn.ModuleDict({name: nn.Linear(448, len(answers)) for name, answers in allowed.items()})

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """uint8 (B, SIDE, SIDE, 3) -> log-probabilities of the answers to each question."""
        x = self.body(images.permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last))
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1).float()
        return {name: head(pooled).float().log_softmax(1) for name, head in self.heads.items()}


@dataclass
class Judge:
    net: Net
    allowed: Answers
    device: str

    @torch.no_grad()
    def says(self, images: np.ndarray) -> list[dict[str, str | int]]:
        """The answer to every question for each of uint8 (N, H, W, 3)."""
        found: list[dict[str, str | int]] = []
        for some in np.array_split(images, max(1, len(images) // 128)):
            x = torch.from_numpy(some).to(self.device)
            if x.shape[1] != SIDE:
                x = F.interpolate(x.permute(0, 3, 1, 2).float(), (SIDE, SIDE), mode="area").round().permute(0, 2, 3, 1)
            best = {name: said.argmax(1).tolist() for name, said in self.net(x).items()}
            found += [{name: self.allowed[name][rows[i]] for name, rows in best.items()} for i in range(len(some))]
        return found


def trained(subjects: tuple[str, ...], work: Path, device: str, workers: int, pictures: int = 30_000, epochs: int = 8) -> Judge:
    """A judge of these subjects, kept in `work` and trained once."""
    allowed = questions(subjects)
    net, path = Net(allowed).to(device), work / f"judge-{len(subjects)}-{pictures}-{made_by()}.pt"
    if path.exists():
        net.load_state_dict(torch.load(path, map_location=device))
        return Judge(net.eval(), allowed, device)
    images, labels = drawn(range(pictures // 100), subjects, allowed, workers)
    batch, optimizer, pace = 128, torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05), Pace()
    steps = epochs * len(images) // batch
    amp = torch.autocast(device, torch.bfloat16, enabled=device != "cpu" or torch.cpu._is_amx_tile_supported())
    for step in range(steps):
        pick = torch.randint(len(images), (batch,), generator=torch.Generator().manual_seed(step))
        truth = labels[pick].to(device)
        with amp:
            said = net(images[pick].to(device))
        loss = torch.stack([F.nll_loss(said[name], truth[:, i], ignore_index=-1) for i, name in enumerate(allowed)]).sum()
        descend(optimizer, loss, rate(step, steps, 2e-3))
        pace.step()
        if (step + 1) % 200 == 0:
            log.info("judge %d of %d, loss %.3f, %.3f s a step", step + 1, steps, loss.item(), pace.a_step)
    torch.save(net.state_dict(), path)
    return Judge(net.eval(), allowed, device)

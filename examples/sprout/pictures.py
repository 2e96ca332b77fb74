"""The training set: pictures drawn in parallel, kept on disk as uint8 and as latents."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor

import scenes
import words
from job import Job, log

Label = tuple[str, str, float]  # caption, other caption, mix


@dataclass(frozen=True)
class Drawn:
    images: Tensor  # uint8 (N, size, size, 3), memory-mapped on a CPU, on the GPU otherwise
    labels: list[Label]


def draw_some(task: tuple[int, int, int, tuple[str, ...]]) -> tuple[np.ndarray, list[Label]]:
    seed, count, size, subjects = task
    rng = np.random.default_rng((1, seed))
    meant = scenes.vocabulary(subjects)
    samples = [scenes.sample(rng, size, subjects) for _ in range(count)]
    labels = []
    for s in samples:
        first = words.salted(s.caption, meant, rng)
        labels.append((first, first if s.mix == 0 else s.other, s.mix))
    return np.stack([s.image for s in samples]), labels


def made_by() -> str:
    """A digest of the program that draws: another program draws other pictures."""
    here = Path(__file__).parent
    files = [here / "pen.py", here / "worlds.py", here / "scenes.py", here / "words.py", *sorted((here / "subjects").glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def pictures(job: Job) -> Drawn:
    name = f"{job.size}-{job.subjects}-{job.pictures}-{made_by()}"
    file, labels_file = job.work / f"pictures-{name}.npy", job.work / f"labels-{name}.json"
    if not labels_file.exists():
        draw_all(job, file, labels_file)
    labels = [(a, b, float(mix)) for a, b, mix in json.loads(labels_file.read_text())]
    images = torch.from_numpy(np.load(file, mmap_mode="r+"))
    return Drawn(images if job.device == "cpu" else images.to(job.device), labels)


def draw_all(job: Job, file: Path, labels_file: Path) -> None:
    images = np.lib.format.open_memmap(file, "w+", np.uint8, (job.pictures, job.size, job.size, 3))
    chunk, began = 128, time.monotonic()
    labels: list[Label] = []
    tasks = [(i, min(chunk, job.pictures - i), job.size, job.names) for i in range(0, job.pictures, chunk)]
    with multiprocessing.get_context("spawn").Pool(job.workers) as pool:
        for (start, count, _, _), (drawn, said) in zip(tasks, pool.imap(draw_some, tasks), strict=True):
            images[start : start + count] = drawn
            labels += said
    images.flush()
    labels_file.write_text(json.dumps(labels))
    log.info("drew %d pictures in %.0f s", job.pictures, time.monotonic() - began)


def levels(images: Tensor, device: str) -> Tensor:
    """uint8 (B, H, W, 3) as (B, 3, H, W) in -1..1."""
    return images.to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def encoded(job: Job, vae: AutoencoderTiny, images: Tensor) -> Tensor:
    """Latents of all pictures, fp16 (N, 4, size/8, size/8)."""
    weights = b"".join(tensor.cpu().numpy().tobytes() for tensor in vae.encoder.state_dict().values())
    file = job.work / f"latents-{job.size}-{len(images)}-{hashlib.sha256(weights + made_by().encode()).hexdigest()[:8]}.pt"
    if file.exists():
        kept: Tensor = torch.load(file)
        return kept
    parts, began = [], time.monotonic()
    for some in [images[i : i + 64] for i in range(0, len(images), 64)]:
        with job.autocast():
            parts.append(vae.encode(levels(some, job.device)).latents.half().cpu())
    latents = torch.cat(parts)
    log.info("encoded %d in %.0f s; std per channel %s", len(latents), time.monotonic() - began,
             [round(v, 2) for v in latents.float().std((0, 2, 3)).tolist()])  # fmt: skip
    torch.save(latents, file)
    return latents

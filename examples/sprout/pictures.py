"""The training set: pictures drawn in parallel, kept on disk as uint8 and as latents."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor

import scenes
import words
from job import Job, keep, log

Label = tuple[str, str, float]  # caption, other caption, mix
Task = tuple[int, int, int, tuple[str, ...]]  # seed, how many, pixels, subjects
CHUNK = 128  # pictures of one file


@dataclass(frozen=True)
class Drawn:
    images: Tensor  # uint8 (N, size, size, 3), on the device
    labels: list[Label]


def draw_some(task: Task) -> tuple[np.ndarray, list[Label]]:
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


def draw_chunk(task: tuple[Path, Task]) -> None:
    """Pictures and labels of one chunk into files, the labels last: where they are, the chunk is whole."""
    path, about = task
    images, labels = draw_some(about)
    np.save(path.with_suffix(".new.npy"), images)
    os.replace(path.with_suffix(".new.npy"), path.with_suffix(".npy"))
    path.with_suffix(".new").write_text(json.dumps(labels))
    os.replace(path.with_suffix(".new"), path.with_suffix(".json"))


def pictures(job: Job) -> Drawn:
    """All pictures, on the device; what is on disk already is not drawn again."""
    folder = job.work / f"pictures-{job.size}-{job.subjects}-{made_by()}"
    folder.mkdir(parents=True, exist_ok=True)
    chunks, began = [(folder / f"{i:06d}", i, min(CHUNK, job.pictures - i)) for i in range(0, job.pictures, CHUNK)], time.monotonic()
    with multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn").Pool(job.workers) as pool:
        wanted = [(path, (i, count, job.size, job.names)) for path, i, count in chunks if not path.with_suffix(".json").exists()]
        for _ in pool.imap_unordered(draw_chunk, wanted):
            pass
    images, labels = torch.empty((job.pictures, job.size, job.size, 3), dtype=torch.uint8, device=job.device), list[Label]()
    for path, i, count in chunks:
        images[i : i + count] = torch.from_numpy(np.load(path.with_suffix(".npy")))[:count].to(job.device)
        labels += [(a, b, float(mix)) for a, b, mix in json.loads(path.with_suffix(".json").read_text())][:count]
    log.info("drew %d of %d pictures in %.0f s", sum(count for _, (_, count, _, _) in wanted), job.pictures, time.monotonic() - began)
    return Drawn(images, labels)


def levels(images: Tensor, device: str) -> Tensor:
    """uint8 (B, H, W, 3) as (B, 3, H, W) in -1..1."""
    return images.to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def encoded(job: Job, vae: AutoencoderTiny, images: Tensor) -> Tensor:
    """Latents of all pictures, fp16 (N, channels, side, side)."""
    weights = b"".join(tensor.cpu().numpy().tobytes() for tensor in vae.encoder.state_dict().values())
    file = job.kept / f"latents-{len(images)}-{hashlib.sha256(weights + made_by().encode()).hexdigest()[:8]}.pt"
    if file.exists():
        kept: Tensor = torch.load(file)["latents"]
        return kept
    parts, began = [], time.monotonic()
    for some in [images[i : i + 64] for i in range(0, len(images), 64)]:
        with job.autocast():
            parts.append(vae.encode(levels(some, job.device)).latents.half())
    latents = torch.cat(parts)
    log.info("encoded %d in %.0f s; std per channel %s", len(latents), time.monotonic() - began,
             [round(v, 2) for v in latents.float().std((0, 2, 3)).tolist()])  # fmt: skip
    keep(file, {"latents": latents.cpu()})
    return latents

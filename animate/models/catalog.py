"""The names that people say for models -> where the weights are, and what suits them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    where: str  # folder or hub id
    steps: int  # that look good
    guidance: float
    licence: str
    about: str


DEFAULT = "sprout"

CATALOG: dict[str, Entry] = {
    "sprout": Entry(str(Path(__file__).parent / "sprout"), 12, 3.0, "Apache-2.0", "built in: small flat illustrations, drawn in seconds on a CPU"),
}

# What to say to those who want more than sprout.
ELSEWHERE = "--model stable-diffusion-v1-5/stable-diffusion-v1-5"

"""The names that people say for models -> where the weights are, and what suits them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    where: str  # folder or hub id
    steps: int  # that look good
    guidance: float
    about: str


DEFAULT = "sprout"

CATALOG: dict[str, Entry] = {
    "sprout": Entry(str(Path(__file__).parent / "sprout"), 12, 3.0, "built in: small flat illustrations, 128 x 128"),
}

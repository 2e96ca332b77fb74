"""What is known of a named model before it is loaded: where it is, what it takes to have it here, its size, the words it was taught."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...errors import amount
from ..parts import vocabulary
from . import hub
from .catalog import Entry


def space(model: dict[str, Any]) -> str:
    """What a model takes on this disk, or what it will."""
    if model["built_in"]:
        return f"{model['mb']} MB"
    return "here" if model["here"] else f"{amount(model['mb'] * 1e6)} to download"


def facts(entry: Entry) -> dict[str, Any]:
    """Where a model is, its size, native resolution, licence and vocabulary."""
    known = {"about": entry.about, "where": entry.where, "licence": entry.licence, "gated": entry.gated, "built_in": entry.built_in}
    known |= {"steps": entry.steps, "guidance": entry.guidance, "sampler": entry.sampler}
    if not entry.built_in:
        here = any(hub.cached(entry.where, dtype) for dtype in ("float16", "float32"))
        return {**known, "mb": entry.megabytes, "here": here, "width": entry.width, "height": entry.height, "knows": {}}
    folder = Path(entry.where)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    side = json.loads((folder / "unet" / "config.json").read_text())["sample_size"] * 8
    words = vocabulary.read(folder)
    return {**known, "mb": round(size / 1e6, 1), "here": True, "width": side, "height": side, "knows": words.kinds if words else {}}

"""The command that draws the film which a page shows, to copy. Knows no page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ..story.storyboard import Storyboard

FLAGS = ("fast", "draft")  # of the sampling: true or false
FILE = "storyboard.yaml"  # what a storyboard is saved as that no options can say


def command(story: Storyboard, model: str | None = None) -> str:
    """Options where they can say all of it, else the storyboard's file: "animate 'a seed' 'a tree' --frames 48"."""
    said = story.model_dump(exclude_defaults=True)
    keys, sampling = said.pop("keyframes"), said.pop("sampling", {})
    options = {**said, **sampling}
    plain = all([*key] == ["prompt"] and not _taken(key["prompt"]) for key in keys)
    words = [FILE] if not plain or any(_timed(value) for value in options.values()) else _words(keys, options)
    return shlex.join(["animate", "render", *words, *(["--model", model] if model else [])])


def _taken(prompt: str) -> bool:
    """Whether the command would take it for something else than a prompt."""
    return prompt.startswith("-") or prompt.rpartition(".")[2].lower() in ("yaml", "yml", "toml", "json")


def _timed(value: Any) -> bool:
    """Whether it changes at places in time, for which there is no option."""
    return any(isinstance(part, Mapping) for part in (value if isinstance(value, list | tuple) else [value])) or value == "own"


def _words(keys: list[dict[str, Any]], options: Mapping[str, Any]) -> list[str]:
    words = [key["prompt"] for key in keys]
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if name in FLAGS:
            words.append(option if value else f"--no-{name}")
        elif name == "conventions":
            return [FILE]
        elif isinstance(value, list | tuple):
            words += [option, ",".join(_number(part) for part in value)]
        else:
            words += [option, _number(value)]
    return words


def _number(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)

"""Where things lie on this machine: paths as people write them, the cache, the file of a person's settings. Knows nothing of what lies there."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def path_of(name: str | os.PathLike[str]) -> Path:
    """The path that a person means: a "~" at its beginning is the home folder, wherever the name comes from (a shell turns only some)."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises for a user that is not known, this leaves the name as it is


def cache() -> Path:
    """The folder for states and fingerprints: ANIMATE_CACHE, or the system's folder for caches. It need not exist."""
    folder = os.environ.get("ANIMATE_CACHE")
    return path_of(folder) if folder else platformdirs.user_cache_path("animate")


def config() -> Path:
    """The file of a person's own settings: ANIMATE_CONFIG, or animate.toml in the system's folder for settings. It need not exist."""
    path = os.environ.get("ANIMATE_CONFIG")
    return path_of(path) if path else platformdirs.user_config_path("animate") / "animate.toml"

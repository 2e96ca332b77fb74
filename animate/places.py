"""The folders of this machine: the cache of what can be made again, and the file of a person's settings. Knows nothing of what lies there."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache() -> Path:
    """The folder for states and fingerprints: ANIMATE_CACHE, or the system's folder for caches. It need not exist."""
    folder = os.environ.get("ANIMATE_CACHE")
    return Path(folder).expanduser() if folder else platformdirs.user_cache_path("animate")


def config() -> Path:
    """The file of a person's own settings: ANIMATE_CONFIG, or animate.toml in the system's folder for settings. It need not exist."""
    path = os.environ.get("ANIMATE_CONFIG")
    return Path(path).expanduser() if path else platformdirs.user_config_path("animate") / "animate.toml"

"""Where this machine keeps what can be made again, and what a person has chosen once and for all."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache() -> Path:
    """The folder for states and fingerprints: ANIMATE_CACHE, or what the system has for such things. It need not exist."""
    said = os.environ.get("ANIMATE_CACHE")
    return Path(said).expanduser() if said else platformdirs.user_cache_path("animate")


def config() -> Path:
    """The file of a person's own settings: ANIMATE_CONFIG, or animate.toml where the system keeps such things. It need not exist."""
    said = os.environ.get("ANIMATE_CONFIG")
    return Path(said).expanduser() if said else platformdirs.user_config_path("animate") / "animate.toml"

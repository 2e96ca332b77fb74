"""Where this machine keeps what can be made again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache() -> Path:
    """The folder for states and fingerprints: ANIMATE_CACHE, or what the system has for such things. It need not exist."""
    said = os.environ.get("ANIMATE_CACHE")
    return Path(said).expanduser() if said else platformdirs.user_cache_path("animate")

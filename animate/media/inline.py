"""Films in a notebook: the path of a written one, which plays where it is the last line of a cell."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import amount

LARGEST = 32_000_000  # bytes of a film that a notebook takes into itself
PICTURES = {".gif": "image/gif", ".png": "image/png", ".webp": "image/webp", ".avif": "image/avif", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
VIDEOS = {".mp4": "video/mp4", ".webm": "video/webm"}

if TYPE_CHECKING:
    _Path = Path
else:
    _Path = type(Path())  # of this system: Path itself has no subclasses before Python 3.12


class FilmPath(_Path):
    """A path like any other, everywhere else."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str] | None:
        """What is played lies in the notebook itself, so that it is still there when the file is gone."""
        kind = (PICTURES | VIDEOS).get(self.suffix.lower())
        if kind is None or not self.is_file():
            return None
        if (size := self.stat().st_size) > LARGEST:
            return {"text/plain": f"{self} ({amount(size)}: too large to be played here)"}
        source = f"data:{kind};base64,{base64.b64encode(self.read_bytes()).decode()}"
        tag = f'<img src="{source}">' if kind in PICTURES.values() else f'<video src="{source}" controls loop autoplay muted></video>'
        return {"text/html": tag, "text/plain": str(self)}

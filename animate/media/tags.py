"""A text inside a picture or film file, or beside the pictures of a folder: put in, and read back. Knows nothing of what it says."""

from __future__ import annotations

from pathlib import Path

from ..errors import AnimateError
from ..places import regular
from .formats import FORMATS, format_of, names


def put(path: Path, text: str) -> None:
    """Write a text into a finished film, PNG or folder; the suffix says of which format. Raises AnimateError, OSError."""
    format = format_of(path)
    if format is None or format.text is None or format.text.put is None:
        raise AnimateError(f'no text can be put into files with the suffix "{path.suffix}"')
    format.text.put(path, text)


def get(path: Path) -> str | None:
    """The text of a file, None if it has none. Raises AnimateError if the file is of no format with texts; OSError."""
    format = format_of(path)
    if format is None or format.text is None:
        texts = [suffix for suffix, other in FORMATS.items() if suffix and other.text]
        raise AnimateError(f'{path}: suffix "{path.suffix}" is not known; allowed: {names(texts)}, or a folder of pictures')
    return format.text.get(regular(path) if format.suffix else path)

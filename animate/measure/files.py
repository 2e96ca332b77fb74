"""The score of a film file: its frames, and the picture that it should end with. Knows nothing of models or recipes."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from ..errors import AnimateError
from ..media import formats, images, reading, writers
from ..pixels import Image
from ..report import REPORT, Report
from .distance import Measure
from .score import NothingMoves, Score, score

LIKE = {".apng": ".png"}  # formats that are read but not written, and those that take as much from a picture; for others it is MP4


def score_file(path: Path, measure: Measure, end: Path | None = None, report: Report = REPORT) -> Score:
    """The numbers of a film or a folder of pictures, its frames seen once. end: the picture that its last frame should be.

    Raises AnimateError, which names the film.
    """
    frames = reading.frames(path, report)
    first, second = next(frames), next(frames, None)
    if second is None:  # before anything is measured: it may be a photograph of a hundred million pixels
        raise AnimateError(f"{path}: one picture, nothing moves; give a film of two frames or more")
    picture = images.read(str(end), first.shape[1], first.shape[0], report) if end else None
    loss = 0.0 if picture is None else measure(_compressed(picture, path, report), picture)
    try:
        return score(itertools.chain([first, second], frames), measure, picture, loss)
    except NothingMoves as error:
        raise AnimateError(f"{path}: {error}") from error


def _compressed(picture: Image, film: Path, report: Report) -> Image:
    """The picture as it comes out of a film of the same format: what that takes from it is no fault of the film's end."""
    if film.is_dir():
        return picture
    suffix = film.suffix.lower()
    like = LIKE.get(suffix, suffix if suffix in formats.films() else ".mp4")
    with tempfile.TemporaryDirectory() as folder:
        *_, last = reading.frames(writers.write_video(Path(folder, f"end{like}"), [picture] * 2, fps=1, report=report), report)
    return last[: picture.shape[0], : picture.shape[1]]  # video formats make odd sizes even

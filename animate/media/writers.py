"""Images -> a film or a picture file. Streams: never holds the film. Knows nothing of storyboards or models."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import length_hint
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from ..errors import AnimateError, one_line
from ..pixels import Image
from ..places import path_of
from ..report import REPORT, Report, Told
from . import ffmpeg, tags
from .encoders import Encoder, NewEncoder
from .formats import FORMATS, films, names, stills
from .inline import FilmPath
from .limits import check_image, check_rate, check_size
from .publish import check_writable, holds_only_a_film, publish, temporary_name, write_errors
from .sound import Sound, Track

Note = Callable[[int], str]  # how many images are in the file -> the text that is kept in it


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after the file was closed with the images it has."""

    def __init__(self, path: Path):
        super().__init__(str(path))
        self.path = path


@dataclass(frozen=True)
class File:
    """A film that was written."""

    path: Path
    images: int  # that are in it
    interrupted: bool  # by Ctrl-C, before it had all of them


def write_video(
    path: str | os.PathLike[str],
    images: Iterable[Image],
    fps: float | None = None,
    replace: bool = True,
    note: Note | None = None,
    sound: Sound | None = None,
    report: Report = REPORT,
) -> Path:
    """Write images, uint8 (H, W, 3) RGB and all of one size, at `fps`; the suffix says the format. Returns the path, which a notebook plays.

    .mp4 (H.264), .webm (VP9), .mov (ProRes), .gif, .png (one image: a still; several: animated), .webp, .avif, or a folder,
    written with a trailing "/", for numbered PNGs. An existing file is replaced, or (replace=False) a number is added to the name.

    Images of `render` bring what is left out: their `fps`, in-betweens counted; their `note`, a text that is kept in the file, which
    is their recipe; their `sound`, which only some formats have room for. Others need `fps`. A sound whose length differs is reported.
    Once all images are in, nothing costs the film: a note or a sound that fails is a warning.
    On Ctrl-C the file is closed with the images it has, and Interrupted, which knows the path, is raised. Raises
    AnimateError if the rate, the format, the folder or ffmpeg will not do; nothing half written is left.
    """
    file = write_film(path, Told(images, report) if length_hint(images) else images, fps, replace, note, sound, report)
    if file.interrupted:
        raise Interrupted(file.path)
    return FilmPath(file.path)


def write_film(
    path: str | os.PathLike[str], images: Iterable[Image], fps: float | None, replace: bool, note: Note | None, sound: Sound | None, report: Report
) -> File:
    """As `write_video`, but Ctrl-C is told in what is returned, and raises nothing."""
    target, fps = path_of(path), _rate(path, images, fps, report)
    note, sound = note or getattr(images, "note", None), sound or getattr(images, "sound", None)
    new_encoder = check(path, fps, replace)
    if sound is not None and not isinstance(sound, Sound):
        raise AnimateError(f"sound {one_line(repr(sound), 60)}; allowed: animate.media.sound.Sound(Path('song.wav'))")
    if not isinstance(images, Iterable):
        raise AnimateError(f"images that are a {type(images).__name__}; allowed: an iterable of numpy arrays, uint8 (height, width, 3)")
    track = Track.of(sound, target) if sound else None
    images = track.fit(images, fps, report) if track else images
    problems: list[str] = []
    with temporary_name(target) as temporary:
        encoder, count, interrupted = _encode(images, partial(_sized, path, new_encoder, temporary, fps), target)
        report.progress("writing", count, count)
        with _signals_held() as signals, write_errors(target):
            _close(encoder)
            if track:
                with _film_kept(problems, f"{target} has no sound"):
                    track.add_to(temporary, count / fps)
            if note:
                with _film_kept(problems, f"{target} carries no recipe"):
                    tags.put(temporary, note(count))
            written = publish(temporary, target, replace, report)
    if track and (difference := track.difference(count / fps, fps)):
        problems.append(difference)
    for line in problems:  # now, when the film has its name: a report may raise, too
        report.warn(line)
    return File(written, count, interrupted or bool(signals))


def _rate(path: str | os.PathLike[str], images: Iterable[Image], fps: float | None, report: Report) -> float:
    """That which is given, or else that of the images. Warns if they differ: the recipe says the images'. Raises AnimateError without any."""
    own: float | None = getattr(images, "fps", None)
    if fps is None and own is None:
        raise AnimateError(f"{path}: no frames per second; only the images of a film that render draws know theirs: give fps, such as fps=12")
    check_rate(own if fps is None else fps)
    if fps is not None and own is not None and fps != own:
        report.warn(f"{path} plays at {fps:g} fps, and its storyboard says {own:g}, in-betweens counted; leave fps out to have that")
    return float(fps if fps is not None else own or 0.0)


def _encode(images: Iterable[Image], new_encoder: Callable[[tuple[int, int]], Encoder], target: Path) -> tuple[Encoder, int, bool]:
    """The encoder with all images, not closed yet; how many; whether Ctrl-C ended them early. Raises AnimateError."""
    encoder: Encoder | None = None
    count, size = 0, (0, 0)  # size: width, height
    try:
        for image in images:
            check_image(image, size)
            with write_errors(target):
                if encoder is None:
                    size = image.shape[1], image.shape[0]
                    encoder = _begun(new_encoder, size)
                encoder.add(np.ascontiguousarray(image))
            count += 1
    except BaseException as error:
        if encoder and count and isinstance(error, KeyboardInterrupt):
            return encoder, count, True
        if encoder:
            encoder.abort()
        raise
    if encoder is None:
        once = "; if they were looped over already, they are used up: call render again" if isinstance(images, Iterator) else ""
        raise AnimateError(f"{target}: no images to write{once}")
    return encoder, count, False


def _sized(path: str | os.PathLike[str], new_encoder: NewEncoder, temporary: Path, fps: float, size: tuple[int, int]) -> Encoder:
    """The encoder for pictures of this size, or AnimateError if the format cannot hold them."""
    check_size(path, *size)
    return new_encoder(temporary, fps, size)


def _begun(new_encoder: Callable[[tuple[int, int]], Encoder], size: tuple[int, int]) -> Encoder:
    """A new encoder. Ctrl-C comes before it or after: on the way, it would leave a program behind that writes on."""
    with _signals_held() as signals:
        encoder = new_encoder(size)
    if signals:
        encoder.abort()
        raise KeyboardInterrupt
    return encoder


def _close(encoder: Encoder) -> None:
    try:
        encoder.close()
    except BaseException:
        encoder.abort()
        raise


@contextlib.contextmanager
def _film_kept(problems: list[str], outcome: str) -> Iterator[None]:
    """Without its sound or its note a film is still a film: whatever goes wrong with them becomes a line."""
    try:
        yield
    except Exception as error:
        problems.append(f"{outcome}: {one_line(error, 500)}")


@contextlib.contextmanager
def _signals_held() -> Iterator[list[int]]:
    """Holds back Ctrl-C and SIGTERM where they would raise, and says afterwards which came: a file being closed would be lost."""
    received: list[int] = []
    held = [number for number in (signal.SIGINT, signal.SIGTERM) if callable(signal.getsignal(number))]
    if threading.current_thread() is not threading.main_thread():
        held = []  # where signals do not arrive
    before = [(number, signal.signal(number, lambda number, _: received.append(number))) for number in held]
    try:
        yield received
    finally:
        for number, handler in before:
            signal.signal(number, handler)


# --- checks before the first image -------------------------------------------------------------------------------------------


def check(path: str | os.PathLike[str], fps: float, replace: bool = True) -> NewEncoder:
    """The encoder for this name, or AnimateError if the name, its folder, the format or the pace cannot work. Writes nothing.

    replace: whether a film that is there may be replaced; a folder that holds anything else never is.
    """
    text, target = os.fspath(path), path_of(path)
    check_rate(fps)
    check_writable(target)
    folder = text.endswith("/")
    suffix = "" if folder else target.suffix.lower()
    encoder = FORMATS[suffix].encoder if suffix in FORMATS else None
    if encoder is None or not (suffix or folder):
        raise AnimateError(f'{text}: suffix "{target.suffix}" is not known; allowed: {names(films())}, or a folder ending in /')
    if folder:
        if target.exists() and (not target.is_dir() or (any(target.iterdir()) and not (replace and holds_only_a_film(target)))):
            raise AnimateError(f"{text}: is there already, and holds more than a film of animate; name a new folder")
        return encoder
    if FORMATS[suffix].needs_ffmpeg:
        ffmpeg.check()
        _probe(suffix, encoder, ffmpeg.program())
    if target.is_dir():
        raise AnimateError(f"{text}: is a folder; name a file in it, or end the name in / for numbered PNGs")
    fastest = FORMATS[suffix].fastest
    if fastest and fps > fastest:
        raise AnimateError(f"{fps:g} fps is too fast for a {suffix[1:].upper()}; allowed: up to {fastest:g}; use .mp4 or fewer fps")
    return encoder


@lru_cache
def _probe(suffix: str, new_encoder: NewEncoder, program: str) -> None:
    """Raises AnimateError if this ffmpeg cannot write this format: found out on two frames, and not after a night."""
    with tempfile.TemporaryDirectory() as folder:
        encoder = new_encoder(Path(folder) / f"test{suffix}", 12, (64, 64))
        try:
            for _ in range(2):
                encoder.add(np.zeros((64, 64, 3), np.uint8))
            encoder.close()
        except AnimateError as error:
            encoder.abort()
            hint = "use another format, or: pip install --force-reinstall imageio-ffmpeg"
            raise AnimateError(f"{suffix} cannot be written here ({error}); {hint}") from error


# --- one image ---------------------------------------------------------------------------------------------------------------


def write_image(
    path: str | os.PathLike[str], image: Image, replace: bool = True, note: str | Callable[[], str] | None = None, report: Report = REPORT
) -> Path:
    """Write one image, uint8 (H, W, 3) RGB; the suffix says the format. Returns the path. An existing file is replaced, or
    (replace=False) a number is added to the name. `note`, or what it returns, is kept in the file; if that fails, it is a warning.
    Raises AnimateError.
    """
    target, problems = still_name(path), list[str]()
    check_image(image, (0, 0))
    check_size(target, image.shape[1], image.shape[0])
    with temporary_name(target) as temporary, write_errors(target):
        _save(image, temporary, {})
        with _film_kept(problems, f"{target} carries no recipe"):
            if note:
                _put(note() if callable(note) else note, image, temporary, target)
        written = publish(temporary, target, replace, report)
    for line in problems:
        report.warn(line)
    return written


def _save(image: Image, temporary: Path, settings: dict[str, Any]) -> None:
    PIL.Image.fromarray(image).save(temporary, quality=95, **settings)


def _put(note: str, image: Image, temporary: Path, target: Path) -> None:
    """Into the saved picture; where its format takes a text only while it is saved, it is saved once more, beside the first."""
    text = FORMATS[target.suffix.lower()].text
    if not text or not text.saved_with:
        tags.put(temporary, note)
        return
    copy = temporary.with_stem(temporary.stem + "-tagged")
    try:
        _save(image, copy, text.saved_with(note))
        copy.replace(temporary)
    finally:
        copy.unlink(missing_ok=True)


def still_name(path: str | os.PathLike[str]) -> Path:
    """The path, or AnimateError if one image cannot be written there."""
    target = path_of(path)
    if target.suffix.lower() not in stills():
        raise AnimateError(f'{target}: suffix "{target.suffix}" is not known; allowed: {names(stills())}')
    check_writable(target)
    return target

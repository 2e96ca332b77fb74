"""A sound track under a film: what there is of it, how film and track fit, and how it is added. Never draws, and encodes no picture."""

from __future__ import annotations

import itertools
import math
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import AnimateError
from ..pixels import Image
from ..places import is_file
from ..report import Report
from . import ffmpeg
from .formats import FORMATS, names, with_sound

FITS = ("film", "shortest", "longest")
KINDS = "a .wav, .mp3, .m4a, .flac or .ogg"
# Containers that hold their sound themselves: ffmpeg guesses the kind of a file by its content, and opens what a playlist names.
CONTAINERS = "wav,w64,aiff,au,caf,mp3,aac,ac3,eac3,amr,flac,ogg,mov,matroska,asf,avi,flv,mpeg,mpegts,wv,tta,ape"
# It begins with the film, and comes as all codecs and players take it.
FILTER = "asetpts=PTS-STARTPTS,aformat=sample_rates=44100|48000:channel_layouts=mono|stereo"
FADE = 0.05  # seconds at the end of a track that is cut: without, it ends in a click. Smaller differences in length are not told, either


@dataclass(frozen=True)
class Sound:
    """What is to be heard under a film, and what gives way if it is longer or shorter.

    film: the film's length rules; a longer track is cut, silence follows a shorter one. shortest: the film ends with the
    track, in the picture that is shown then. longest: the film's last picture is held till the track ends.
    """

    path: Path
    fit: str = "film"

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise AnimateError(f'fit "{self.fit}" of a sound; allowed: {", ".join(FITS)}')


@dataclass(frozen=True)
class Track:
    """A sound that was decoded once, to its end."""

    sound: Sound
    seconds: float

    @classmethod
    def of(cls, sound: Sound, target: Path) -> Track:
        """Raises AnimateError if the file is no sound, or this target cannot have one: better before hours of drawing than after."""
        path, suffix = sound.path, target.suffix.lower()
        if suffix not in with_sound():
            raise AnimateError(f"{target}: has no room for a sound; name a film that has, {names(with_sound(), 'or')}, or leave {path.name} out")
        if not is_file(path):
            raise AnimateError(f"{path}: no such file; for the sound, name {KINDS}")
        try:
            progress = ffmpeg.run(*_input(path), "-f", "null", "-progress", "pipe:1", "-").decode()
        except AnimateError as error:
            if "matches no streams" in str(error):
                raise AnimateError(f"{path}: no sound track in it; name {KINDS}") from error
            reason = "what is in it is no sound" if "not on whitelist" in str(error) else error
            raise AnimateError(f"{path}: cannot be read as a sound ({reason}); name {KINDS}") from error
        reached = re.findall(r"^out_time_us=(\d+)", progress, re.MULTILINE)  # printed again and again, the last time at the end
        if not reached or not int(reached[-1]):
            raise AnimateError(f"{path}: no sound track in it, it is empty; name {KINDS}")
        _probe(path, suffix)
        return cls(sound, int(reached[-1]) / 1e6)

    def fit(self, images: Iterable[Image], fps: float, report: Report) -> Iterable[Image]:
        """The film's images, or as many of them, or the last so often again, as the track is long: the last may outlast it."""
        frames = max(1, math.ceil(self.seconds * fps - 0.01))  # without a frame for what only rounding adds
        if self.sound.fit == "shortest":
            return self._ended(images, frames, report)
        return self._held(images, frames, fps, report) if self.sound.fit == "longest" else images

    def _ended(self, images: Iterable[Image], frames: int, report: Report) -> Iterator[Image]:
        for number, image in enumerate(images):
            if number == frames:
                report.warn(self._line("the film is longer: it ends with the sound"))
                return
            yield image

    def _held(self, images: Iterable[Image], frames: int, fps: float, report: Report) -> Iterator[Image]:
        count = 0
        for image in images:
            count += 1
            yield image
        if 0 < count < frames:
            report.warn(self._line(f"the film {count / fps:.1f} s: its last picture is held till the sound ends"))
            yield from itertools.repeat(image, frames - count)

    def add_to(self, film: Path, seconds: float) -> None:
        """To a finished film of this length, whose pictures stay as they are, bit for bit. Raises AnimateError, OSError."""
        fade = f",afade=t=out:st={max(0.0, seconds - FADE):.6f}:d={FADE}" if self.seconds > seconds else ""
        copy = film.with_stem(film.stem + "-sounding")
        try:
            ffmpeg.run(
                "-i", f"file:{film}", *_source(self.sound.path), "-map", "0:v", "-c:v", "copy",
                "-map", "1:a:0", "-af", f"{FILTER},apad,atrim=end={seconds:.6f}{fade}", *FORMATS[film.suffix.lower()].sound,
                # Dates, places and chapters of a recording are not the film's.
                "-map_metadata", "-1", "-map_chapters", "-1", *ffmpeg.REPRODUCIBLE, f"file:{copy}",
            )  # fmt: skip
            copy.replace(film)
        finally:
            copy.unlink(missing_ok=True)

    def difference(self, seconds: float, fps: float) -> str | None:
        """What became of a track that is not as long as its film, in one line. The last picture may outlast it: that is no difference."""
        if self.seconds > seconds + FADE:
            return self._line(f"the film {seconds:.1f} s: cut at the film's end")
        if seconds > self.seconds + max(FADE, 1 / fps):
            return self._line(f"the film {seconds:.1f} s: silence follows")
        return None

    def _line(self, outcome: str) -> str:
        return f"{self.sound.path.name} is {self.seconds:.1f} s and {outcome}"


def _input(path: Path) -> tuple[str, ...]:
    """The track as ffmpeg's only input."""
    return *_source(path), "-map", "0:a:0", "-af", FILTER


def _source(path: Path) -> tuple[str, ...]:
    """A file of the user's as an input: it opens no other."""
    return "-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-i", f"file:{path}"


def _probe(path: Path, suffix: str) -> None:
    """Raises AnimateError if this ffmpeg cannot put the sound into this format: found out on its beginning."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            ffmpeg.run(*_input(path), "-t", "0.1", *FORMATS[suffix].sound, str(Path(folder) / f"test{suffix}"))
        except AnimateError as error:
            others = names((other for other in with_sound() if other != suffix), "or")
            raise AnimateError(f"{path}: cannot be put into {suffix} here ({error}); use {others}") from error

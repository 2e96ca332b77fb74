"""The table of file formats: all that is known of each one. Whatever writes, reads, annotates or lists files derives from it.

A new format is one entry. Knows no names of files, and nothing of storyboards or models.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..places import is_folder
from . import containers, decoders
from .containers import Text
from .decoders import Decoder
from .encoders import AV1, GIF, H264, PRORES, VP9, Folder, NewEncoder, Pipe, Png, Webp


@dataclass(frozen=True)
class Format:
    """All that is known of one file format. A field that is left out: such files do not have it, or are not used for it."""

    suffix: str  # in lower case, with its dot; "" is a folder
    about: str  # a few words for help texts
    encoder: NewEncoder | None = None  # makes a film of images
    bytes_per_pixel: float = 0.0  # of a frame, while a film is written: what sprout's and photographic films took, rounded up
    needs_ffmpeg: bool = False  # to encode
    fastest: float | None = None  # frames per second
    side: int = 2**31 - 1  # pixels of the longest one that such a file can have
    lossless: bool = False  # whether the pixels that are read back are those that were written
    sound: tuple[str, ...] = ()  # ffmpeg's options for a sound track
    still: bool = False  # Pillow writes one image as such a file
    text: Text | None = None  # where the recipe is kept
    decoder: Decoder | None = None  # reads a film
    picture: bool = False  # such files in a folder are frames of a film


_VIDEO = (
    Format(
        ".mp4", "H.264, plays everywhere, starts while it loads", partial(Pipe, H264), 0.25, needs_ffmpeg=True, side=16384,
        sound=("-c:a", "aac", "-b:a", "192k", "-flags:a", "+bitexact", "-movflags", "+faststart"),
        text=containers.MP4, decoder=decoders.video("mov"),
    ),
    Format(
        ".webm", "VP9", partial(Pipe, VP9), 0.2, needs_ffmpeg=True, side=65536,
        sound=("-c:a", "libopus", "-b:a", "128k", "-flags:a", "+bitexact"),
        text=containers.MATROSKA, decoder=decoders.video("matroska"),
    ),
    Format(  # twice its size: its recipe is put into a copy
        ".mov", "ProRes 422, 10 bits a channel, for editing", partial(Pipe, PRORES), 1.0, needs_ffmpeg=True, side=65534,
        sound=("-c:a", "pcm_s16le", "-flags:a", "+bitexact"),
        text=containers.MOV, decoder=decoders.video("mov"),
    ),
    Format(".m4v", "MPEG-4", decoder=decoders.video("mov")),
    Format(".mkv", "Matroska", decoder=decoders.video("matroska")),
    Format(".avi", "AVI", decoder=decoders.video("avi")),
)  # fmt: skip
_ANIMATIONS = (
    Format(  # browsers play delays under two hundredths of a second as ten
        ".gif", "a palette for every frame; delays add up to the film's length; up to 50 frames per second", partial(Pipe, GIF), 1.2,
        needs_ffmpeg=True, fastest=50, side=65535, text=containers.GIF, decoder=decoders.animation,
    ),
    Format(
        ".png", "lossless, animated", Png, 2.0, needs_ffmpeg=True, lossless=True,
        still=True, text=containers.PNG, decoder=decoders.animation, picture=True,
    ),
    Format(".webp", "small and in full colour", Webp, 0.4, side=16383, still=True, text=containers.WEBP, decoder=decoders.animation, picture=True),
    Format(
        ".avif", "AV1, smaller still, for browsers", partial(Pipe, AV1), 0.25, needs_ffmpeg=True, side=65535,
        text=containers.AVIF, decoder=decoders.animation, picture=True,
    ),
    Format(".apng", "animated PNG", decoder=decoders.animation),
)  # fmt: skip
_PICTURES = (
    Format(".jpg", "JPEG", side=65500, still=True, text=containers.JPEG, picture=True),
    Format(".jpeg", "JPEG", side=65500, still=True, text=containers.JPEG, picture=True),
    Format(".bmp", "bitmap", picture=True),
)
_FOLDER = Format(
    "", "numbered PNGs", Folder, 2.0, lossless=True,
    text=containers.FOLDER, decoder=lambda path, report: decoders.folder(path, report, suffixes=pictures()),
)  # fmt: skip
FORMATS = {format.suffix: format for format in (*_VIDEO, *_ANIMATIONS, *_PICTURES, _FOLDER)}  # by suffix


def format_of(path: Path) -> Format | None:
    """That of a file by its suffix, or of a folder that is there; None for another suffix."""
    folder = is_folder(path)
    suffix = "" if folder else path.suffix.lower()
    return FORMATS.get(suffix) if suffix or folder else None


def films() -> list[str]:
    """Suffixes of the files that a film is written to."""
    return [suffix for suffix, format in FORMATS.items() if suffix and format.encoder]


def with_sound() -> list[str]:
    """Suffixes of the films that have room for a sound track."""
    return [suffix for suffix in films() if FORMATS[suffix].sound]


def stills() -> list[str]:
    """Suffixes of the files that one image is written to."""
    return [suffix for suffix, format in FORMATS.items() if format.still]


def readable() -> list[str]:
    """Suffixes of the files whose frames are read."""
    return [suffix for suffix, format in FORMATS.items() if suffix and format.decoder]


def pictures() -> list[str]:
    """Suffixes of the files that are frames of a film if they lie in a folder."""
    return [suffix for suffix, format in FORMATS.items() if format.picture]


def names(suffixes: Iterable[str], last: str = "") -> str:
    """For people: ".mp4, .webm, .mov", or with a word before the last one, ".mp4, .webm or .mov"."""
    *first, final = suffixes
    return f"{', '.join(first)} {last} {final}" if last and first else ", ".join((*first, final))

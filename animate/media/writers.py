"""Images -> mp4, webm, gif, webp, png or a folder of PNGs. Streams: never holds the film.

Every output is written under a temporary name beside it and renamed when it is whole. Knows nothing of storyboards or models.
"""

from __future__ import annotations

import contextlib
import glob
import io
import itertools
import os
import platform
import secrets
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import PIL.Image

from ..errors import AnimateError, AnimateWarning
from . import ffmpeg, tags
from .sound import Sound, Track

Image = np.ndarray  # uint8 (H, W, 3), RGB
GIF_FASTEST = 50  # frames per second: browsers play delays under two hundredths of a second as ten
WEBP_QUALITY = 90
SWEPT = 600.0  # seconds after which nobody writes to a file whose process is gone
HIDDEN = ".animate"  # how names of files begin that are not whole yet
STILLS = (".png", ".jpg", ".jpeg", ".webp")
WITHOUT_FFMPEG = (".webp",)
LARGEST_WEBP = 2**32 - 2**25  # bytes: its length has 32 bits, and a recipe may follow
LONGEST_NAME = 240  # bytes: file systems take 255, and a number may be added


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after the file was closed with the images it has."""

    def __init__(self, path: Path):
        super().__init__(str(path))
        self.path = path


Note = Callable[[int], str]  # how many images are in the file -> what is to stand in it


def write_video(
    path: str | os.PathLike[str], images: Iterable[Image], fps: float, replace: bool = True, note: Note | None = None, sound: Sound | None = None
) -> Path:
    """Write images, uint8 (H, W, 3) RGB and all of one size, at `fps`; the suffix says the format. Returns the path.

    .mp4 (H.264), .webm (VP9), .gif, .webp, .png (one image: a still; several: animated), or a folder, written with a
    trailing "/", for numbered PNGs. An existing file is replaced, or (replace=False) a number is added to the name. `note`
    is kept in the file; left out, images that have one of their own (those of `render`) bring it: their recipe. `sound` is
    laid under the film (.mp4 and .webm); a difference in length is told.
    On Ctrl-C the file is closed with the images it has, and Interrupted, which knows the path, is raised. Raises
    AnimateError if the format, the folder or ffmpeg will not do; nothing half written is left.
    """
    target, note = Path(path), note or getattr(images, "note", None)
    make = writer(path, fps)
    track = sound and Track.of(sound, target)
    if track:
        images = track.fitted(images, fps)
    work: Writer | None = None
    size: tuple[int, ...] = ()
    interrupted, written = False, 0
    with _under_another_name(target) as temporary:
        try:
            for image in images:
                _check(image, size)
                with _told(target):
                    if work is None:
                        size = image.shape
                        work = make(temporary, fps, (size[1], size[0]))
                    work.add(np.ascontiguousarray(image))
                written += 1
        except KeyboardInterrupt:
            if work is None:
                raise
            interrupted = True
        except BaseException:
            if work:
                work.abort()
            raise
        if work is None:
            raise AnimateError(f"{target}: no images to write")
        with _undisturbed() as pressed, _told(target):
            try:
                work.close()
                if track:
                    _lay(track, temporary, target, written / fps)
                if note:
                    _annotate(temporary, target, note(written))
                target = _publish(temporary, target, replace)
            except BaseException:
                work.abort()
                raise
    if track:
        track.compare(written / fps, fps)
    if interrupted or pressed:
        raise Interrupted(target)
    return target


def _lay(track: Track, path: Path, target: Path, seconds: float) -> None:
    """Without its sound a film is still a film: it is not lost if the sound is, meanwhile."""
    try:
        track.lay(path, seconds)
    except (AnimateError, OSError) as error:
        warnings.warn(f"{target} has no sound: {error}", AnimateWarning, stacklevel=3)


def _annotate(path: Path, target: Path, text: str) -> None:
    """Without its text a film is still a film: it is not lost for that."""
    try:
        tags.put(path, text)
    except (AnimateError, OSError) as error:
        warnings.warn(f"{target} carries no recipe: {error}", AnimateWarning, stacklevel=3)


class Writer(Protocol):
    """A file under way, made of (path, fps, (width, height))."""

    def add(self, image: Image) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


Make = Callable[[Path, float, tuple[int, int]], Writer]


def writer(path: str | os.PathLike[str], fps: float) -> Make:
    """The writer for this name, or AnimateError if the name, its folder or the pace cannot work. Writes nothing."""
    said, target = os.fspath(path), Path(path)
    writable(target)
    if said.endswith("/"):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise AnimateError(f"{said}: is there already and not empty; name a new folder")
        return Folder
    suffix = target.suffix.lower()
    if suffix not in WRITERS:
        raise AnimateError(f'{said}: suffix "{target.suffix}" is not known; allowed: {", ".join(WRITERS)}, or a folder ending in /')
    if suffix not in WITHOUT_FFMPEG:
        ffmpeg.check()
        _tried(suffix, ffmpeg.program())
    if target.is_dir():
        raise AnimateError(f"{said}: is a folder; name a file in it, or end the name in / for numbered PNGs")
    if not fps > 0:
        raise AnimateError(f"{fps:g} fps; allowed: above 0")
    if suffix == ".gif" and fps > GIF_FASTEST:
        raise AnimateError(f"{fps:g} fps is too fast for a GIF; allowed: up to {GIF_FASTEST}; use .mp4 or fewer fps")
    return WRITERS[suffix]


@lru_cache
def _tried(suffix: str, program: str) -> None:
    """Raises AnimateError if this ffmpeg cannot write this format: found out on one frame, and not after a night."""
    with tempfile.TemporaryDirectory() as folder:
        work = WRITERS[suffix](Path(folder) / f"test{suffix}", 12, (64, 64))
        try:
            for _ in range(2):
                work.add(np.zeros((64, 64, 3), np.uint8))
            work.close()
        except AnimateError as error:
            work.abort()
            raise AnimateError(
                f"{suffix} cannot be written here ({error}); use another format, or: pip install --force-reinstall imageio-ffmpeg"
            ) from error


def writable(target: Path) -> None:
    """Raises AnimateError if nothing can be written where `target` would be."""
    if not target.name or len(os.fsencode(target.name)) > LONGEST_NAME:
        raise AnimateError(f"{target}: no name for a file; allowed: 1 to {LONGEST_NAME} bytes")
    parent = target.absolute().parent
    try:
        while not parent.exists():
            parent = parent.parent
        with tempfile.TemporaryFile(dir=parent):  # the only sure answer: permissions say yes to root, and mounts do not
            pass
    except OSError as error:
        raise AnimateError(f"{target}: {parent} is not a folder one can write to ({error.strerror}); choose another with -o") from error


@contextlib.contextmanager
def _under_another_name(target: Path) -> Iterator[Path]:
    """A name beside the target, to be published under the target's; what is left there at the end is removed."""
    folder = target.absolute().parent
    with _told(target):
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
    temporary = folder / f"{HIDDEN}-{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}{target.suffix}"
    try:
        yield temporary
    finally:
        _remove(temporary)


def _sweep(folder: Path) -> None:
    """Remove what killed processes of this machine left under another name."""
    for left in folder.glob(f"{HIDDEN}-{glob.escape(platform.node())}-*"):
        owner = left.name.removeprefix(f"{HIDDEN}-{platform.node()}-").split("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdigit() and not _alive(int(owner)) and time.time() - left.stat().st_mtime > SWEPT:
                _remove(left)


def _alive(process: int) -> bool:
    if os.name == "nt":
        return True  # there, signal 0 is no question but Ctrl-C
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is somebody else's
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    path.unlink(missing_ok=True)


def _publish(temporary: Path, target: Path, replace: bool) -> Path:
    """Give a whole file its name, in one step; with `replace` False a free one: name, name-2, name-3 ..."""
    if temporary.is_dir():
        if target.is_dir():
            target.rmdir()  # empty, as `writer` saw to
        temporary.rename(target)
        return target
    if not replace:
        target = next(name for name in _numbered(target) if _claimed(name))
    temporary.replace(target)
    return target


def _numbered(target: Path) -> Iterator[Path]:
    yield target
    yield from (target.with_stem(f"{target.stem}-{number}") for number in itertools.count(2))


def _claimed(name: Path) -> bool:
    """Whether this name was free and is ours now, whoever else may be writing there."""
    try:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


@contextlib.contextmanager
def _told(target: Path) -> Iterator[None]:
    """What the system says of a write that failed, as one line."""
    try:
        yield
    except OSError as error:
        raise AnimateError(f"{target}: cannot be written ({error.strerror or error}); make room or choose another place with -o") from error


@contextlib.contextmanager
def _undisturbed() -> Iterator[list[int]]:
    """Holds back Ctrl-C, and what else would raise, and says afterwards whether it came: a file being closed would be lost."""
    pressed: list[int] = []
    held = [number for number in (signal.SIGINT, signal.SIGTERM) if callable(signal.getsignal(number))]
    if threading.current_thread() is not threading.main_thread():
        held = []  # where signals do not arrive
    before = [(number, signal.signal(number, lambda number, _: pressed.append(number))) for number in held]
    try:
        yield pressed
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _check(image: Image, size: tuple[int, ...]) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise AnimateError(f"an image of {image.dtype} {image.shape}; allowed: uint8 (height, width, 3)")
    if size and image.shape != size:
        raise AnimateError(f"an image of {image.shape} in a film of {size}; all must have one size")


# --- through ffmpeg -------------------------------------------------------------------------------------------------------


# What ffmpeg is told to make of raw frames.
# Even sides for 4:2:0, and the same colours everywhere: without the tags players guess the matrix by the size.
_YUV420 = (
    *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"),
    *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "iec61966-2-1", "-color_range", "tv"),
)
MP4 = ("-c:v", "libx264", "-preset", "medium", "-crf", "16", *_YUV420, "-movflags", "+faststart", "-f", "mp4")
WEBM = ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1", "-cpu-used", "3", *_YUV420, "-f", "webm")
APNG = ("-c:v", "apng", "-pred", "mixed", "-plays", "0", "-f", "apng")
LOSSLESS = ("-c:v", "ffv1", "-level", "3", "-f", "matroska")


class Pipe:
    """Raw frames into an ffmpeg process."""

    def __init__(self, codec: tuple[str, ...], path: Path, fps: float, size: tuple[int, int]):
        rate = Fraction(fps).limit_denominator(10_000)
        source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(rate), "-i", "pipe:0")
        self.words = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process; a pipe could fill up and stop it
        # A session of its own: Ctrl-C in a terminal reaches the whole group, and would cut the file before it is closed.
        self.process = subprocess.Popen(
            ffmpeg.command(*source, *codec, *ffmpeg.REPRODUCIBLE, str(path)),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.words, **ffmpeg.ALONE,
        )  # fmt: skip

    def add(self, image: Image) -> None:
        try:
            self._input.write(image.data)
        except BrokenPipeError as error:
            self.process.wait()
            raise AnimateError(f"ffmpeg stopped: {self._said()}") from error

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        if self.process.wait():
            raise AnimateError(f"ffmpeg failed: {self._said()}")
        self.words.close()

    def abort(self) -> None:
        self.process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        self.process.wait()
        self.words.close()

    @property
    def _input(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    def _said(self) -> str:
        self.words.seek(0)
        return ffmpeg.words(self.words.read())


class Gif:
    """One palette for the whole film, made from all of its frames: two passes over a lossless copy keep memory flat."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int]):
        self.path = path
        # Beside the film, where there must be room anyway: temporary folders are small on many machines.
        self.folder = path.with_name(path.name + "-work")
        self.folder.mkdir()
        self.copy = self.folder / "film.mkv"
        self.pipe = Pipe(LOSSLESS, self.copy, fps, size)

    def add(self, image: Image) -> None:
        self.pipe.add(image)

    def close(self) -> None:
        self.pipe.close()
        palette = str(self.copy.with_name("palette.png"))
        # Counted in 64 levels a channel: a count of every colour of a long film would take gigabytes.
        coarse = ":".join(f"{channel}=bitor(bitand(val\\,252)\\,2)" for channel in "rgb")
        dither = "paletteuse=dither=sierra2_4a:diff_mode=rectangle"
        try:
            ffmpeg.run("-i", str(self.copy), "-vf", f"lutrgb={coarse},palettegen=reserve_transparent=0", "-update", "1", palette)
            ffmpeg.run("-i", str(self.copy), "-i", palette, "-lavfi", dither, "-loop", "0", "-f", "gif", *ffmpeg.REPRODUCIBLE, str(self.path))
        finally:
            _remove(self.folder)

    def abort(self) -> None:
        self.pipe.abort()
        _remove(self.folder)


class Png:
    """A still if there is one image, animated if there are more."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int]):
        self.path, self.fps, self.size = path, fps, size
        self.first: Image | None = None
        self.pipe: Pipe | None = None

    def add(self, image: Image) -> None:
        if self.first is None:
            self.first = image.copy()  # the caller's next image may come in the same array
            return
        if self.pipe is None:
            self.pipe = Pipe(APNG, self.path, self.fps, self.size)
            self.pipe.add(self.first)
        self.pipe.add(image)

    def close(self) -> None:
        if self.pipe:
            self.pipe.close()
        elif self.first is not None:
            PIL.Image.fromarray(self.first).save(self.path, "PNG")

    def abort(self) -> None:
        if self.pipe:
            self.pipe.abort()


# --- by ourselves ---------------------------------------------------------------------------------------------------------


class Folder:
    """Numbered PNGs."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int]):
        self.path, self.count = path, 0
        path.mkdir()

    def add(self, image: Image) -> None:
        encoded = io.BytesIO()
        PIL.Image.fromarray(image).save(encoded, "PNG")
        (self.path / f"{self.count:05d}.png").write_bytes(encoded.getbuffer())  # at once: Ctrl-C does not cut it
        self.count += 1

    def close(self) -> None:
        pass

    def abort(self) -> None:
        shutil.rmtree(self.path)


class Webp:
    """Animated WebP, frame by frame: encoders merge frames that look the same, and then a film has fewer than it says.

    Container: RIFF of VP8X, ANIM and one ANMF per frame (WebP Container Specification).
    """

    def __init__(self, path: Path, fps: float, size: tuple[int, int]):
        self.fps, self.count = fps, 0
        self.extent = b"".join((side - 1).to_bytes(3, "little") for side in size)
        self.file = path.open("wb")
        self.file.write(b"RIFF\0\0\0\0WEBP")  # the length comes at the end
        self.file.write(_chunk(b"VP8X", b"\x02\0\0\0" + self.extent))  # flag: animation
        self.file.write(_chunk(b"ANIM", b"\0\0\0\0\0\0"))  # black behind, played for ever

    def add(self, image: Image) -> None:
        encoded = io.BytesIO()
        PIL.Image.fromarray(image).save(encoded, "WEBP", quality=WEBP_QUALITY, method=4)
        # Milliseconds, spread so that the film keeps its length.
        begin, end = (round(i * 1000 / self.fps) for i in (self.count, self.count + 1))
        frame = b"\0\0\0\0\0\0" + self.extent + (end - begin).to_bytes(3, "little") + b"\x02"  # at 0, 0; not blended
        chunk = _chunk(b"ANMF", frame + encoded.getvalue()[12:])  # without the still's own RIFF header
        if self.file.tell() + len(chunk) > LARGEST_WEBP:
            raise AnimateError("a WebP holds up to 4 GiB; use .mp4, or a folder/")
        self.file.write(chunk)
        self.count += 1

    def close(self) -> None:
        length = self.file.tell()
        self.file.seek(4)
        self.file.write(struct.pack("<I", length - 8))
        self.file.close()

    def abort(self) -> None:
        with contextlib.suppress(OSError):  # what could not be written cannot be flushed, either
            self.file.close()


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def write_image(path: str | os.PathLike[str], image: Image, replace: bool = True, note: str | None = None) -> Path:
    """Write one image; the suffix says the format. Returns the path. An existing file is replaced, or (replace=False) a
    number is added to the name. `note` is kept in the file. Raises AnimateError.
    """
    target = still_name(path)
    _check(image, ())
    suffix = target.suffix.lower()
    settings: dict[str, Any] = tags.saved_with(suffix, note) if note and suffix != ".png" else {}
    with _under_another_name(target) as temporary, _told(target):
        try:
            PIL.Image.fromarray(image).save(temporary, quality=95, **settings)
        except ValueError as error:  # a side that the format cannot hold
            raise AnimateError(f"{target}: {image.shape[1]}x{image.shape[0]} pixels are too many for {target.suffix} ({error}); use .png") from error
        if note and suffix == ".png":
            _annotate(temporary, target, note)
        return _publish(temporary, target, replace)


def still_name(path: str | os.PathLike[str]) -> Path:
    """The path, or AnimateError if one image cannot be written there."""
    target = Path(path)
    if target.suffix.lower() not in STILLS:
        raise AnimateError(f'{target}: suffix "{target.suffix}" is not known; allowed: {", ".join(STILLS)}')
    writable(target)
    return target


def _piped(codec: tuple[str, ...]) -> Make:
    return lambda path, fps, size: Pipe(codec, path, fps, size)


WRITERS: dict[str, Make] = {
    ".mp4": _piped(MP4),
    ".webm": _piped(WEBM),
    ".gif": Gif,
    ".webp": Webp,
    ".png": Png,
}

"""Images -> one file, an encoder for each kind of container. Streams: no encoder holds the film. Knows no suffixes and no names of films."""

from __future__ import annotations

import contextlib
import io
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import IO, Protocol

import PIL.Image

from ..errors import AnimateError
from ..pixels import Image
from . import ffmpeg

WEBP_QUALITY = 90
LARGEST_WEBP = 2**32 - 2**25  # bytes: its length has 32 bits, and a recipe may follow


class Encoder(Protocol):
    """A file under way. `close` makes it whole; `abort` gives it up, and may also follow a `close` that failed."""

    def add(self, image: Image) -> None:
        """The next picture, uint8 (H, W, 3), all of one size. Raises AnimateError or OSError."""

    def close(self) -> None:
        """All pictures are in. Raises AnimateError or OSError."""

    def abort(self) -> None:
        """Let go of the file and of processes."""


NewEncoder = Callable[[Path, float, tuple[int, int]], Encoder]  # path, frames per second, (width, height) in pixels


# --- through ffmpeg: its options for the output ----------------------------------------------------------------------------

_EVEN_SIDES = "pad=ceil(iw/2)*2:ceil(ih/2)*2"  # chroma of half the size needs them


def _coloured(pixels: str, extent: str, curve: str) -> tuple[str, ...]:
    """RGB -> YUV of BT.709, said in the file: without the tags players guess the matrix by the size. extent: tv or pc.

    Primaries and curve are set by a filter: as options of the output, ffmpeg 9 ignores them.
    """
    pad = "" if "444" in pixels else f"{_EVEN_SIDES},"
    scale = f"scale=out_color_matrix=bt709:out_range={extent},format={pixels}"
    tags = f"setparams=colorspace=bt709:range={extent}:color_primaries=bt709:color_trc={curve}"
    return "-vf", f"{pad}{scale},{tags}", "-colorspace", "bt709", "-color_range", extent


_YUV420 = _coloured("yuv420p", "tv", "iec61966-2-1")
_YUV422_10_BIT = _coloured("yuv422p10le", "tv", "bt709")  # ProRes has no code for sRGB's curve, and editors expect BT.709 thrice
_YUV444_FULL_RANGE = _coloured("yuv444p", "pc", "iec61966-2-1")  # flat areas of strong colour keep their edges
H264 = ("-c:v", "libx264", "-preset", "medium", "-crf", "16", *_YUV420, "-movflags", "+faststart", "-f", "mp4")
VP9 = ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1", "-cpu-used", "3", *_YUV420, "-f", "webm")
PRORES = ("-c:v", "prores_ks", "-profile:v", "standard", *_YUV422_10_BIT, "-f", "mov")
# At 24 frames of 128 x 128: 40.8 dB in 0.09 bytes a pixel, where H.264 above has 34.4 dB in 0.08. The better modes are 4 times
# slower at 512 x 512, for three quarters of the size.
AV1 = (
    *("-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "6", "-crf", "18", "-b:v", "0", "-row-mt", "1"),
    *(*_YUV444_FULL_RANGE, "-loop", "0", "-f", "avif"),
)
_APNG = ("-vf", "setsar=1,setparams=color_primaries=bt709:color_trc=iec61966-2-1", "-c:v", "apng", "-pred", "mixed", "-plays", "0", "-f", "apng")
# A palette for every frame: one for the whole film has 8 dB less, and grain in pale skies, at 85 % of the bytes. Of the ways to dither,
# sierra3 has next to no grain and still no bands (year and voyage of examples/: 38.4 dB; sierra2_4a 36.4; none at all 38.3, with bands).
# Colours are counted in 64 levels a channel, which takes half the time for 0.1 dB.
_COARSE = ":".join(f"{channel}=bitor(bitand(val\\,252)\\,2)" for channel in "rgb")
GIF = (
    "-lavfi",
    f"split[film][copy];[copy]lutrgb={_COARSE},palettegen=stats_mode=single:reserve_transparent=0[palette];[film][palette]paletteuse=new=1:dither=sierra3",
    *("-loop", "0", "-f", "gif"),
)


_NEXT = "look at the room on the disk and its limits, or choose another format with -o"


class Pipe:
    """Raw frames into an ffmpeg process, encoded by these options."""

    def __init__(self, options: tuple[str, ...], path: Path, fps: float, size: tuple[int, int]):
        rate = Fraction(fps).limit_denominator(10_000)
        source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(rate), "-i", "pipe:0")
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process; a pipe could fill up and stop it
        self.process = subprocess.Popen(
            ffmpeg.command(*source, *options, *ffmpeg.REPRODUCIBLE, str(path)),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.stderr, **ffmpeg.OWN_SESSION,
        )  # fmt: skip

    def add(self, image: Image) -> None:
        try:
            self._stdin.write(image.data)
        except BrokenPipeError as error:
            self.process.wait()
            raise AnimateError(f"ffmpeg stopped: {self._message()}; {_NEXT}") from error

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        if self.process.wait():
            raise AnimateError(f"ffmpeg failed: {self._message()}; {_NEXT}")
        self.stderr.close()

    def abort(self) -> None:
        self.process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        self.process.wait()
        self.stderr.close()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    def _message(self) -> str:
        self.stderr.seek(0)
        return ffmpeg.message(self.stderr.read(), self.process.returncode)


class Png:
    """A still if there is one image, animated (APNG) if there are more."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int]):
        self.path, self.fps, self.size = path, fps, size
        self.first: Image | None = None
        self.pipe: Pipe | None = None

    def add(self, image: Image) -> None:
        if self.first is None:
            self.first = image.copy()  # the caller's next image may come in the same array
            return
        if self.pipe is None:
            self.pipe = Pipe(_APNG, self.path, self.fps, self.size)
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


# --- without ffmpeg ---------------------------------------------------------------------------------------------------------


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
        header = b"\0\0\0\0\0\0" + self.extent + (end - begin).to_bytes(3, "little") + b"\x02"  # at 0, 0; not blended
        chunk = _chunk(b"ANMF", header + encoded.getvalue()[12:])  # without the still's own RIFF header
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

"""A text inside a picture or film file: into mp4, webm, gif, webp, png and jpeg, and out of them again.

mp4 and webm keep it as the comment of the container, GIF as a comment extension, PNG as an iTXt chunk, WebP in its XMP (with
the mark that a trained model made it, as IPTC has it), JPEG as a comment segment, a folder as a file beside its pictures.
Knows nothing of what the text says.
"""

from __future__ import annotations

import html
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ..errors import AnimateError
from . import ffmpeg

LONGEST = 16 * 2**20  # bytes of a text that is read back
PNG_START, KEYWORD = b"\x89PNG\r\n\x1a\n", b"recipe"
IN_FOLDER = "recipe.json"
JPEG_LONGEST = 65_533  # bytes of a comment segment
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:animate="https://pypi.org/project/animate/"'
    ' Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia" animate:recipe="{}"/>'
    "</rdf:RDF></x:xmpmeta>"
)


def put(path: Path, text: str) -> None:
    """Write a text into a whole film or PNG; the suffix says of which format. Raises AnimateError, OSError."""
    if path.is_dir():
        (path / IN_FOLDER).write_text(text, encoding="utf-8")
        return
    PUT[path.suffix.lower()](path, text)


def get(path: Path) -> str | None:
    """The text of a file, None if it has none. Raises AnimateError if the file is of no format with texts; OSError."""
    if path.is_dir():
        file = path / IN_FOLDER
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            return _limited(opened.read(LONGEST + 1)).decode("utf-8", "replace")
    take = GET.get(path.suffix.lower())
    if take is None:
        raise AnimateError(f'{path}: suffix "{path.suffix}" is not known; allowed: {", ".join(GET)}, or a folder of pictures')
    return take(path)


def _limited(data: bytes) -> bytes:
    if len(data) > LONGEST:
        raise AnimateError(f"a text of {len(data)} bytes; allowed: up to {LONGEST}; it is none that animate wrote")
    return data


# --- mp4 and webm ---------------------------------------------------------------------------------------------------------


def _put_comment(path: Path, text: str) -> None:
    """By copying the streams into a new container: neither format has room for it in a finished file."""
    said, copy = path.with_name(path.name + ".txt"), path.with_stem(path.stem + "-tagged")
    said.write_text(";FFMETADATA1\ncomment=" + re.sub(r"([=;#\\\n])", r"\\\1", text) + "\n", encoding="utf-8")
    faststart = ("-movflags", "+faststart") if path.suffix.lower() == ".mp4" else ()
    try:
        inputs = ("-i", f"file:{path}", "-f", "ffmetadata", "-i", f"file:{said}", "-map", "0", "-map_metadata", "1")
        ffmpeg.run(*inputs, "-c", "copy", *faststart, *ffmpeg.REPRODUCIBLE, f"file:{copy}")
        copy.replace(path)
    finally:
        said.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)


def _get_comment(path: Path) -> str | None:
    kind = {".mp4": "mov", ".webm": "matroska"}[path.suffix.lower()]  # or ffmpeg would guess, and open what the file names
    told = _limited(ffmpeg.run("-f", kind, "-i", f"file:{path}", "-f", "ffmetadata", "-", timeout=60)).decode("utf-8", "replace")
    said = re.search(r"^comment=((?:[^\\\n]++|\\.|\\\n)*+)$", told, re.MULTILINE | re.IGNORECASE)
    return re.sub(r"\\(.)", r"\1", said[1], flags=re.DOTALL) if said else None


# --- GIF: blocks; a comment is 21 FE and pieces of up to 255 bytes (GIF89a specification) -------------------------------------


def _put_gif(path: Path, text: str) -> None:
    data = text.encode()
    pieces = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    with path.open("r+b") as file:
        file.seek(-1, 2)
        if file.read(1) != b";":
            raise AnimateError(f"{path}: no whole GIF")
        file.seek(-1, 2)
        file.write(b"\x21\xfe" + pieces + b"\0;")


def _get_gif(path: Path) -> str | None:
    found = None
    with path.open("rb") as file:
        head = file.read(13)
        if head[:3] != b"GIF" or len(head) < 13:
            raise AnimateError(f"{path}: no GIF")
        _skip_colours(file, head[10])
        while (kind := file.read(1)) not in (b"", b";"):
            if kind == b",":
                _skip_colours(file, (file.read(9) or b"\0")[-1])
                file.seek(1, 1)
                _pieces(file, keep=False)
            elif kind == b"!" and file.read(1) == b"\xfe":
                found = _pieces(file, keep=True)
            else:
                _pieces(file, keep=False)
    return found.decode("utf-8", "replace") if found else None


def _skip_colours(file: IO[bytes], flags: int) -> None:
    if flags & 0x80:
        file.seek(3 * 2 ** ((flags & 7) + 1), 1)


def _pieces(file: IO[bytes], keep: bool) -> bytes:
    parts: list[bytes] = []
    while (length := (file.read(1) or b"\0")[0]) > 0:
        if keep:
            parts.append(file.read(length))
        else:
            file.seek(length, 1)
    return _limited(b"".join(parts))


# --- PNG: chunks of length, name, data, CRC; ours stands last, so that nothing has to be moved ---------------------------------

PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def _put_png(path: Path, text: str) -> None:
    chunk = b"iTXt" + KEYWORD + b"\0\0\0\0\0" + text.encode()
    with path.open("r+b") as file:
        file.seek(-len(PNG_END), 2)
        if file.read() != PNG_END:
            raise AnimateError(f"{path}: no whole PNG")
        file.seek(-len(PNG_END), 2)
        file.write(struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + PNG_END)


def _get_png(path: Path) -> str | None:
    with path.open("rb") as file:
        if file.read(len(PNG_START)) != PNG_START:
            raise AnimateError(f"{path}: no PNG")
        while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
            (length,), after = struct.unpack(">I", head[:4]), file.tell()
            if head[4:] == b"iTXt" and length <= LONGEST:
                keyword, _, rest = file.read(length).partition(b"\0")
                if keyword == KEYWORD:
                    return rest[4:].decode("utf-8", "replace")
            file.seek(after + length + 4)
    return None


# --- WebP: a RIFF of chunks; XMP is announced in the first one (WebP Container Specification) ----------------------------------


def saved_with(suffix: str, text: str) -> dict[str, bytes]:
    """What Pillow is told when it saves a WebP or JPEG that is to carry this text. Raises AnimateError."""
    if suffix == ".webp":
        return {"xmp": xmp(text)}
    if len(text.encode()) > JPEG_LONGEST:
        raise AnimateError(f"a recipe of {len(text.encode())} bytes does not go into a JPEG; use .png")
    return {"comment": text.encode()}


def xmp(text: str) -> bytes:
    return XMP.format(html.escape(text)).encode()


def _put_webp(path: Path, text: str) -> None:
    """Into one that begins with VP8X, as every animated one does."""
    data = xmp(text)
    with path.open("r+b") as file:
        head = file.read(21)
        if head[:4] != b"RIFF" or head[12:16] != b"VP8X":
            raise AnimateError(f"{path}: no WebP with a header that has room for texts")
        file.seek(20)
        file.write(bytes([head[20] | 4]))
        file.seek(0, 2)
        file.write(b"XMP " + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2))
        length = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", length))


def _get_webp(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WEBP":
            raise AnimateError(f"{path}: no WebP")
        while len(frame := file.read(8)) == 8:
            (length,) = struct.unpack("<I", frame[4:])
            if frame[:4] == b"XMP " and length <= LONGEST:
                said = re.search(r'animate:recipe="([^"]*)"', file.read(length).decode("utf-8", "replace"))
                return html.unescape(said[1]) if said else None
            file.seek(length + length % 2, 1)
    return None


# --- JPEG: segments up to the pixels ---------------------------------------------------------------------------------------------


def _get_jpeg(path: Path) -> str | None:
    with path.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            raise AnimateError(f"{path}: no JPEG")
        while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != 0xDA:
            (length,) = struct.unpack(">H", head[2:])
            data = file.read(max(0, length - 2))
            if head[1] == 0xFE:
                return data.decode("utf-8", "replace")
    return None


PUT: dict[str, Callable[[Path, str], None]] = {
    ".mp4": _put_comment,
    ".webm": _put_comment,
    ".gif": _put_gif,
    ".png": _put_png,
    ".webp": _put_webp,
}
GET: dict[str, Callable[[Path], str | None]] = {
    ".mp4": _get_comment,
    ".webm": _get_comment,
    ".gif": _get_gif,
    ".png": _get_png,
    ".webp": _get_webp,
    ".jpg": _get_jpeg,
    ".jpeg": _get_jpeg,
}

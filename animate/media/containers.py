"""Where each kind of container keeps a text: how it is put into a finished file, and found again. Knows nothing of what it says.

MP4, QuickTime and Matroska keep it as their comment, GIF as a comment extension, PNG as an iTXt chunk, JPEG as a comment segment,
WebP and AVIF in XMP (with the mark that a trained model made the pictures, as IPTC has it), a folder in a file beside its pictures.
"""

from __future__ import annotations

import errno
import html
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from ..errors import AnimateError
from ..places import is_file, read_bytes
from . import ffmpeg

LONGEST = 16 * 2**20  # bytes of a text that is read back
KEYWORD = b"recipe"
IN_FOLDER = "recipe.json"
JPEG_LONGEST = 65_533  # bytes of a comment segment
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:animate="https://pypi.org/project/animate/"'
    ' Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia" animate:recipe="{}"/>'
    "</rdf:RDF></x:xmpmeta>"
)


@dataclass(frozen=True)
class Text:
    """How files of one kind hold a text."""

    get: Callable[[Path], str | None]  # None if there is none; raises AnimateError for a file of another kind, OSError
    put: Callable[[Path, str], None] | None = None  # into a finished file; raises AnimateError, OSError, and leaves the file as it was
    saved_with: Callable[[str], dict[str, Any]] | None = None  # settings of Pillow that save one image with its text; raises AnimateError


def limited(data: bytes) -> bytes:
    """The bytes of a text. Raises AnimateError if there are more than any that is written."""
    if len(data) > LONGEST:
        raise AnimateError(f"a text of {len(data)} bytes; allowed: up to {LONGEST}; it is none that animate wrote")
    return data


def _replace_end(file: IO[bytes], old: bytes, new: bytes) -> None:
    """Write `new` where the file ends with `old`. Raises OSError, with the end as it was, if there is no room. The file is unbuffered."""
    end = file.seek(-len(old), os.SEEK_END) if old else file.seek(0, os.SEEK_END)
    try:
        if file.write(new) < len(new):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        file.seek(end)
        file.write(old)
        file.truncate()
        raise


# --- MP4, QuickTime, Matroska: the comment -----------------------------------------------------------------------------------


def _put_comment(path: Path, text: str, movflags: str) -> None:
    """By copying the streams into a new container: none of these has room for it in a finished file."""
    metadata, copy = path.with_name(path.name + ".txt"), path.with_stem(path.stem + "-tagged")
    options = ("-movflags", movflags) if movflags else ()
    try:
        # A file: on the command line there is room for 128 KiB only.
        metadata.write_text(";FFMETADATA1\ncomment=" + re.sub(r"([=;#\\\n])", r"\\\1", text) + "\n", encoding="utf-8")
        inputs = ("-i", f"file:{path}", "-f", "ffmetadata", "-i", f"file:{metadata}", "-map", "0", "-map_metadata", "1")
        ffmpeg.run(*inputs, "-c", "copy", *options, *ffmpeg.REPRODUCIBLE, f"file:{copy}")
        copy.replace(path)
    finally:
        metadata.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)


def _get_comment(path: Path, demuxer: str) -> str | None:
    """The demuxer is named, or ffmpeg would guess it, and open what the file names."""
    try:
        metadata = ffmpeg.run("-f", demuxer, "-i", f"file:{path}", "-f", "ffmetadata", "-", timeout=60)
    except AnimateError as error:
        cause = str(error).partition("; ")[0]  # what comes after follows from it
        raise AnimateError(f"{path}: cannot be read as a film ({cause}); give a whole file that animate wrote") from error
    comment = re.search(r"^comment=((?:[^\\\n]++|\\.|\\\n)*+)$", limited(metadata).decode("utf-8", "replace"), re.MULTILINE | re.IGNORECASE)
    return re.sub(r"\\(.)", r"\1", comment[1], flags=re.DOTALL) if comment else None


# --- GIF: blocks; a comment is 21 FE and pieces of up to 255 bytes (GIF89a specification) -------------------------------------


def _put_gif(path: Path, text: str) -> None:
    data = text.encode()
    pieces = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    with path.open("r+b", buffering=0) as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b";":
            raise AnimateError(f"{path}: no whole GIF")
        _replace_end(file, b";", b"\x21\xfe" + pieces + b"\0;")


def _get_gif(path: Path) -> str | None:
    comment = None
    with path.open("rb") as file:
        head = file.read(13)
        if head[:3] != b"GIF" or len(head) < 13:
            raise AnimateError(f"{path}: no GIF, whatever its name says; give a whole file that animate wrote")
        _skip_palette(file, head[10])
        while (kind := file.read(1)) not in (b"", b";"):
            if kind == b",":
                _skip_palette(file, (file.read(9) or b"\0")[-1])
                file.seek(1, os.SEEK_CUR)
                _pieces(file, keep=False)
            elif kind == b"!" and file.read(1) == b"\xfe":
                comment = _pieces(file, keep=True)
            else:
                _pieces(file, keep=False)
    return comment.decode("utf-8", "replace") if comment else None


def _skip_palette(file: IO[bytes], flags: int) -> None:
    if flags & 0x80:
        file.seek(3 * 2 ** ((flags & 7) + 1), os.SEEK_CUR)


def _pieces(file: IO[bytes], keep: bool) -> bytes:
    parts: list[bytes] = []
    while (length := (file.read(1) or b"\0")[0]) > 0:
        if keep:
            parts.append(file.read(length))
        else:
            file.seek(length, os.SEEK_CUR)
    return limited(b"".join(parts))


# --- PNG: chunks of length, name, data, CRC; ours stands last, so that nothing has to be moved ---------------------------------

_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"


def _put_png(path: Path, text: str) -> None:
    chunk = b"iTXt" + KEYWORD + b"\0\0\0\0\0" + text.encode()
    with path.open("r+b", buffering=0) as file:
        file.seek(-len(_PNG_END), os.SEEK_END)
        if file.read() != _PNG_END:
            raise AnimateError(f"{path}: no whole PNG")
        _replace_end(file, _PNG_END, struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + _PNG_END)


def _get_png(path: Path) -> str | None:
    with path.open("rb") as file:
        if file.read(len(_PNG_START)) != _PNG_START:
            raise AnimateError(f"{path}: no PNG, whatever its name says; give a whole file that animate wrote")
        while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
            (length,), after = struct.unpack(">I", head[:4]), file.tell()
            if head[4:] == b"iTXt" and length <= LONGEST:
                keyword, _, rest = file.read(length).partition(b"\0")
                if keyword == KEYWORD:
                    return rest[4:].decode("utf-8", "replace")
            file.seek(after + length + 4)
    return None


# --- WebP: a RIFF of chunks; XMP is announced in the first one (WebP Container Specification) ----------------------------------


def _xmp(text: str) -> bytes:
    return XMP.format(html.escape(text)).encode()


def _text_in(xmp: bytes) -> str | None:
    recipe = re.search(r'animate:recipe="([^"]*)"', xmp.decode("utf-8", "replace"))
    return html.unescape(recipe[1]) if recipe else None


def _put_webp(path: Path, text: str) -> None:
    """Into one that begins with VP8X, as every animated one does."""
    data = _xmp(text)
    with path.open("r+b", buffering=0) as file:
        head = file.read(21)
        if head[:4] != b"RIFF" or head[12:16] != b"VP8X":
            raise AnimateError(f"{path}: no WebP with a header that has room for texts")
        _replace_end(file, b"", b"XMP " + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2))
        length = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", length))
        file.seek(20)
        file.write(bytes([head[20] | 4]))


def _get_webp(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WEBP":
            raise AnimateError(f"{path}: no WebP, whatever its name says; give a whole file that animate wrote")
        while len(chunk := file.read(8)) == 8:
            (length,) = struct.unpack("<I", chunk[4:])
            if chunk[:4] == b"XMP " and length <= LONGEST:
                return _text_in(file.read(length))
            file.seek(length + length % 2, os.SEEK_CUR)
    return None


# --- AVIF: boxes of length, name, data (ISO/IEC 14496-12); XMP stands in a box of its own (XMP Specification, part 3) ------------

_XMP_BOX = bytes.fromhex("BE7ACFCB 97A9 42E8 9C71 999491E3AFAC")


def _put_avif(path: Path, text: str) -> None:
    """As the last box: readers pass over boxes that they do not know, and nothing has to be moved."""
    data = _XMP_BOX + _xmp(text)
    with path.open("r+b", buffering=0) as file:
        end = 0
        for start, _, length in _boxes(file, path):
            end = start + length
        if end != file.seek(0, os.SEEK_END):
            raise AnimateError(f"{path}: no whole AVIF")
        _replace_end(file, b"", struct.pack(">I", len(data) + 8) + b"uuid" + data)


def _get_avif(path: Path) -> str | None:
    with path.open("rb") as file:
        for start, kind, length in _boxes(file, path):
            file.seek(start + 8)
            if kind == b"uuid" and 24 <= length <= LONGEST and file.read(16) == _XMP_BOX:
                return _text_in(file.read(length - 24))
    return None


def _boxes(file: IO[bytes], path: Path) -> Iterator[tuple[int, bytes, int]]:
    """Start, name and length of every box that is in the file as a whole. Raises AnimateError if the first one is not that of an AVIF."""
    start, end = 0, file.seek(0, os.SEEK_END)
    file.seek(0)
    while len(head := file.read(16)) >= 8:
        length, kind = struct.unpack(">I4s", head[:8])
        if start == 0 and (kind != b"ftyp" or head[8:12] not in (b"avis", b"avif")):
            break
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack(">Q", head[8:])
        if not 8 <= length <= end - start:  # also 0: to the end of the file
            return
        yield start, kind, length
        start += length
        file.seek(start)
    if start == 0:
        raise AnimateError(f"{path}: no AVIF, whatever its name says; give a whole file that animate wrote")


# --- JPEG: segments up to the pixels ---------------------------------------------------------------------------------------------


def _jpeg_comment(text: str) -> dict[str, Any]:
    data = text.encode()
    if len(data) > JPEG_LONGEST:
        raise AnimateError(f"a recipe of {len(data)} bytes does not go into a JPEG; use .png")
    return {"comment": data}


def _get_jpeg(path: Path) -> str | None:
    with path.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            raise AnimateError(f"{path}: no JPEG, whatever its name says; give a whole file that animate wrote")
        while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != 0xDA:
            (length,) = struct.unpack(">H", head[2:])
            data = file.read(max(0, length - 2))
            if head[1] == 0xFE:
                return data.decode("utf-8", "replace")
    return None


# --- a folder -------------------------------------------------------------------------------------------------------------------


def _put_into_folder(path: Path, text: str) -> None:
    (path / IN_FOLDER).write_text(text, encoding="utf-8")


def _get_from_folder(path: Path) -> str | None:
    return read_bytes(path / IN_FOLDER, LONGEST).decode("utf-8", "replace") if is_file(path / IN_FOLDER) else None


MP4 = Text(partial(_get_comment, demuxer="mov"), partial(_put_comment, movflags="+faststart"))
MOV = Text(partial(_get_comment, demuxer="mov"), partial(_put_comment, movflags="+faststart+use_metadata_tags"))  # without, 64 KiB at most
MATROSKA = Text(partial(_get_comment, demuxer="matroska"), partial(_put_comment, movflags=""))
GIF = Text(_get_gif, _put_gif)
PNG = Text(_get_png, _put_png)
WEBP = Text(_get_webp, _put_webp, lambda text: {"xmp": _xmp(text)})
AVIF = Text(_get_avif, _put_avif)
JPEG = Text(_get_jpeg, saved_with=_jpeg_comment)
FOLDER = Text(_get_from_folder, _put_into_folder)

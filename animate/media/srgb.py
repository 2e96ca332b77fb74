"""A picture as Pillow opens it -> 8 bits of sRGB, upright, on white: depths, colour profiles, transparency. Knows nothing of files."""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache

import numpy as np
import PIL.Image
from PIL import ImageCms, ImageOps

from ..errors import one_line
from ..report import REPORT, Report

# What Pillow raises for a file that is broken, or no picture. Each of its readers has its own: the end of a GIF that was cut off is an
# IndexError, a damaged AVIF a RuntimeError, a TIFF without a size a TypeError.
UNREADABLE = (
    *(OSError, ValueError, ArithmeticError, LookupError, RuntimeError, TypeError, AttributeError, SyntaxError, EOFError, MemoryError),
    *(struct.error, zlib.error, PIL.Image.DecompressionBombError),
)

# What Pillow opens by itself, whatever the file is called; of others (EPS) it would run programs.
KINDS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "DIB", "TIFF", "JPEG2000", "PPM", "TGA", "DDS", "ICO", "ICNS", "SGI", "PCX", "QOI", "PSD")

DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")  # Pillow's modes of more than 8 bits, all of them grey
MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}  # ICC's colour spaces -> Pillow's modes
OTHER_COLOURS = ("CMYK", "LAB")
WORD, LONG = 2**16 - 1, 2**32 - 1  # the largest number of 16 and of 32 bits


def as_srgb(picture: PIL.Image.Image, name: str, report: Report = REPORT) -> PIL.Image.Image:
    """The picture in RGB: turned as its EXIF says, 16-bit, 32-bit and float values scaled to 0..255 by their range, in the
    colours that its ICC profile means (relative colorimetric, ICC.1:2022), transparent parts on white.

    name: in a warning about a profile that cannot be read; then its numbers are taken as sRGB.
    """
    upright = ImageOps.exif_transpose(picture)
    profile: bytes | None = picture.info.get("icc_profile")
    shallow = _of_8_bits(upright) if upright.mode in DEEP else upright
    if not shallow.has_transparency_data:
        return _in_srgb(shallow, profile, name, report)
    clear = shallow.convert("RGBA")
    colours = _in_srgb(shallow.convert("L" if shallow.mode in ("L", "LA") else "RGB"), profile, name, report)
    colours.putalpha(clear.getchannel("A"))
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", clear.size, "white"), colours).convert("RGB")


def _of_8_bits(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Grey of more than 8 bits in 8. Floats are 0..1; where they go beyond, the largest is white."""
    values = np.nan_to_num(np.asarray(picture).astype(np.float64), posinf=0.0, neginf=0.0)
    if picture.mode == "F":
        white = max(1.0, values.max(initial=0.0))
    else:
        values = np.where(values < 0, values + LONG + 1, values)  # Pillow keeps 32 bits with a sign
        white = WORD if values.max(initial=0.0) <= WORD else LONG
    return PIL.Image.fromarray(np.clip(values / white * 255, 0, 255).round().astype(np.uint8))


def _in_srgb(picture: PIL.Image.Image, profile: bytes | None, name: str, report: Report) -> PIL.Image.Image:
    """An opaque picture in RGB."""
    if profile:
        try:
            return _converted(picture, profile)
        except (ImageCms.PyCMSError, OSError, ValueError) as error:
            report.warn(f"{name}: its colour profile cannot be used ({one_line(error)}); its colours are taken as sRGB")
    return picture.convert("RGB")


def _converted(picture: PIL.Image.Image, profile: bytes) -> PIL.Image.Image:
    transform, mode = _to_srgb(profile)
    if mode == "RGB" and picture.mode not in OTHER_COLOURS:  # palettes, and grey with an RGB profile, as many programs write it
        picture = picture.convert("RGB")
    if picture.mode != mode:
        raise ValueError(f"it is for {mode}, the picture is {picture.mode}")
    converted = ImageCms.applyTransform(picture, transform)
    assert converted is not None  # it is only where the picture is changed in place
    return converted


@lru_cache(maxsize=8)
def _to_srgb(profile: bytes) -> tuple[ImageCms.ImageCmsTransform, str]:
    """From the colours of an ICC profile, once for all frames of a film, and the mode that pictures must have for it."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space
    if space not in MODES:
        raise ValueError(f"it is for {space.strip()}")
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), MODES[space], "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
    return transform, MODES[space]

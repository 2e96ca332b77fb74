"""Pictures of any depth and colour -> 8 bits of sRGB on white."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from PIL import ImageCms

from animate import AnimateWarning
from animate.media import images, reading
from animate.media.srgb import as_srgb


def reopened(picture: PIL.Image.Image, kind: str, **settings: object) -> PIL.Image.Image:
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return PIL.Image.open(file)


def first(picture: PIL.Image.Image, kind: str = "TIFF", **settings: object) -> tuple[int, ...]:
    """The upper left pixel, as it is shown."""
    return tuple(np.asarray(as_srgb(reopened(picture, kind, **settings), "p"))[0, 0].tolist())


def grey(value: float, dtype: str) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.full((16, 16), value, dtype))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(("value", "shown"), [(0, 0), (257, 1), (32768, 128), (65535, 255)])
def test_16_bits_are_scaled_by_their_range(kind: str, value: int, shown: int) -> None:
    assert first(grey(value, "uint16"), kind) == (shown,) * 3


@pytest.mark.parametrize(("values", "shown"), [((0.5, 1.0), 128), ((0.5, 0.5), 128), ((100.0, 200.0), 128), ((-1.0, 1.0), 0), ((np.nan, 1.0), 0)])
def test_floats_are_0_to_1_and_more_is_scaled_down(values: tuple[float, float], shown: int) -> None:
    picture = np.full((16, 16), values[1], np.float32)
    picture[0, 0] = values[0]
    assert first(PIL.Image.fromarray(picture)) == (shown,) * 3


def test_32_bits_and_a_grey_map_of_16() -> None:
    assert first(PIL.Image.fromarray(np.full((8, 8), 2**31 - 1, np.int32))) == (127,) * 3
    deep = PIL.Image.open(io.BytesIO(b"P5\n2 2\n65535\n" + b"\x80\x00" * 4))
    assert np.asarray(as_srgb(deep, "p"))[0, 0].tolist() == [128] * 3


# Display P3: the sRGB curve, D65 adapted to D50, primaries of the DCI-P3 specification (SMPTE EG 432-1), from the ICC's registry.
P3 = ((0.515121, 0.241196, -0.001053), (0.291977, 0.692245, 0.041885), (0.157104, 0.066574, 0.784073))


def display_p3() -> bytes:
    """A matrix profile, made from the sRGB one by its three primaries."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for tag in range(int.from_bytes(profile[128:132])):
        entry = 132 + 12 * tag
        name, offset = bytes(profile[entry : entry + 4]), int.from_bytes(profile[entry + 4 : entry + 8])
        if name in (b"rXYZ", b"gXYZ", b"bXYZ"):
            numbers = P3[b"rgb".index(name[0])]
            profile[offset + 8 : offset + 20] = b"".join(round(number * 65536).to_bytes(4, signed=True) for number in numbers)
    return bytes(profile)


def test_a_colour_profile_is_applied(tmp_path: Path) -> None:
    red = PIL.Image.new("RGB", (16, 16), (200, 60, 60))
    for kind in ("PNG", "TIFF", "WEBP"):
        assert first(red, kind, icc_profile=display_p3(), **({"lossless": True} if kind == "WEBP" else {})) == pytest.approx((217, 42, 52), abs=1)
    assert first(red, "PNG") == (200, 60, 60)
    red.save(tmp_path / "0.png", icc_profile=display_p3())
    expected = pytest.approx((217, 42, 52), abs=1)
    assert tuple(images.read(str(tmp_path / "0.png"), 16, 16)[0, 0].tolist()) == expected
    assert tuple(next(reading.frames(tmp_path))[0, 0].tolist()) == expected, "frames in a folder, too"


def test_profiles_of_srgb_and_of_grey_and_transparent_pictures() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert first(PIL.Image.new("RGB", (8, 8), (200, 60, 60)), "PNG", icc_profile=srgb) == pytest.approx((200, 60, 60), abs=1)
    assert first(PIL.Image.new("L", (8, 8), 90), "PNG", icc_profile=srgb) == pytest.approx((90,) * 3, abs=1)
    assert first(PIL.Image.new("LA", (8, 8), (90, 0)), "PNG", icc_profile=srgb) == (255,) * 3
    half = first(PIL.Image.new("RGBA", (8, 8), (200, 60, 60, 128)), "PNG", icc_profile=display_p3())
    assert half == pytest.approx(tuple((c + 255) / 2 for c in (217, 42, 52)), abs=1.5)
    palette = PIL.Image.new("RGB", (8, 8), (200, 60, 60)).quantize(4)
    assert first(palette, "PNG", icc_profile=display_p3()) == pytest.approx((217, 42, 52), abs=1)


@pytest.mark.parametrize(("mode", "profile"), [("RGB", b"no profile at all"), ("CMYK", display_p3())], ids=["broken", "of other colours"])
def test_a_profile_that_cannot_be_used_is_told(mode: str, profile: bytes) -> None:
    with pytest.warns(AnimateWarning, match=r"^p: its colour profile cannot be used \(.*\); its colours are taken as sRGB$"):
        first(PIL.Image.new(mode, (8, 8)), icc_profile=profile)


def test_lab_and_cmyk_without_a_profile() -> None:
    assert first(PIL.Image.new("CMYK", (8, 8), (0, 255, 255, 0))) == (255, 0, 0)


def test_frames_are_upright(tmp_path: Path) -> None:
    turned = PIL.Image.Exif()
    turned[0x0112] = 6
    PIL.Image.new("RGB", (40, 24)).save(tmp_path / "0.jpg", exif=turned)
    assert next(reading.frames(tmp_path)).shape == (40, 24, 3)

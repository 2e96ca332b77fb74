"""The table of formats: an entry is all that a format needs, and every entry keeps what a film promises."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import PIL.Image
import pytest

from animate import AnimateError, AnimateWarning, write_video
from animate.film import preflight
from animate.media import formats, reading, tags
from animate.media.containers import Text
from animate.media.formats import FORMATS, Format, films, format_of, names, with_sound
from animate.media.sound import Sound, Track
from animate.media.writers import check
from animate.report import Report
from test_preflight import film
from test_sound import song
from test_writers import pictures

SIZE = (33, 47)  # odd, so that padding shows


class Toy:
    """Width and height, then raw frames, then a text."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int]):
        self.file: BinaryIO = path.open("wb")
        self.file.write(struct.pack("<HH", *size))

    def add(self, image: np.ndarray) -> None:
        self.file.write(image.tobytes())

    def close(self) -> None:
        self.file.close()

    abort = close


def toy_frames(path: Path, report: Report) -> Iterator[np.ndarray]:
    data = path.read_bytes().partition(b"TEXT")[0]
    width, height = struct.unpack("<HH", data[:4])
    yield from np.frombuffer(data[4:], np.uint8).reshape(-1, height, width, 3)


def put_toy(path: Path, text: str) -> None:
    with path.open("ab") as file:
        file.write(b"TEXT" + text.encode())


def test_one_entry_is_all_that_a_new_format_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Text(lambda path: path.read_bytes().partition(b"TEXT")[2].decode() or None, put_toy)
    toy = Format(".toy", "raw frames", Toy, 3.5, fastest=20, text=text, decoder=toy_frames)
    monkeypatch.setitem(FORMATS, ".toy", toy)
    assert names(films()).endswith(", .toy")
    assert preflight.size(film(frames=10), ".TOY", 10) == 10 * 64 * 64 * 3.5
    images = pictures(3, SIZE)
    path = write_video(tmp_path / "film.toy", images, 12, note=lambda count: f"a recipe of {count}")
    assert tags.get(path) == "a recipe of 3"
    assert np.array_equal([*reading.frames(path)], images)
    with pytest.raises(AnimateError, match=r"^24 fps is too fast for a TOY; allowed: up to 20"):
        check(tmp_path / "film.toy", 24)
    with pytest.raises(AnimateError, match=r"film\.toy: has no room for a sound; name a film that has, \.mp4, \.webm or \.mov"):
        Track.of(Sound(song(tmp_path / "song.wav", 0.1)), path)
    for refused in (lambda: check(tmp_path / "film.avi", 12), lambda: tags.get(tmp_path / "film.mpg")):
        with pytest.raises(AnimateError, match=r"allowed: \.mp4, .*\.toy, "):
            refused()


@pytest.mark.parametrize("suffix", [*films(), "/"])
def test_every_format_keeps_frames_recipe_and_sound(tmp_path: Path, suffix: str) -> None:
    images = pictures(12, SIZE)
    sound = Sound(song(tmp_path / "song.wav", 1)) if suffix in with_sound() else None
    path = write_video(f"{tmp_path}/film{suffix}", images, 12, note=lambda count: f"a recipe of {count}", sound=sound)
    assert tags.get(path) == "a recipe of 12"
    seen = np.stack([*reading.frames(path)])
    assert len(seen) == 12, "held pictures included"
    assert np.abs(seen[:, : SIZE[0], : SIZE[1]].astype(int) - np.stack(images)).mean() < 14
    if sound:
        assert Track.of(Sound(path), path).seconds == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("format", [format for format in FORMATS.values() if format.encoder], ids=lambda format: format.suffix or "folder")
def test_formats_that_are_written_leave_nothing_out(format: Format) -> None:
    assert format.bytes_per_pixel > 0
    assert format.decoder
    assert format.text
    assert format.text.put
    assert format.about


@pytest.mark.parametrize("suffix", films())
def test_files_that_were_cut_off_or_are_something_else_are_not_read_as_films(tmp_path: Path, suffix: str) -> None:
    path = write_video(tmp_path / f"film{suffix}", pictures(12), 12)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    # A WebM is whole wherever it ends.
    error, said = (AnimateWarning, "frames may be missing") if suffix == ".webm" else (AnimateError, "cannot be read as a")
    with pytest.raises(error, match=said) as refused:
        list(reading.frames(path))
    assert "\n" not in str(refused.value)
    path.write_bytes(b"no film " * 100)
    with pytest.raises(AnimateError, match=r"^[^:]*: cannot be read as a"):
        list(reading.frames(path))


def test_what_reading_warns_of_goes_to_the_report_that_is_passed_in(tmp_path: Path) -> None:
    class Listening(Report):
        def warn(self, line: str) -> None:
            heard.append(line)

    heard: list[str] = []
    path = write_video(tmp_path / "film.webm", pictures(24), 12)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    list(reading.frames(path, Listening()))
    assert [line.split(" (")[0] for line in heard] == [f"{path}: frames may be missing"]


def test_suffixes_may_be_in_capitals_and_folders_have_none(tmp_path: Path) -> None:
    assert format_of(Path("a/film.GIF")) is FORMATS[".gif"]
    assert format_of(tmp_path) is FORMATS[""]
    assert format_of(tmp_path / "film") is None, "a name without a suffix is no folder"
    (tmp_path / "frames.v2").mkdir()
    assert format_of(tmp_path / "frames.v2") is FORMATS[""]


def test_names_are_for_people() -> None:
    assert names([".a"]) == names([".a"], "or") == ".a"
    assert names([".a", ".b", ".c"]) == ".a, .b, .c"
    assert names([".a", ".b", ".c"], "or") == ".a, .b or .c"


def test_a_folder_may_hold_every_kind_of_picture(tmp_path: Path) -> None:
    for number, suffix in enumerate(formats.pictures()):
        PIL.Image.new("RGB", (32, 32), (20 * number,) * 3).save(tmp_path / f"{number}{suffix}")
    assert [int(image[0, 0, 0]) for image in reading.frames(tmp_path)] == pytest.approx([20 * i for i in range(len(formats.pictures()))], abs=2)


# --- QuickTime and AVIF -------------------------------------------------------------------------------------------------------


def described(path: Path) -> str:
    return subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True).stderr


# What the finished file says of itself, by the program of another library: pixels, range, matrix/primaries/curve, rate, length.
DESCRIBED = {
    ".mp4": ("h264 (High) (avc1", "yuv420p(tv, bt709/bt709/iec61966-2-1, progressive), 48x34", "12 fps", "Duration: 00:00:02.00"),
    ".webm": ("vp9 (Profile 0)", "yuv420p(tv, bt709/bt709/iec61966-2-1, progressive), 48x34", "12 fps", "Duration: 00:00:02.0"),
    ".mov": ("prores (Standard) (apcn", "yuv422p10le(tv, bt709, progressive), 48x34", "12 fps", "Duration: 00:00:02.00"),
    ".gif": ("gif", "bgra, 47x33", "12 tbr", "Duration: 00:00:02.00"),
    ".png": ("apng", "rgb24(pc, gbr/bt709/iec61966-2-1), 47x33 [SAR 1:1 DAR 47:33]", "12 fps"),  # it does not write how long these are
    ".webp": ("webp_anim", "argb, 47x33", "12 fps"),
    ".avif": ("av1 (libdav1d) (High)", "yuv444p(pc, bt709/bt709/iec61966-2-1, progressive), 47x33", "12 fps", "Duration: 00:00:02.00"),
}


@pytest.mark.parametrize("suffix", films())
@pytest.mark.parametrize("noted", [False, True], ids=["as encoded", "with its recipe"])
def test_the_file_itself_says_its_colours_rate_and_length(tmp_path: Path, suffix: str, noted: bool) -> None:
    sound = Sound(song(tmp_path / "song.wav", 2)) if noted and suffix in with_sound() else None
    path = write_video(tmp_path / f"film{suffix}", pictures(24, SIZE), 12, note=str if noted else None, sound=sound)
    text = described(path)
    for words in DESCRIBED[suffix]:
        assert words in text
    assert (b"colr" in path.read_bytes()) == (suffix in (".mp4", ".mov", ".avif")), "where players of Apple look"
    assert len([*reading.frames(path)]) == 24


def test_a_mov_is_prores_as_editors_take_it(tmp_path: Path) -> None:
    text = described(write_video(tmp_path / "film.mov", pictures(24), 24, sound=Sound(song(tmp_path / "song.wav", 1))))
    for words in ("prores (Standard) (apcn", "yuv422p10le(tv, bt709, progressive)", "24 fps", "Duration: 00:00:01.00", "Audio: pcm_s16le (sowt"):
        assert words in text


def test_an_avif_is_an_endless_animation_in_full_colour(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.avif", pictures(24), 24, note=str)
    text = described(path)
    for words in ("av1 (libdav1d) (High)", "yuv444p(pc, bt709/bt709/iec61966-2-1", "24 fps", "Duration: 00:00:01.00"):
        assert words in text
    assert len([*iio.imiter(path, plugin="pillow")]) == 24
    with PIL.Image.open(path) as film:
        durations = []
        for number in range(getattr(film, "n_frames", 1)):
            film.seek(number)
            film.load()
            durations.append(film.info["duration"])
    assert sum(durations) == pytest.approx(1000, abs=24), "whole milliseconds of Pillow"
    assert b"trainedAlgorithmicMedia" in path.read_bytes()[-800:], "XMP, for whoever else reads it"


def test_one_image_is_a_still_avif(tmp_path: Path) -> None:
    path = write_video(tmp_path / "one.avif", pictures(1), 12, note=str)
    with PIL.Image.open(path) as image:
        assert getattr(image, "n_frames", 1) == 1
    assert tags.get(path) == "1"
    assert len([*reading.frames(path)]) == 1

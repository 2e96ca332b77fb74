"""Texts in files: what is put in comes out again, and the pictures stay what they were."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import PIL.Image
import pytest

import animate
from animate import AnimateError, AnimateWarning, write_video
from animate.media import tags
from animate.media.containers import _XMP_BOX, IN_FOLDER
from animate.media.formats import films
from animate.media.writers import write_image
from test_writers import read

NO_FILM = r"cannot be read as a film \(ffmpeg failed: [^\n]+\); give a whole file that animate wrote"
IMAGES = [np.full((48, 64, 3), 20 * i, np.uint8) for i in range(6)]
TEXTS = {"plain": 'a "tree"; \\ # = <b>&amp;</b> \u00e4\u79cd', "long": json.dumps([*range(60_000)])}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", [*(f"film{suffix}" for suffix in films()), "folder/", "one.png"])
def test_what_is_put_in_comes_out_again(tmp_path: Path, name: str, text: str) -> None:
    images = IMAGES[:1] if name == "one.png" else IMAGES
    path = f"{tmp_path}/{name}"
    write_video(path, images, 12, note=lambda count: text)
    assert tags.get(Path(path)) == text
    write_video(f"{tmp_path}/bare-{name}", images, 12)
    assert tags.get(tmp_path / f"bare-{name}") is None
    if not name.endswith("/"):
        assert np.array_equal(read(Path(path), (48, 64)), read(tmp_path / f"bare-{name}", (48, 64)))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_stills_carry_texts_too(tmp_path: Path, name: str) -> None:
    write_image(tmp_path / name, IMAGES[3], note=TEXTS["plain"])
    assert tags.get(tmp_path / name) == TEXTS["plain"]
    write_image(tmp_path / f"bare-{name}", IMAGES[3])
    assert tags.get(tmp_path / f"bare-{name}") is None
    tagged, bare = (np.asarray(PIL.Image.open(tmp_path / n)) for n in (name, f"bare-{name}"))
    assert np.array_equal(tagged, bare)


def test_a_text_too_long_for_a_jpeg_is_said_and_the_picture_is_kept(tmp_path: Path) -> None:
    with pytest.warns(AnimateWarning, match=r"a\.jpg carries no recipe: .* does not go into a JPEG; use \.png"):
        write_image(tmp_path / "a.jpg", IMAGES[0], note=TEXTS["long"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]
    write_image(tmp_path / "bare.jpg", IMAGES[0])
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "bare.jpg").read_bytes()


@pytest.mark.parametrize("name", [f"film{suffix}" for suffix in films()])
def test_the_same_film_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    for copy in "ab":
        write_video(tmp_path / copy / name, IMAGES, 12, note=lambda count: TEXTS["plain"])
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_mp4_still_starts_while_it_loads_and_keeps_its_colours(tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", IMAGES, 12, note=lambda count: TEXTS["plain"])
    data = (tmp_path / "film.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    description = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(tmp_path / "film.mp4")], capture_output=True, text=True).stderr
    assert "bt709" in description


def test_a_film_encoded_again_keeps_its_text_or_has_none(tmp_path: Path) -> None:
    write_video(tmp_path / "film.gif", IMAGES, 12, note=lambda count: "said")
    for more, kept in (((), "said"), (("-map_metadata", "-1"), None)):
        again = ["-i", str(tmp_path / "film.gif"), *more, "-y", str(tmp_path / "other.mp4")]
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *again], check=True)
        assert tags.get(tmp_path / "other.mp4") == kept


@pytest.mark.parametrize("suffix", [*films(), ".jpg"])
def test_files_of_another_kind_are_one_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"broken{suffix}"
    for data in (b"", b"hello", bytes(range(256)) * 4, b"ffconcat version 1.0\nfile /etc/passwd\n"):
        path.write_bytes(data)
        with pytest.raises(
            AnimateError, match=rf"^{re.escape(str(path))}: (no [A-Z]\w+, whatever its name says; give a whole file that animate wrote|{NO_FILM})$"
        ):
            tags.get(path)


@pytest.mark.parametrize("name", ["film.gif", "film.webp", "film.png", "film.avif"])
def test_cut_files_end_in_an_answer(tmp_path: Path, name: str) -> None:
    write_video(tmp_path / name, IMAGES, 12, note=lambda count: "said")
    whole = (tmp_path / name).read_bytes()
    for length in range(16, len(whole), 37):
        (tmp_path / name).write_bytes(whole[:length])
        assert tags.get(tmp_path / name) in (None, "said", "", *("said"[:k] for k in range(4)))


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    shutil.copy(__file__, tmp_path / "film.avi")
    with pytest.raises(AnimateError, match=r'suffix ".avi" is not known; allowed: .mp4, .webm'):
        tags.get(tmp_path / "film.avi")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xfe\0\0",
        b"\xff\xd8\xff\xfe\0\x01",
        b"GIF89a" + b"\xff" * 7,
        b"RIFF\xff\xff\xff\xffWEBPXMP \xff\xff\xff\xff",
        b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\x09uuid",
        # Boxes of 2^64 - 1 and 2^63 bytes, of more than there are, and a text's that is too short for its own name.
        *(b"\0\0\0\x14ftypavif" + bytes(8) + struct.pack(">I4sQ", 1, b"free", length) for length in (2**64 - 1, 2**63, 17, 2**32)),
        b"\0\0\0\x10ftypavif" + bytes(4) + struct.pack(">I4s", 10, b"uuid") + _XMP_BOX + b'animate:recipe="not of that box"',
    ],
)
def test_lengths_that_lie_end_in_an_answer(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / {b"\xff": "a.jpg", b"G": "a.gif", b"R": "a.webp", b"\0": "a.avif"}[data[:1]]
    path.write_bytes(data)
    assert not tags.get(path)


def test_a_folders_text_may_be_damaged(tmp_path: Path) -> None:
    (tmp_path / IN_FOLDER).write_bytes(b"\xff\xfe")
    assert tags.get(tmp_path) == "\N{REPLACEMENT CHARACTER}" * 2


def test_a_film_that_cannot_carry_its_text_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, text: str) -> None:
        raise AnimateError("no room")

    monkeypatch.setattr(tags, "put", refuse)
    with pytest.warns(animate.AnimateWarning, match=r"film.gif carries no recipe: no room"):
        write_video(tmp_path / "film.gif", IMAGES, 12, note=lambda count: "said")
    assert len(read(tmp_path / "film.gif", (48, 64))) == 6


@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.webm"])
def test_a_broken_film_is_named_with_what_to_do_and_without_addresses(tmp_path: Path, name: str) -> None:
    write_video(tmp_path / name, IMAGES, 12, note=lambda count: "said")
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:24])
    with pytest.raises(AnimateError) as refused:
        tags.get(tmp_path / name)
    said = str(refused.value)
    assert said.startswith(f"{tmp_path / name}: cannot be read as a film (ffmpeg failed: ")
    assert said.endswith("); give a whole file that animate wrote")
    assert "0x5" not in said
    assert "[" not in said


@pytest.mark.skipif(os.name == "nt", reason="no named pipes among its files")
@pytest.mark.parametrize("suffix", [*films(), ".jpg"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(tmp_path / f"pipe{suffix}")
    with pytest.raises(OSError, match="a pipe or a device"):
        tags.get(tmp_path / f"pipe{suffix}")
    os.mkfifo(tmp_path / IN_FOLDER)
    assert tags.get(tmp_path) is None

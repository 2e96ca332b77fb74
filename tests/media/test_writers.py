"""Images into files: every format read back by another reader, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import PIL.Image
import pytest

from animate import AnimateError, AnimateWarning, write_video
from animate.media import tags
from animate.media.encoders import Encoder, Pipe
from animate.media.formats import FORMATS, films
from animate.media.writers import Interrupted, check, write_image
from animate.report import Report

FILMS = films()


def pictures(count: int, size: tuple[int, int] = (32, 48)) -> list[np.ndarray]:
    """A bright bar walking over a coloured ramp; every second one is shown twice."""
    height, width = size
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    images = []
    for i in range(count):
        image = np.stack([np.tile(ramp, (height, 1)), np.full((height, width), 90, np.uint8), np.tile(ramp[::-1], (height, 1))], -1)
        image[:, (i // 2 * 5) % width] = 250
        images.append(image)
    return images


def read(path: Path, size: tuple[int, int] = (32, 48)) -> np.ndarray:
    """All frames, uint8 (N, H, W, 3)."""
    if path.suffix in (".mp4", ".webm", ".mov"):
        height, width = (side + side % 2 for side in size)
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        raw = subprocess.run(command, capture_output=True, check=True).stdout
        return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    return np.stack([np.asarray(frame)[..., :3] for frame in iio.imiter(path, plugin="pillow")])


@pytest.mark.parametrize("suffix", FILMS)
@pytest.mark.parametrize("size", [(32, 48), (33, 47)])
def test_every_frame_comes_back(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    images = pictures(12, size)
    path = write_video(tmp_path / f"film{suffix}", images, fps=10)
    seen = read(path, size)[:, : size[0], : size[1]]
    assert len(seen) == 12, "holds included: no encoder may merge frames"
    assert seen.shape[1:3] == size
    error = np.abs(seen.astype(int) - np.stack(images)).mean()
    assert error <= {".png": 0, ".webp": 8, ".gif": 8, ".avif": 2}.get(suffix, 14)
    assert [p.name for p in tmp_path.iterdir()] == [path.name], "nothing temporary is left"


def test_h264_is_what_every_player_takes(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.mp4", pictures(12), fps=12)
    description = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True).stderr
    for word in ("h264", "yuv420p(tv, bt709", "12 fps", "00:00:01.00"):
        assert word in description
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "the index comes first: it plays while it loads"


def test_colours_come_back_as_they_were(tmp_path: Path) -> None:
    flat = [np.full((32, 32, 3), colour, np.uint8) for colour in ((200, 40, 40), (40, 180, 60), (30, 60, 200), (250, 250, 250), (0, 0, 0))]
    for suffix in FILMS:
        seen = read(write_video(tmp_path / f"flat{suffix}", flat, fps=5), (32, 32))
        assert np.abs(seen.astype(int) - np.stack(flat)).max() <= 6, suffix


@pytest.mark.parametrize(("fps", "delays"), [(24, {40, 50}), (12, {80, 90}), (10, {100}), (50, {20})])
def test_gif_delays_add_up_to_the_films_length(tmp_path: Path, fps: int, delays: set[int]) -> None:
    path = write_video(tmp_path / "film.gif", pictures(2 * fps), fps)
    with PIL.Image.open(path) as gif:
        seen = []
        for i in range(getattr(gif, "n_frames", 1)):
            gif.seek(i)
            seen.append(gif.info["duration"])
        assert gif.info["loop"] == 0
    assert set(seen) == delays
    assert abs(sum(seen) - 2000) <= 10


def test_webp_delays_add_up(tmp_path: Path) -> None:
    with PIL.Image.open(write_video(tmp_path / "film.webp", pictures(24), 24)) as film:
        seen = []
        for i in range(getattr(film, "n_frames", 1)):
            film.seek(i)
            film.load()
            seen.append(film.info["duration"])
    assert sum(seen) == 1000


def test_a_folder_gets_numbered_pngs(tmp_path: Path) -> None:
    images = pictures(3)
    write_video(f"{tmp_path}/frames/", images, 12)
    assert sorted(p.name for p in (tmp_path / "frames").iterdir()) == ["00000.png", "00001.png", "00002.png"]
    assert np.array_equal(np.asarray(PIL.Image.open(tmp_path / "frames" / "00002.png")), images[2])
    with pytest.raises(AnimateError, match="holds more than a film"):
        write_video(f"{tmp_path}/frames/", images, 12)


def test_one_image_is_a_still_png(tmp_path: Path) -> None:
    with PIL.Image.open(write_video(tmp_path / "one.png", pictures(1), 12)) as image:
        assert getattr(image, "n_frames", 1) == 1


def test_an_older_file_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"before")

    def failing() -> Iterator[np.ndarray]:
        yield from pictures(5)
        raise RuntimeError("the model broke")

    for suffix in (*FILMS, "/"):
        with pytest.raises(RuntimeError, match="the model broke"):
            write_video(f"{tmp_path}/film{suffix}" if suffix != "/" else f"{tmp_path}/frames/", failing(), 12)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
    write_video(path, pictures(5), 12)
    assert len(read(path)) == 5


@pytest.mark.parametrize("suffix", FILMS)
def test_interrupted_films_are_closed_with_what_is_there(tmp_path: Path, suffix: str) -> None:
    def interrupted() -> Iterator[np.ndarray]:
        yield from pictures(5)
        os.kill(os.getpid(), signal.SIGINT)
        yield from pictures(5)

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / f"film{suffix}", interrupted(), 12)
    assert len(read(tmp_path / f"film{suffix}")) in (5, 6)


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_ctrl_c_while_the_file_is_closed_waits_for_it(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    new_encoder = FORMATS[suffix].encoder
    assert new_encoder

    def slow(*settings: Any) -> Encoder:
        encoder = new_encoder(*settings)
        close = encoder.close

        def pressed_twice() -> None:
            os.kill(os.getpid(), signal.SIGINT)
            close()
            os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.setattr(encoder, "close", pressed_twice)
        return encoder

    monkeypatch.setitem(FORMATS, suffix, replace(FORMATS[suffix], encoder=slow, needs_ffmpeg=False))  # not tried out before
    with pytest.raises(Interrupted) as interrupted:
        write_video(tmp_path / f"film{suffix}", pictures(5), 12)
    assert len(read(interrupted.value.path)) == 5


def test_names_that_are_taken_get_a_number(tmp_path: Path) -> None:
    paths = [write_video(tmp_path / "film.gif", pictures(2), 12, replace=False) for _ in range(3)]
    paths += [write_image(tmp_path / "film.png", pictures(1)[0], replace=False) for _ in range(2)]
    assert [path.name for path in paths] == ["film.gif", "film-2.gif", "film-3.gif", "film.png", "film-2.png"]
    assert all(path.stat().st_size for path in paths)


def test_one_array_may_hold_all_images_in_turn(tmp_path: Path) -> None:
    def reused() -> Iterator[np.ndarray]:
        image = np.zeros((32, 48, 3), np.uint8)
        for level in (0, 80, 160):
            image[:] = level
            yield image

    for suffix in FILMS:
        seen = read(write_video(tmp_path / f"film{suffix}", reused(), 12))
        assert np.abs(seen.mean((1, 2, 3)) - [0, 80, 160]).max() < 4, suffix


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk."""
    script = (
        "import resource, numpy as np, sys; from animate import write_video, AnimateError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "noise = np.random.default_rng(0).integers(0, 256, (6, 128, 128, 3), dtype=np.uint8)\n"
        "for path in sys.argv[1:]:\n"
        "    try: write_video(path, noise, 12)\n"
        "    except AnimateError as error: print(error)"
    )
    names = [f"{tmp_path}/film{suffix}" for suffix in FILMS] + [f"{tmp_path}/frames/"]
    done = subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == len(names)
    assert not list(tmp_path.iterdir())


def test_an_ffmpeg_that_does_not_start_is_told_before_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for broken in ("/nonexistent/ffmpeg", shutil.which("false") or ""):
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", broken)
        with pytest.raises(AnimateError, match=r"ffmpeg does not start .* pip install"):
            check(tmp_path / "film.mp4", 12)


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for ffmpeg")
def test_a_format_that_ffmpeg_cannot_write_is_told_before_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that starts, as `-version` shows, and has no encoder."""
    script = tmp_path / "ffmpeg"
    script.write_text("#!/bin/sh\n[ $# -le 6 ] && exec echo ffmpeg version 7\necho Unknown encoder libx264 >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script))
    images = iter([np.zeros((64, 64, 3), np.uint8)] * 3)
    with pytest.raises(AnimateError, match=r"^\.mp4 cannot be written here \(.*Unknown encoder libx264.*\); use another format"):
        write_video(tmp_path / "film.mp4", images, 12)
    assert len(list(images)) == 3, "none was asked for"
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_interrupted_before_the_first_image_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[np.ndarray]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "film.mp4", interrupted(), 12)
    assert not list(tmp_path.iterdir())


def test_ffmpegs_own_words_reach_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, ".mp4", replace(FORMATS[".mp4"], encoder=partial(Pipe, ("-c:v", "no_such_codec")), needs_ffmpeg=False))
    with pytest.raises(AnimateError, match=r"^ffmpeg (stopped|failed): .*no_such_codec"):
        write_video(tmp_path / "film.mp4", pictures(400, (256, 256)), 12)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "fps", "message"),
    [
        ("film.avi", 12, 'suffix ".avi" is not known; allowed: .mp4, .webm, .mov, .gif, .png, .webp, .avif, or a folder'),
        ("film", 12, 'suffix "" is not known'),
        ("film.gif", 60, "too fast for a GIF; allowed: up to 50"),
        ("film.mp4", 0, "fps 0; allowed: a number from 0.01 to 1000"),
        ("film.mp4", -3, "fps -3; allowed: a number from 0.01 to 1000"),
        ("film.mp4", float("inf"), "fps inf; allowed: a number from 0.01 to 1000"),
        ("frames/", float("nan"), "fps nan; allowed: a number from 0.01 to 1000"),
        ("film.mp4", 10**400, "fps 1000"),
        ("film.mp4", "12", "fps '12'; allowed: a number"),
        ("film.mp4", True, "fps True; allowed: a number"),
        ("film\ud800.mp4", 12, "no name for a file (surrogates not allowed)"),
        ("a" * 250 + ".mp4", 12, "no name for a file"),
        ("film\0.mp4", 12, "a name with a NUL in it"),
    ],
)
def test_what_cannot_be_written_is_refused_at_once(tmp_path: Path, name: str, fps: float, message: str) -> None:
    with pytest.raises(AnimateError, match=re.escape(message)):
        check(tmp_path / name, fps)


def test_folders_that_cannot_be_written_to_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AnimateError, match="not a folder one can write to"):
        check(tmp_path / "file" / "film.mp4", 12)
    with pytest.raises(AnimateError, match="no name for a file"):
        check("./", 12)
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(AnimateError, match="is a folder"):
        check(tmp_path / "folder.mp4", 12)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ([], r"film\.mp4: no images to write$"),
        ([np.zeros((8, 8), np.uint8)], r"^an image of uint8 \(8, 8\); allowed: uint8 \(height, width, 3\)$"),
        ([np.zeros((8, 8, 3))], r"^an image of float64 \(8, 8, 3\); allowed: uint8 \(height, width, 3\)$"),
        ([*pictures(1), *pictures(1, (8, 8))], r"^an image of \(8, 8, 3\) in a film of \(32, 48, 3\); all must have one size$"),
    ],
    ids=["none", "grey", "floats", "two sizes"],
)
def test_what_are_no_images_of_one_size_is_refused(tmp_path: Path, images: list[np.ndarray], said: str) -> None:
    with pytest.raises(AnimateError, match=said):
        write_video(tmp_path / "film.mp4", images, 12)
    assert not list(tmp_path.iterdir())


def test_images_that_are_used_up_say_so(tmp_path: Path) -> None:
    images = iter(pictures(2))
    write_video(tmp_path / "film.gif", images, 12)
    with pytest.raises(AnimateError, match=r"^\S+again\.gif: no images to write; if they were looped over already, .*: call render again$"):
        write_video(tmp_path / "again.gif", images, 12)


def test_stills_go_by_their_suffix(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.webp"):
        with PIL.Image.open(write_image(tmp_path / name, pictures(1)[0])) as image:
            assert image.size == (48, 32)
    with pytest.raises(AnimateError, match=r"allowed: \.png"):
        write_image(tmp_path / "a.gif", pictures(1)[0])


def test_every_format_has_its_longest_side(tmp_path: Path) -> None:
    """It is written, and one more is refused in one line, before anything of it is written."""
    for suffix in (*films(), ".jpg"):
        side = FORMATS[suffix].side
        write = partial(write_image, tmp_path / f"a{suffix}") if suffix == ".jpg" else partial(_film, tmp_path / f"a{suffix}")
        if side < 2**20:
            write(np.zeros((8, side, 3), np.uint8))
            with pytest.raises(AnimateError, match=rf"8 pixels are too many for \{suffix}; allowed: up to {side} on a side; use \.png"):
                write(np.zeros((8, side + 1, 3), np.uint8))
    with pytest.raises(AnimateError, match=r"20000 x 8 pixels are too many for \.webp; allowed: up to 16383 on a side"):
        write_image(tmp_path / "wide.webp", np.zeros((8, 20_000, 3), np.uint8))
    assert {path.stem for path in tmp_path.iterdir()} == {"a"}


def _film(path: Path, image: np.ndarray) -> None:
    write_video(path, [image, image], 12)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([[1, 2, 3]], "an image that is a list; allowed: a numpy array, uint8"),
        ([None], "an image that is a NoneType; allowed"),
        ([np.zeros((0, 5, 3), np.uint8)], "it has no pixels"),
        (3, "images that are a int; allowed: an iterable of numpy arrays"),
    ],
)
def test_what_are_no_arrays_is_refused(tmp_path: Path, images: Any, message: str) -> None:
    with pytest.raises(AnimateError, match=message):
        write_video(tmp_path / "film.png", images, 12)
    with pytest.raises(AnimateError, match=r"^sound 'song\.wav'; allowed: "):
        write_video(tmp_path / "film.mp4", pictures(1), 12, sound="song.wav")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


# --- after the last frame, nothing costs the film ------------------------------------------------------------------------------


def test_a_note_that_fails_is_a_warning(tmp_path: Path) -> None:
    def failing(count: int) -> str:
        raise ValueError("no such\nrecipe")

    with pytest.warns(AnimateWarning, match=r"film\.gif carries no recipe: no such recipe$"):
        path = write_video(tmp_path / "film.gif", pictures(3), 12, note=failing)
    assert len(read(path)) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["film.gif"]


def test_a_warning_that_is_an_error_comes_when_the_film_is_there(tmp_path: Path) -> None:
    """As under python -W error, which these tests run under."""
    with pytest.raises(AnimateWarning, match="carries no recipe"):
        write_video(tmp_path / "film.png", pictures(3), 12, note=lambda count: "\ud800")  # no UTF-8
    assert len(read(tmp_path / "film.png")) == 3


@pytest.mark.parametrize("suffix", [".png", "/"])
def test_a_name_that_is_taken_meanwhile_gets_a_number(tmp_path: Path, suffix: str) -> None:
    def drawn() -> Iterator[np.ndarray]:
        yield from pictures(3)
        (tmp_path / f"film{suffix}" / "mine").mkdir(parents=True)

    with pytest.warns(AnimateWarning, match=r"film(\.png)? cannot be replaced \(.*\): written to .*film-2"):
        path = write_video(f"{tmp_path}/film{suffix}", drawn(), 12)
    assert path.name == f"film-2{suffix.strip('/')}"
    assert len([*path.iterdir()] if path.is_dir() else read(path)) == 3
    assert [p.name for p in (tmp_path / f"film{suffix}").iterdir()] == ["mine"]
    assert len([*tmp_path.iterdir()]) == 2


@pytest.mark.skipif(os.name == "nt", reason="a limit on the size of files stands for a full disk")
@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_a_text_that_finds_no_room_leaves_the_file_as_it_was(tmp_path: Path, suffix: str) -> None:
    import resource

    path = write_video(tmp_path / f"film{suffix}", pictures(3), 12)
    before, limit = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limit[1]))
    try:
        with pytest.raises(OSError, match=r"No space left|too large"):
            tags.put(path, "a recipe " * 99)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_bytes() == before


def test_messages_go_to_the_report_that_is_passed_in(tmp_path: Path) -> None:
    class Listening(Report):
        def warn(self, line: str) -> None:
            heard.append(line)

    heard: list[str] = []
    write_video(tmp_path / "film.png", pictures(3), 12, note=lambda count: "\ud800", report=Listening())
    write_image(tmp_path / "still.png", pictures(1)[0], note="\ud800", report=Listening())
    assert [line.split(": ")[0] for line in heard] == [f"{tmp_path}/{name} carries no recipe" for name in ("film.png", "still.png")]


def test_an_interrupt_while_the_encoder_begins_leaves_no_program_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Pipe] = []

    def interrupted(self: Pipe, *arguments: Any) -> None:
        begin(self, *arguments)
        begun.append(self)
        signal.raise_signal(signal.SIGINT)

    begin = Pipe.__init__
    check(tmp_path / "film.mp4", 12)  # which tries the encoder once
    monkeypatch.setattr(Pipe, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "film.mp4", pictures(3), 12)
    assert begun[0].process.poll() is not None
    assert [*tmp_path.iterdir()] == []

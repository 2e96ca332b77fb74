"""How good a film is: the numbers on films whose truth is known, each peer's fault found, a clean film without one."""

from __future__ import annotations

import itertools
import json
import re
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from animate import AnimateError, AnimateWarning, write_video
from animate.cli import COMMANDS
from animate.measure.distance import Measure, metric
from animate.measure.drift import recoloured, steady
from animate.measure.faults import faults
from animate.measure.files import score_file
from animate.measure.score import Score, gini, score
from animate.media import ffmpeg, reading, writers
from animate.media.reading import frames
from animate.report import REPORT, Report
from conftest import Run
from fake_hub import Lines
from test_distance import OFFLINE, even, motion, noisy, scene, texture


@pytest.fixture(params=OFFLINE)
def measure(request: pytest.FixtureRequest) -> Measure:
    return metric(request.param)


def grey(levels: Iterable[int]) -> list[np.ndarray]:
    return [np.full((8, 8, 3), level, np.uint8) for level in levels]


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """The distance of grey films: how many levels."""
    return float(abs(a.astype(float).mean() - b.astype(float).mean()))


def told(film: list[np.ndarray], measure: Measure, loop: bool = False, end: np.ndarray | None = None) -> list[str]:
    return faults(score(film, measure, end), loop)


def circle(share: float) -> np.ndarray:
    return scene(0.5 + 0.25 * np.cos(2 * np.pi * share), 0.5 + 0.25 * np.sin(2 * np.pi * share))


def over(ways: list[tuple[float, float]], shares: Iterable[float]) -> list[np.ndarray]:
    """The ball from corner to corner, each way at these shares of it."""
    shares, background = list(shares), texture()
    pairs = itertools.pairwise(ways)
    return [scene(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, background) for a, b in pairs for t in shares]


CORNERS = [(0.25, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)]

# --- the numbers ------------------------------------------------------------------------------------------------------------


def test_steps_seam_and_path_are_what_they_are() -> None:
    found = score(grey([100, 102, 104, 104, 106, 112]), apart)
    assert found.frames == 6
    assert found.steps == (2, 2, 0, 2, 6)
    assert (found.median, found.jump, found.jump_at, found.seam, found.length) == (2, 3, 4, 6, 12)
    assert found.still == pytest.approx(1 / 5)
    assert found.smoothness == pytest.approx(1 - gini(np.array([0, 2, 2, 2, 6])))
    assert found.moving_smoothness == pytest.approx(0.75)
    assert found.end is None


def test_one_jump_among_few_steps_leaves_the_others_moving() -> None:
    found = score(grey([0, 1, 2, 3, 203]), apart)
    assert (found.still, found.median, found.jump, found.jump_at) == (0, 1, 200, 3)


@pytest.mark.parametrize(("values", "expected"), [([3, 3, 3], 0), ([0, 0, 0, 1], 0.75), ([1, 3], 0.25), ([5], 0)])
def test_gini(values: list[float], expected: float) -> None:
    assert gini(np.array(values)) == pytest.approx(expected)
    assert gini(10 * np.array(values[::-1])) == pytest.approx(expected), "neither order nor unit matters"


@pytest.mark.parametrize(("levels", "flicker", "second"), [([10, 20, 30, 40], 0, 0), ([10, 20, 10, 20], 1, 20), ([10, 20, 30, 20], 0.5, 10)])
def test_flicker_is_what_the_next_frame_undoes(levels: list[int], flicker: float, second: float) -> None:
    found = score(grey(levels), apart)
    assert found.flicker == pytest.approx(flicker)
    assert found.second_difference == pytest.approx(second)


def test_what_changes_is_in_percent_of_the_first_frame() -> None:
    """However short the film is: never more than all there was is lost."""
    random = np.random.default_rng(0).normal(0, 10, (32, 32, 3))
    film = [(120 + i / 2 + random * (1 + i / 100)).clip(0, 255).astype(np.uint8) for i in range(51)]
    found = score(film, apart)
    assert found.change.colour == pytest.approx(100 * 25 / 120, rel=0.03)
    assert found.change.contrast == pytest.approx(50, rel=0.05)
    assert found.change.sharpness == pytest.approx(50, rel=0.05)
    assert steady([one.spread for one in found.appearances]) > 0.99
    short = score([film[-1], film[0]], apart).change
    assert short.contrast == pytest.approx(-100 / 3, rel=0.05)
    assert score([film[0], np.full_like(film[0], 255)], apart).change[1:] == (-100, -100, 100)


def test_a_colour_that_goes_while_the_mean_stays_is_a_change() -> None:
    film = [np.full((8, 8, 3), (100 + i, 100 - i, 100), np.uint8) for i in range(11)]
    assert abs(score(film, lambda a, b: float(np.abs(a.astype(int) - b).mean())).change.colour) == pytest.approx(10)


def test_a_picture_in_other_colours_is_told_from_another_picture() -> None:
    first, moved = scene(0.25), scene(0.75)
    assert recoloured(first, first) == 1
    for last in (moved, (moved - 128.0) * 0.6 + 128, moved * np.array([1.1, 0.9, 0.7]), moved / 2 + 90):
        assert recoloured(first, last.clip(0, 255).astype(np.uint8)) > 0.98, "however the ball has moved"
    assert recoloured(texture(seed=3), texture(seed=4)) < 0.3
    assert recoloured(first, np.full_like(first, 128)) == 0


def test_a_cross_fade_is_less_sharp_half_way() -> None:
    a, b = (texture(seed=seed).astype(float) for seed in (3, 4))
    fade = [(a * (1 - t) + b * t).astype(np.uint8) for t in np.linspace(0, 1, 21)]
    assert score(fade, metric()).mid_sharpness == pytest.approx(0.71, abs=0.03)
    assert score(even(21), metric()).mid_sharpness == pytest.approx(1, abs=0.05)


def test_the_shortest_film_has_a_score() -> None:
    found = score(grey([10, 20]), apart)
    assert (found.smoothness, found.jump, found.seam, found.flicker, found.second_difference) == (1, 1, 1, 0, 0)
    assert faults(found, loop=True) == []


@pytest.mark.parametrize(
    ("levels", "words"), [([], "no pictures; give a film"), ([1], "one picture, nothing moves; give"), ([1, 1, 1], "3 times the same picture")]
)
def test_what_does_not_move_has_none(levels: list[int], words: str) -> None:
    with pytest.raises(AnimateError, match=words):
        score(grey(levels), apart)


def test_a_film_is_seen_once_and_never_held() -> None:
    def film() -> Iterator[np.ndarray]:
        image = np.zeros((256, 256, 3), np.uint8)
        for level in range(100):
            image[:] = level  # always the same array
            yield image

    tracemalloc.start()
    try:
        found = score(film(), apart)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.steps == (1.0,) * 99
    assert peak < 30 * 256 * 256 * 3, "a hundred images would be more"


# --- the faults -------------------------------------------------------------------------------------------------------------


def test_a_clean_film_has_no_fault(measure: Measure) -> None:
    assert told(even(24), measure, end=scene(0.75)) == []
    assert told(even(60), measure) == []
    assert told([circle(i / 32) for i in range(32)], measure, loop=True) == []


@pytest.mark.parametrize("count", [24, 48])
def test_eases_and_holds_are_no_faults(measure: Measure, count: int) -> None:
    eased = motion((1 - np.cos(np.pi * np.linspace(0, 1, count))) / 2)
    assert told(eased, measure) == []
    held = [*[eased[0]] * 6, *eased, *[eased[-1]] * 6]
    assert told(held, measure) == []
    assert score(held, measure).still == pytest.approx(12 / (count + 11), abs=0.04)


def test_even_steps_score_higher_than_uneven_ones(measure: Measure) -> None:
    found = [score(motion(np.linspace(0, 1, 24) ** power), measure).smoothness for power in (1, 2, 4)]
    assert found[0] > 0.95
    assert found[0] > found[1] + 0.1 > found[2] + 0.2
    assert "uneven pace: smoothness" in told(motion(np.linspace(0, 1, 24) ** 4), measure)[-1]


def test_doubled_joints_are_told(measure: Measure) -> None:
    """As a walk makes them whose every pair of keyframes includes both ends."""
    film = over(CORNERS, np.linspace(0, 1, 9))
    assert told(film, measure) == ["stands still between frames 8 and 9, 17 and 18 (doubled frames?)"]
    once = [*film[:9], *film[10:18], *film[19:]]
    assert told(once, measure) == []
    assert score(film, measure).smoothness < score(once, measure).smoothness - 0.05


def test_what_compression_leaves_in_a_hold_is_no_doubled_frame() -> None:
    places = [0, 0.01, 0.0101, 0.0201, *range(1, 20)]
    found = score(grey(range(len(places))), lambda a, b: abs(places[a[0, 0, 0]] - places[b[0, 0, 0]]))
    assert faults(found) == []
    assert found.still == pytest.approx(3 / 22)


def test_a_film_that_ends_early_is_told(measure: Measure) -> None:
    """As one of frames at i / n, which never arrives."""
    (line,) = told(motion(np.arange(24) / 24), measure, end=scene(0.75))
    assert line in ("ends before its end picture: 0.9 median steps are missing", "ends before its end picture: 1.0 median steps are missing")


def test_a_hard_cut_is_told_of_a_loop_only(measure: Measure) -> None:
    (line,) = told(even(24), measure, loop=True)
    assert line.startswith("does not close: last to first is ")
    assert told(even(24), measure, loop=False) == []


def test_a_loop_that_repeats_its_first_frame_is_told(measure: Measure) -> None:
    film = [circle(i / 31) for i in range(32)]
    assert told(film, measure, loop=True) == ["shows its first frame twice when it loops: the last is the same"]


def test_a_jump_is_told_with_its_place(measure: Measure) -> None:
    (line,) = told(motion([*np.linspace(0, 0.35, 12), *np.linspace(0.65, 1, 12)]), measure)
    assert line.startswith("jumps between frames 11 and 12 (")
    assert line.endswith(" times the steps around it)")


def test_many_places_are_counted() -> None:
    levels = np.cumsum([0, *([1] * 9 + [5]) * 5])
    line = faults(score(grey(levels), apart))[0]
    assert line == "jumps between frames 9 and 10, 19 and 20, 29 and 30 and in 2 more places (up to 5.0 times the steps around it)"


def test_flicker_is_told(measure: Measure) -> None:
    pulsing = [(frame * (1 + 0.06 * (-1) ** i)).clip(0, 255).astype(np.uint8) for i, frame in enumerate(even(24))]
    grainy = [noisy(frame, 12, seed) for seed, frame in enumerate(even(24))]
    for film in (pulsing, grainy):
        (line,) = told(film, measure)
        assert line.startswith("flickers")


@pytest.mark.parametrize("gain", [1.02, 1.01])
def test_burning_colours_are_told(measure: Measure, gain: float) -> None:
    film = [((frame - 128.0) * gain**i + 128).clip(0, 255).astype(np.uint8) for i, frame in enumerate(even(60))]
    (line,) = told(film, measure)
    assert line.startswith("colours burn: frame 59 is frame 0 in other colours, more of them in every frame; the last against the first: colour ")
    assert ", contrast +" in line
    assert line.endswith(" % more of its values at their limits")


def test_fading_colours_are_told(measure: Measure) -> None:
    film = [((frame - 128.0) * 0.99**i + 128).clip(0, 255).astype(np.uint8) for i, frame in enumerate(even(60))]
    (line,) = told(film, measure)
    assert line.startswith("colours drift: frame 59 is frame 0 in other colours")
    assert ", contrast -" in line


def test_another_picture_in_other_colours_is_no_drift(measure: Measure) -> None:
    """As a forest that turns to winter: of what should its colours be?"""
    snow = 0.4 * (texture(seed=4) - 128.0) + 200
    film = [((1 - t) * frame + t * snow).astype(np.uint8) for frame, t in zip(even(60), np.linspace(0, 1, 60), strict=True)]
    assert score(film, measure).change.contrast < -40
    assert steady([one.spread for one in score(film, measure).appearances]) < -0.95
    assert not [line for line in told(film, measure) if "colours" in line]


def test_a_ghostly_middle_is_told(measure: Measure) -> None:
    a, b = (texture(seed=seed).astype(float) for seed in (3, 4))
    (line,) = told([(a * (1 - t) + b * t).astype(np.uint8) for t in np.linspace(0, 1, 24)], measure)
    assert line in [f"blurry half-way: {share} % of the sharpness of the less sharp end" for share in (71, 72, 73)]


def test_a_flash_is_told_and_is_no_jump(measure: Measure) -> None:
    for at in (7, 20):
        film = even(24)
        film[at] = np.full_like(film[at], 250)
        (line,) = told(film, measure)
        assert line == f"flashes at frame {at}: unlike the frames before and after, which are alike"


# --- reading films ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["film.mp4", "film.webm", "film.gif", "film.webp", "film.png", "frames/"])
def test_every_frame_is_read_holds_included(tmp_path: Path, name: str) -> None:
    film = even(6)
    film = [film[0], *film, film[-1]]
    write_video(f"{tmp_path}/{name}", film, 12)
    seen = list(frames(tmp_path / name))
    assert len(seen) == 8
    assert {(image.dtype, image.shape) for image in seen} == {(np.dtype(np.uint8), (128, 128, 3))}
    assert np.abs(np.stack(seen).astype(int) - np.stack(film)).mean() < 9


def test_uneven_times_neither_drop_nor_double_frames(tmp_path: Path) -> None:
    write_video(tmp_path / "even.mp4", even(12), 12)
    words = ("-vf", "setpts=PTS*(1+N/2)", "-fps_mode", "passthrough", "-c:v", "libx264", str(tmp_path / "uneven.mp4"))
    ffmpeg.run("-i", str(tmp_path / "even.mp4"), *words)
    assert len(list(frames(tmp_path / "uneven.mp4"))) == 12


def test_a_folder_goes_by_the_numbers_in_its_names(tmp_path: Path) -> None:
    for number, suffix in ((10, "png"), (9, "jpg"), (100, "JPEG"), (1, "bmp")):
        PIL.Image.new("RGB", (8, 8), (number, number, number)).save(tmp_path / f"frame{number}.{suffix}")
    (tmp_path / "recipe.json").write_text("{}")
    (tmp_path / ".frame0.png").write_text("")
    assert [image[0, 0, 0] for image in frames(tmp_path)] == pytest.approx([1, 9, 10, 100], abs=2)


def test_clear_parts_are_white_and_partial_frames_whole(tmp_path: Path) -> None:
    clear = PIL.Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 8, 16))
    clear.save(tmp_path / "clear.png")
    (seen,) = frames(tmp_path / "clear.png")
    assert seen[0, 0].tolist() == [0, 0, 255]
    assert seen[0, 12].tolist() == [255, 255, 255]
    film = [PIL.Image.new("RGB", (16, 16), (0, 200, 0)) for _ in range(3)]
    for i, picture in enumerate(film):
        picture.paste((200, 0, 0), (4 * i, 4, 4 * i + 4, 8))
    film[0].save(tmp_path / "film.gif", save_all=True, append_images=film[1:])
    for image, picture in zip(frames(tmp_path / "film.gif"), film, strict=True):
        assert np.abs(image.astype(int) - np.asarray(picture)).max() < 12


def cut_off(path: Path) -> Path:
    """A film of 24 frames without its last third."""
    write_video(path, even(24), 12)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    return path


def broken(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files that are no films, with what is said of them."""
    for suffix in (".mp4", ".webm", ".gif", ".webp", ".png"):
        (folder / f"foreign{suffix}").write_text("no film " * 100)
        yield folder / f"foreign{suffix}", "cannot be read as a"
    for suffix in (".mp4", ".gif", ".webp", ".png"):
        yield cut_off(folder / f"cut{suffix}"), "cannot be read as a"
    ffmpeg.run("-f", "lavfi", "-i", "sine=duration=1", str(folder / "sound.mp4"))
    yield folder / "sound.mp4", "cannot be read as a film"
    (folder / "empty").mkdir()
    yield folder / "empty", "no pictures in it; give a film, or a folder of"
    yield folder / "nothing.mp4", "no such file"
    (folder / "film.txt").touch()
    yield folder / "film.txt", 'suffix ".txt" is not known; allowed: .mp4'
    (folder / "sizes").mkdir()
    for number, side in enumerate((8, 8, 9)):
        PIL.Image.new("RGB", (side, 8)).save(folder / "sizes" / f"{number}.png")
    yield folder / "sizes", "frame 2 has 9 x 8 pixels, those before 8 x 8"


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    for path, words in broken(tmp_path):
        with pytest.raises(AnimateError) as said:
            list(frames(path))
        assert str(said.value).startswith(f"{path}: ")
        assert words in str(said.value)
        assert "\n" not in str(said.value)


def test_a_film_that_was_cut_off_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    with pytest.warns(AnimateWarning, match=r"film.webm: frames may be missing \(File ended prematurely"):
        assert 1 <= len(list(frames(cut_off(tmp_path / "film.webm")))) < 24


def test_one_who_has_seen_enough_leaves_nothing_running(tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", even(12), 12)
    film = frames(tmp_path / "film.mp4")
    next(film)
    film.close()  # type: ignore[attr-defined]
    assert len(list(frames(tmp_path / "film.mp4"))) == 12


# --- the command ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def scored(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setitem(COMMANDS, "score", ("score", "Say how even, smooth and steady films are."))
    return lambda *args: run("score", *args)


def test_the_command_prints_a_table_and_the_faults(scored: Run) -> None:
    write_video("clean.mp4", even(24), 12)
    write_video("walk.gif", over(CORNERS, np.linspace(0, 1, 9)), 12)
    code, out, err = scored("clean.mp4", "walk.gif")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].split() == ["clean.mp4", "walk.gif"]
    assert lines[1].split() == ["judged", "by", "pictures", "pictures"]
    assert lines[2].split() == ["frames", "24", "27"]
    assert len({len(line) for line in lines[: lines.index("clean.mp4: no fault found")]}) == 1, "columns are aligned"
    assert lines[-1] == "walk.gif: stands still between frames 8 and 9, 17 and 18 (doubled frames?)"


def test_json_holds_every_number(scored: Run) -> None:
    write_video("walk/", over(CORNERS, np.linspace(0, 1, 9)), 12)
    (found,) = json.loads(scored("walk", "--json", "--loop", "--metric", "structure")[1])
    assert (found["path"], found["metric"], found["frames"], len(found["steps"])) == ("walk", "structure", 27, 26)
    assert set(Score.__dataclass_fields__) < set(found)
    assert [line.split(" ")[0] for line in found["faults"]] == ["stands", "does"]


def test_an_early_end_is_told_of_compressed_films_and_an_arrival_is_not(scored: Run) -> None:
    PIL.Image.fromarray(scene(0.75)).save("end.png")
    for suffix in (".mp4", ".gif", "/"):
        write_video(f"whole{suffix}", even(24), 12)
        write_video(f"early{suffix}", motion(np.arange(24) / 24), 12)
        _, out, _ = scored(f"whole{suffix}", f"early{suffix}", "--end", "end.png")
        assert "ends before its end picture" not in out.split("\nearly")[0]
        assert "early: ends before its end picture" in out.replace(suffix, "")


def test_the_plot_shows_every_step_the_median_and_the_worst(scored: Run) -> None:
    from animate.measure.plot import BAR, HEIGHT, SEAM, WIDTH, WORST

    write_video("film.png", motion([*np.linspace(0, 0.35, 12), *np.linspace(0.65, 1, 12)]), 12)
    for words, seams in ((("film.png",), 0), (("film.png", "--loop"), 1)):
        code, _, err = scored(*words, "--plot", "steps.png")
        assert (code, err) == (0, "animate: the plot is steps.png\n")
        plot = next(frames(Path("steps.png")))
        assert plot.shape == (HEIGHT, WIDTH, 3)
        foot = [tuple(pixel) for pixel in plot[HEIGHT - 49].tolist()]
        runs = [colour for colour, before in zip(foot[1:], foot, strict=False) if colour != before and colour in (BAR, WORST, SEAM)]
        assert runs == [BAR] * 11 + [WORST] + [BAR] * 11 + [SEAM] * seams
    write_video("other.gif", even(4), 12)
    scored("film.png", "other.gif", "--plot", "steps.png")
    assert next(frames(Path("steps.png"))).shape == (2 * HEIGHT, WIDTH, 3), "one above the other"


def test_a_plot_that_gets_another_name_is_told_and_json_stays_json(scored: Run) -> None:
    write_video("film.png", even(4), 12)
    Path("steps.png").mkdir()
    code, out, err = scored("film.png", "--plot", "steps.png", "--json")
    assert (code, len(json.loads(out))) == (0, 1)
    warning, said = err.splitlines()
    assert re.fullmatch(r"animate: warning: steps\.png cannot be replaced \(.+\): written to steps-2\.png", warning)
    assert said == "animate: the plot is steps-2.png"
    assert Path("steps-2.png").is_file()


def test_what_is_said_while_the_end_picture_is_compressed_reaches_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(path: Path, images: list[np.ndarray], fps: float, report: Report = REPORT) -> Path:
        report.log("written slowly")
        return write_video(path, images, fps)

    def poor(path: Path, report: Report = REPORT) -> Iterator[np.ndarray]:
        report.log(f"{path.stem} is read poorly")
        return frames(path)

    write_video(tmp_path / "film.png", even(4), 12)
    PIL.Image.fromarray(scene(0.75)).save(tmp_path / "picture.png")
    monkeypatch.setattr(writers, "write_video", slow)
    monkeypatch.setattr(reading, "frames", poor)
    heard = Lines()
    score_file(tmp_path / "film.png", metric("structure"), tmp_path / "picture.png", heard)
    assert heard.lines == ["film is read poorly", "written slowly", "end is read poorly"]


def test_frames_that_may_be_missing_are_told(scored: Run) -> None:
    code, _, err = scored(str(cut_off(Path("film.webm"))))
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith("animate: warning: film.webm: frames may be missing")


def test_two_films_of_one_name_are_told_apart(scored: Run) -> None:
    for folder in ("a", "b"):
        write_video(f"{folder}/film.png", even(4), 12)
    assert scored("a/film.png", "b/film.png")[1].splitlines()[0].split() == ["a/film.png", "b/film.png"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("one.png",), "one.png: one picture, nothing moves; give a film of two frames or more"),
        (("film.png", "nothing.gif"), "nothing.gif: no such file"),
        (("film.png", "--metric", "structur"), 'did you mean "structure"?'),
        (("film.png", "--plot", "steps.pdf"), 'suffix ".pdf" is not known'),
        (("film.png", "--end", "nothing.png"), "nothing.png: no picture that can be read"),
        ((), "Missing argument 'FILM...'"),
    ],
)
def test_what_cannot_be_scored_is_one_line(scored: Run, words: tuple[str, ...], line: str) -> None:
    write_video("film.png", even(4), 12)
    write_video("one.png", even(4)[:1], 12)
    code, out, err = scored(*words)
    assert (code, out) == (2, "")
    assert line in err
    assert err.count("\n") == 1


def test_another_hue_is_no_other_contrast() -> None:
    """A grey picture that turns red: its channels part, and none has more in it than before."""
    texture = np.random.default_rng(0).integers(90, 130, (16, 16, 1))
    film = [np.concatenate([texture + 4 * i, texture, texture - 4 * i], -1).astype(np.uint8) for i in range(20)]
    found = score(film, apart_in_red)
    assert abs(found.change.contrast) < 1
    assert abs(found.change.colour) > 50


def apart_in_red(a: np.ndarray, b: np.ndarray) -> float:
    return float(abs(a[..., 0].astype(float).mean() - b[..., 0].mean()))


def test_a_single_picture_is_told_before_it_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a photograph of a hundred million pixels."""
    write_video(tmp_path / "one.png", even(4)[:1], 12)

    def measured(*_: object) -> float:
        raise AssertionError("nothing is to be measured")

    monkeypatch.setattr("animate.measure.score.appearance", measured)
    with pytest.raises(AnimateError, match=r"one\.png: one picture, nothing moves; give a film of two frames or more$"):
        score_file(tmp_path / "one.png", measured, end=tmp_path / "one.png")

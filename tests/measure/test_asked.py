"""What a film's own recipe knows: eases, holds, keyframes and loops are no faults of it; what they do not ask for is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from animate import AnimateError, Sampling, Storyboard, render, write_video
from animate.film import asked_of as of_film
from animate.film import recipe
from animate.measure.asked import Asked, Step
from animate.measure.distance import metric
from animate.measure.faults import drifts, faults
from animate.measure.files import score_file
from animate.measure.score import Score, score
from animate.media import reading, tags
from animate.models.families.unet import UNetModel
from animate.story.storyboard import build
from animate.story.timeline import timeline
from conftest import Run
from test_distance import motion, scene, texture

ROOT = Path(__file__).parents[2]
RENDERS = sorted((ROOT / "renders").glob("*.gif"))
Frames = list[np.ndarray]
MEASURE = metric()


def small(film: Frames) -> Frames:
    """A quarter of the pixels: what is judged here is seen at any size."""
    return [image[::2, ::2] for image in film]


@cache
def drawn(path: Path) -> Frames:
    return small([*reading.frames(path)])


def asked_of(path: Path) -> Asked | None:
    return of_film.asked_of(path, len(drawn(path)))


def steps(story: Storyboard, pictures: int | None = None) -> list[Step]:
    return [*Asked.of(story, story.written if pictures is None else pictures).steps]


def shares(story: Storyboard) -> list[float]:
    return [round(step.share, 4) for step in steps(story)]


# --- what is asked for ------------------------------------------------------------------------------------------------------


def test_steps_are_shares_of_the_way_between_two_keyframes() -> None:
    story = build({"keyframes": ["a", {"prompt": "b", "hold": 2}, "c"], "frames": 9})
    third = pytest.approx(1 / 3)
    assert steps(story) == [*[(0, third, True)] * 3, *[(1, 0, True)] * 2, *[(1, third, True)] * 3]
    assert Asked.of(story, 9).holds == [(3, 5)]
    assert Asked.of(story, 9).segments == [(0, 3), (5, 8)]
    assert Asked.of(story, 9).seam is None


@pytest.mark.parametrize("ease", ["in", "out", "in-out", "sine", "step"])
@pytest.mark.parametrize("loop", ["none", "cycle", "bounce"])
def test_every_way_is_passed_whole_whatever_its_ease(ease: str, loop: str) -> None:
    story = Storyboard.of("a", "b", "c", frames=24, ease=ease, loop=loop)
    asked = Asked.of(story, 24)
    every = [*asked.steps, *([asked.seam] if asked.seam else [])]
    passed = {segment: sum(step.share for step in every if step.segment == segment) for segment in range(3)}
    whole = {"none": [1, 1, 0], "cycle": [1, 1, 1], "bounce": [2, 2, 0]}[loop]
    assert [*passed.values()] == pytest.approx(whole)
    assert len(asked.steps) == 23
    assert (asked.seam is None) == (loop == "none")
    mixes = [frame.mix for frame in timeline(story)]
    if loop == "none" and ease != "step":
        assert asked.steps[2].share == pytest.approx(mixes[3] - mixes[2])


def test_in_betweens_share_the_step_of_their_frames() -> None:
    story = Storyboard.of("a", "b", frames=5, between=1)
    assert steps(story) == [Step(0, 1 / 8)] * 8
    closed = Storyboard.of("a", "b", frames=4, between=2, loop="cycle")
    assert len(steps(closed)) == closed.written - 1
    seam = Asked.of(closed, closed.written).seam
    assert seam
    assert seam.segment == 1
    assert seam.share == pytest.approx(1 / 6)
    assert Asked.of(closed, 7).seam is None, "it was interrupted"


def test_two_keyframes_of_one_picture_are_a_hold_and_withheld_pictures_are_not_known() -> None:
    assert shares(Storyboard.of("a", "a", "b", frames=7)) == [0, 0, 0, *[pytest.approx(1 / 3, abs=1e-4)] * 3]
    seeds = build({"keyframes": [{"prompt": "a", "seed": 1}, {"prompt": "a", "seed": 2}], "frames": 4})
    assert shares(seeds)[0] > 0
    assert shares(build({"keyframes": ["a"], "loop": "cycle", "frames": 8})) == [0.5] * 7, "a circle of noise moves"
    known = [step.known for step in Asked.of(Storyboard.of("a", "b", frames=6), 6, [2]).steps]
    assert known == [True, False, False, True, True]
    assert [step.share for step in Asked.of(Storyboard.of("a", "b", frames=3), 5).steps] == [0.5, 0.5, 0, 0], "held while the sound lasts"


# --- films that are known to be right ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", RENDERS, ids=lambda path: path.stem)
def test_every_render_is_called_right(path: Path) -> None:
    assert (asked_of(path) is None) == (path.stem in ("pace", "feedback")), "all but two carry their recipe"
    assert faults(score(drawn(path), MEASURE), asked=asked_of(path)) == []


SHARES: dict[str, Callable[[float], float]] = {"linear": lambda t: t, "in": lambda t: t * t, "in-out": lambda t: t * t * (3 - 2 * t)}


def film(story: Storyboard) -> Frames:
    """The ball, which goes as the storyboard asks, a way of its own length in each segment."""
    ways = [(0.25, 0.45), (0.45, 0.8), (0.8, 0.25)]
    places = [ways[frame.a][0] + frame.mix * (ways[frame.a][1] - ways[frame.a][0]) for frame in timeline(story)]
    background = texture()
    return [scene(place, background=background) for place in places]


EASED: list[dict[str, Any]] = [
    {"ease": "in-out"},
    {"keyframes": ["a", {"prompt": "b", "ease": "in-out"}, "c"]},
    {"keyframes": ["a", {"prompt": "b", "hold": 6, "ease": "in", "at": 8}, "c"]},
    {"keyframes": ["a", {"prompt": "b", "at": 36}, "c"]},
    {"keyframes": ["a", {"prompt": "b", "at": 40, "hold": 1}, "c"], "ease": "in"},
    {"loop": "cycle", "ease": "in-out"},
    {"keyframes": ["a", {"prompt": "b", "at": 4, "ease": "step"}, {"prompt": "c", "hold": 10}]},
]


@pytest.mark.parametrize("suffix", ["/", ".mp4", ".gif"])
@pytest.mark.parametrize("settings", EASED, ids=range(len(EASED)))
def test_eases_holds_and_ways_of_unlike_lengths_are_as_asked_for(tmp_path: Path, settings: dict[str, Any], suffix: str) -> None:
    story = build({"keyframes": ["a", "b", "c"], "frames": 48, **settings})
    path = write_video(f"{tmp_path}/film{suffix}", film(story), 12)
    assert faults(score_file(path, MEASURE), asked=Asked.of(story, 48)) == []


# --- films that are known to be wrong ---------------------------------------------------------------------------------------


def doubled(film: Frames, at: int) -> Frames:
    return [*film[: at + 1], film[at], *film[at + 2 :]]


def flashing(film: Frames, at: int) -> Frames:
    return [*film[:at], np.full_like(film[at], 245), *film[at + 1 :]]


def jumping(film: Frames, at: int) -> Frames:
    """From here on it is a third of itself ahead."""
    return [film[(i + (i > at) * len(film) // 3) % len(film)] for i in range(len(film))]


WRONG = {"year": 20, "hatching": 20, "colours": 9, "growth": 24, "voyage": 40, "day": 30}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("alone", [False, True], ids=["by its recipe", "by its pictures"])
def test_a_doubled_frame_a_flash_and_a_jump_are_told_with_their_place(name: str, alone: bool) -> None:
    path, at = ROOT / "renders" / f"{name}.gif", WRONG[name]
    asked = None if alone else asked_of(path)

    def told(film: Frames) -> str:
        return "\n".join(faults(score(film, MEASURE), asked=asked))

    assert f"stands still between frames {at} and {at + 1} (a doubled frame?)" in told(doubled(drawn(path), at))
    assert told(flashing(drawn(path), at)).startswith(f"flashes at frame {at}: unlike the frames before and after")
    assert re.search(rf"^jumps between frames .*\b{at} and {at + 1}\b", told(jumping(drawn(path), at)), re.MULTILINE)


@cache
def fed_back() -> Storyboard:
    """A prompt that is held, between two ways."""
    return build({"keyframes": ["a", {"prompt": "b", "at": 8, "hold": 24}, "c"], "frames": 41, "feedback": 0.4})


def burning(gain: float) -> Frames:
    """The pictures of that prompt gain contrast from frame to frame, as a chain of feedback without an anchor does."""
    frames = timeline(fed_back())
    ball = motion([0.4 * frame.mix + 0.4 * frame.a for frame in frames])
    held = [max(0, min(frame.index - 8, 24)) for frame in frames]
    return [((image - 128.0) * gain**count + 128).clip(0, 255).astype(np.uint8) for image, count in zip(ball, held, strict=True)]


def test_colours_that_burn_while_a_prompt_is_held_are_told() -> None:
    asked = Asked.of(fed_back(), 41)
    assert asked.fed_back
    assert not asked.measured
    assert faults(score(burning(1.0), MEASURE), asked=asked) == []
    told = faults(score(burning(1.05), MEASURE), asked=asked)
    assert [line.split(";")[0] for line in told if "colours" in line] == ["colours burn: frames 12 to 32 should be one picture"]
    fading = [line for line in faults(score(burning(0.98), MEASURE), asked=asked) if "colours" in line]
    assert len(fading) == 1
    assert fading[0].startswith("colours drift: frames 12 to 32 should be one picture; the last against the first: colour ")
    assert ", contrast -" in fading[0]


def test_what_prompts_ask_for_is_no_drift() -> None:
    """A forest that turns to winter loses half of its contrast, and is held nowhere."""
    story = Storyboard.of("a forest", "a forest in winter", frames=60)
    fade = [((image - 128.0) * 0.99**i + 128).clip(0, 255).astype(np.uint8) for i, image in enumerate(motion(np.linspace(0, 1, 60)))]
    found, asked = score(fade, MEASURE), Asked.of(story, 60)
    assert found.change.contrast < -40
    assert drifts(found, asked) == {}
    assert faults(found, asked=asked) == []


def test_a_held_picture_that_moves_is_told() -> None:
    story = build({"keyframes": ["a", {"prompt": "b", "at": 8, "hold": 8}, "c"], "frames": 25})
    film = motion([0.4 * frame.mix + 0.4 * frame.a for frame in timeline(story)])
    film[12:] = [*film[13:], film[-1]]
    assert "moves between frames 15 and 16, where its storyboard holds still" in faults(score(film, MEASURE), asked=Asked.of(story, 25))


def test_blur_is_looked_for_on_every_way() -> None:
    """A dull keyframe in the middle is none; a cross-fade between two of three is."""
    dull = texture(seed=7) // 8 + 100
    sharp = [texture(seed=seed).astype(float) for seed in (3, 4)]
    story = Storyboard.of("a", "b", "c", frames=41)
    ways = [(sharp[0], dull), (dull, sharp[1])]
    fades = [(a * (1 - t) + b * t).astype(np.uint8) for a, b in ways for t in np.linspace(0, 1, 21)]
    assert not [line for line in faults(score([*fades[:21], *fades[22:]], MEASURE), asked=Asked.of(story, 41)) if "blurry" in line]
    ways = [(sharp[0], sharp[1]), (sharp[1], dull)]
    fades = [(a * (1 - t) + b * t).astype(np.uint8) for a, b in ways for t in np.linspace(0, 1, 21)]
    (line,) = [line for line in faults(score([*fades[:21], *fades[22:]], MEASURE), asked=Asked.of(story, 41)) if "blurry" in line]
    assert line.startswith("blurry between frames 0 and 20: 7")


def test_a_loop_is_judged_as_one_without_being_told(tmp_path: Path) -> None:
    story = Storyboard.of("a", "b", "c", frames=24, loop="cycle")
    open_film = motion(np.linspace(0, 1, 24))
    told = faults(score(open_film, MEASURE), asked=Asked.of(story, 24))
    assert any(line.startswith("does not close: last to first is") for line in told)


# --- the command ------------------------------------------------------------------------------------------------------------


def table(out: str) -> dict[str, str]:
    return {line[:32].strip(): line[32:].strip() for line in out.splitlines() if not line.startswith("film.")}


def test_the_command_reads_the_recipe_of_a_film(run: Run, tiny: UNetModel) -> None:
    keys = [{"prompt": "a seed", "hold": 3}, "a tree"]
    story = build({"keyframes": keys, "frames": 12, "pace": "linear", "loop": "bounce", "sampling": {"steps": 1}})
    write_video("film.gif", render(story, tiny))
    code, out, err = run("score", "film.gif")
    assert (code, err) == (0, "")
    rows = table(out)
    assert rows["judged by"] == "its recipe"
    assert rows["drift while a picture is held"].endswith(" +0 %")
    (found,) = json.loads(run("score", "film.gif", "--json")[1])
    assert (found["recipe"], len(found["appearances"]), set(found["change"])) == (True, 12, {"colour", "contrast", "sharpness", "clipped"})


def test_what_carries_no_recipe_of_the_whole_film_is_judged_by_its_pictures(run: Run, tiny: UNetModel) -> None:
    story = Storyboard.of("a seed", "a tree", frames=12, pace="linear", sampling=Sampling(steps=1))
    write_video("film.gif", render(story, tiny, range(3, 9)))
    assert table(run("score", "film.gif")[1])["judged by"] == "pictures"
    write_video("film.gif", render(story, tiny, range(9)))
    assert table(run("score", "film.gif")[1])["judged by"] == "its recipe", "the first frames"
    said = recipe.read(Path("film.gif"))
    tags.put(Path("film.gif"), said.model_copy(update={"digests": said.digests[:5]}).pack())
    assert table(run("score", "film.gif")[1])["judged by"] == "pictures", "of another film"
    tags.put(Path("film.gif"), "made by something else")
    rows = table(run("score", "film.gif")[1])
    assert (rows["judged by"], rows["drift while a picture is held"]) == ("pictures", "not known")


def test_a_storyboard_that_does_not_work_out_is_refused() -> None:
    with pytest.raises(AnimateError, match="do not fit"):
        Asked.of(Storyboard.of("a", "b", "c", frames=2), 2)


def test_nothing_that_is_shown_is_extrapolated(run: Run) -> None:
    """Contrast that is half of what it was has lost 50 %, in nine frames as in ninety."""
    for count in (9, 90):
        fade = [((image - 128.0) * 0.5 ** (i / (count - 1)) + 128).astype(np.uint8) for i, image in enumerate(motion(np.linspace(0, 1, count)))]
        found: Score = score(fade, MEASURE)
        assert found.change.contrast == pytest.approx(-50, abs=4)

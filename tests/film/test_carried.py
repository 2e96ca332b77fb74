"""What render returns brings its rate, its sound and its recipe to the file: `write_video(path, images)` alone is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import PIL.Image
import pytest

import animate
from animate import AnimateError, AnimateWarning, Sampling, Storyboard
from animate.film import recipe
from animate.media.sound import Sound
from animate.models.families.unet import UNetModel
from test_sound import described, heard, length, song

FEW = {"frames": 12, "pace": "linear", "sampling": Sampling(steps=1, guidance=1)}


def film(model: UNetModel, only: range | None = None, **settings: Any) -> Any:
    return animate.render(Storyboard.of("a seed", "a tree", **{**FEW, **settings}), model, frames=only)


def seconds(path: Path) -> float:
    """Of an animation."""
    with PIL.Image.open(path) as animation:
        total = 0.0
        for number in range(getattr(animation, "n_frames", 1)):
            animation.seek(number)
            total += animation.info["duration"] / 1000
    return total


@pytest.mark.parametrize("between_by", ["latent", "flow"])
@pytest.mark.parametrize(
    ("settings", "fps", "lasts"), [({}, 12, 1.0), ({"between": 1}, 24, 23 / 24), ({"fps": 10, "between": 1, "loop": "cycle"}, 20, 1.2)]
)
def test_a_film_lasts_as_long_as_its_storyboard_says(
    tiny: UNetModel, tmp_path: Path, settings: dict[str, Any], fps: float, lasts: float, between_by: str
) -> None:
    images = film(tiny, **settings, between_by=between_by)
    assert images.fps == fps
    assert seconds(animate.write_video(tmp_path / "film.gif", images)) == pytest.approx(lasts, abs=0.011)


def test_the_sound_of_a_storyboard_is_heard(tiny: UNetModel, tmp_path: Path) -> None:
    path = song(tmp_path / "song.wav", 1.0)
    images = film(tiny, sound=str(path))
    assert images.sound == Sound(path)
    written = animate.write_video(tmp_path / "film.mp4", images)
    assert "12 fps" in described(written)
    assert heard(written)[3:97].min() > 5000
    assert recipe.read(written).storyboard.sound == str(path)


def test_how_a_sound_fits_is_brought_too(tiny: UNetModel, tmp_path: Path) -> None:
    path = song(tmp_path / "song.wav", 0.5)
    with pytest.warns(AnimateWarning, match="it ends with the sound"):
        written = animate.write_video(tmp_path / "film.mp4", film(tiny, sound=str(path), sound_fit="shortest"))
    assert length(written) == pytest.approx(0.5, abs=0.03)


def test_a_part_has_the_sound_only_if_it_begins_where_that_does(tiny: UNetModel, tmp_path: Path) -> None:
    path = str(song(tmp_path / "song.wav", 1.0))
    assert film(tiny, range(6), sound=path).sound == Sound(Path(path))
    for part in (range(3, 6), range(0, 6, 2)):
        assert film(tiny, part, sound=path).sound is None
    assert "Audio" not in described(animate.write_video(tmp_path / "part.mp4", film(tiny, range(3, 6), sound=path)))


def test_films_drawn_together_bring_their_own(tiny: UNetModel, tmp_path: Path) -> None:
    sounds = [str(song(tmp_path / f"{number}.wav", 1.0)) for number in range(2)]
    stories = [Storyboard.of("a seed", "a tree", **FEW, fps=12 * (1 + number), sound=sounds[number]) for number in range(2)]
    films = animate.render_together(stories, tiny)
    assert [(one.fps, one.sound) for one in films] == [(12, Sound(Path(sounds[0]))), (24, Sound(Path(sounds[1])))]


def test_what_is_given_goes_before_what_is_brought(tiny: UNetModel, tmp_path: Path) -> None:
    """And a rate that makes another film of it than its recipe says is told: that of the frames, where there are in-betweens."""
    story = Storyboard.of("a seed", "a tree", **FEW, between=1)
    with pytest.warns(AnimateWarning, match=r"film\.gif plays at 12 fps, and its storyboard says 24, in-betweens counted; leave fps out"):
        path = animate.write_video(tmp_path / "film.gif", animate.render(story, tiny), fps=story.rate)
    assert seconds(path) == pytest.approx(23 / 12, abs=0.011)
    own, other = (song(tmp_path / f"{name}.wav", 1.0) for name in ("own", "other"))
    with pytest.warns(AnimateWarning, match=r"^other\.wav is"):
        animate.write_video(tmp_path / "film.mp4", film(tiny, sound=str(own), frames=6), sound=Sound(other))


@pytest.mark.parametrize("wrapped", [list, iter, lambda images: (image for image in images)])
def test_what_brings_no_rate_needs_one(tiny: UNetModel, tmp_path: Path, wrapped: Any) -> None:
    with pytest.raises(AnimateError, match=r"^film\.gif: no frames per second; .* give fps, such as fps=12$"):
        animate.write_video("film.gif", wrapped([*film(tiny, frames=3)]))
    animate.write_video(tmp_path / "film.gif", wrapped([*film(tiny, frames=3)]), 12)
    with pytest.raises(AnimateError, match="no frames per second"):
        animate.write_video(tmp_path / "sheet.gif", animate.sheet(Storyboard.of("a seed", "a tree", **FEW), tiny))


def test_nothing_is_drawn_for_a_format_without_sound(tiny: UNetModel, tmp_path: Path) -> None:
    images = film(tiny, sound=str(song(tmp_path / "song.wav", 1.0)))
    with pytest.raises(AnimateError, match=r"film\.gif: has no room for a sound; name a film that has"):
        animate.write_video(tmp_path / "film.gif", images)
    assert not images.digests

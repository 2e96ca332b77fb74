"""Pictures from files: keyframes that are images, and stills that begin with one. Contact sheets."""

from __future__ import annotations

import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from animate import AnimateError, AnimateWarning, Sampling, Storyboard, render, sheet, still
from animate.film.film import KeyframeImages, resolve
from animate.media import images
from animate.media.images import GAP, PAPER, Layout, contact_sheet
from animate.models.families.unet import UNetModel
from animate.plan.cel import Start
from animate.plan.exact import MIDDLE
from animate.plan.plan import plan
from animate.report import REPORT
from animate.story.files import read
from animate.story.storyboard import build
from animate.story.timeline import timeline
from conftest import Run, Work

FAST = Sampling(steps=10, guidance=2.0, sampler="ddim")


def picture(path: Path, size: tuple[int, int] = (64, 64), **settings: object) -> str:
    """A soft picture with a dark left and a red top."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    PIL.Image.fromarray(np.uint8(np.stack([255 * x * (1 - y), 120 * x, 80 * x], -1))).save(path, **settings)  # type: ignore[arg-type]
    return str(path)


@pytest.fixture
def red(tmp_path: Path) -> str:
    return picture(tmp_path / "red.png")


def test_a_picture_is_upright_on_white_and_covers_the_film(tmp_path: Path) -> None:
    turned = PIL.Image.Exif()
    turned[0x0112] = 6  # taken with the camera on its side
    sideways = picture(tmp_path / "turned.jpg", (40, 24), exif=turned)
    assert images.size(sideways) == (24, 40)
    with pytest.warns(AnimateWarning, match=r"turned.jpg is 24 x 40 pixels: drawn as 24 x 24, cut in its height"):
        assert images.read(sideways, 24, 24).shape == (24, 24, 3)
    PIL.Image.new("RGBA", (16, 16), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (images.read(str(tmp_path / "clear.png"), 16, 16) == 255).all()
    assert images.size(picture(tmp_path / "odd.png", (71, 66))) == (64, 64)


@pytest.mark.parametrize(
    ("own", "drawn", "said"),
    [
        ((256, 256), (128, 128), ""),
        ((601, 400), (160, 104), ""),  # the nearest multiples of 8
        ((64, 64), (128, 128), "enlarged"),
        ((256, 128), (128, 128), "cut in its width"),
        ((64, 32), (128, 128), "enlarged and cut in its width"),
        ((128, 256), (128, 128), "cut in its height"),
    ],
)
def test_only_what_a_size_spoils_is_warned_of(tmp_path: Path, own: tuple[int, int], drawn: tuple[int, int], said: str) -> None:
    name = picture(tmp_path / "a.png", own)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert images.read(name, *drawn).shape == (drawn[1], drawn[0], 3)
    line = f"{name} is {own[0]} x {own[1]} pixels: drawn as {drawn[0]} x {drawn[1]}, {said}"
    assert [str(one.message) for one in told] == ([line] if said else [])


def test_a_picture_gives_its_shape_to_a_number_of_pixels(tmp_path: Path) -> None:
    square, wide, thin = (picture(tmp_path / f"{size[0]}.png", size) for size in ((300, 300), (600, 400), (4000, 8)))
    assert images.scaled(square, 512 * 512) == (512, 512)
    assert images.scaled(wide, 128 * 128) == (160, 104)
    assert images.scaled(wide, 128 * 128, width=240) == (240, 160)
    assert images.scaled(wide, 128 * 128, height=80) == (120, 80)
    assert images.scaled(thin, 64 * 64) == (1432, 8)


@pytest.mark.filterwarnings("ignore:.* is .* pixels. drawn as")
@pytest.mark.parametrize("own", [(256, 256), (32, 32), (256, 128), (40, 80)])
def test_a_still_has_the_shape_of_its_image_at_the_models_size(run: Run, tiny: UNetModel, tmp_path: Path, own: tuple[int, int]) -> None:
    """The command, a contact sheet of it, and Python; the size is known when the model is loaded."""
    name = picture(tmp_path / "a.png", own)
    shape = {(256, 256): (64, 64, 3), (32, 32): (64, 64, 3), (256, 128): (48, 88, 3), (40, 80): (88, 48, 3)}[own]
    assert still("a tree", tiny, image=name, sampling={"steps": 2}).shape == shape
    assert still("a tree", tiny, image=name, sampling={"steps": 2}, width=96, height=40).shape == (40, 96, 3)
    code, _, err = run("still", "a tree", "--init-img", name, "--steps", "2", "-o", "b.png")
    assert (code, "trained on" in err) == (0, False)
    assert run("still", "a tree", "--init-img", name, "--count", "2", "--steps", "2", "-o", "c.png")[0] == 0
    assert [np.asarray(PIL.Image.open(tmp_path / file)).shape for file in ("b.png", "c-seed-1.png")] == [shape, shape]


def test_what_is_no_picture_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "words.png").write_text("no picture")
    monkeypatch.setattr(images, "LARGEST", 3000)
    large, small = picture(tmp_path / "large.png"), picture(tmp_path / "small.png", (7, 7))
    for path, message in (
        (tmp_path / "none.png", "No such file"),
        (tmp_path / "words.png", "no picture"),
        (large, "allowed: up to"),
        (small, "smaller"),
    ):
        with pytest.raises(AnimateError, match=message) as refused:
            images.size(str(path))
        assert "\n" not in str(refused.value)
    with pytest.raises(AnimateError) as refused:
        images.size(large)
    assert str(refused.value) == f"{large}: 64 x 64 pixels; allowed: up to 0 million; scale it down", "it is wrapped in no second one"


def test_an_image_shows_as_itself_and_a_prompt_as_its_still(tiny: UNetModel, red: str) -> None:
    story = build({"keyframes": [{"image": red}, "a tree", {"image": red, "prompt": "a seed"}], "frames": 9, "pace": "linear", "sampling": FAST})
    frames = list(render(story, tiny))
    pixels = images.read(red, 64, 64)
    itself = tiny.decode(tiny.encode(pixels[None]))[0]
    assert np.array_equal(frames[0], itself)
    assert np.array_equal(frames[8], itself)
    assert np.array_equal(frames[4], still("a tree", tiny, batch_size=4, sampling=FAST))
    assert len({image.tobytes() for image in frames[:8]}) == 8


def test_images_of_keyframes_are_read_when_they_are_encoded_and_not_held(tiny: UNetModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once to know it, and once to encode it."""
    names = [picture(tmp_path / f"{number}.png", (64, 64 + 16 * number)) for number in range(5)]
    opened, alive = list[str](), list[weakref.ref[np.ndarray]]()
    read = images.read

    def noted(name: str, *arguments: Any) -> np.ndarray:
        image = read(name, *arguments).view()
        opened.append(name)
        alive.append(weakref.ref(image))
        return image

    monkeypatch.setattr(images, "read", noted)
    story = build({"keyframes": [{"image": name} for name in names], "frames": 9, "pace": "linear", "sampling": FAST, "width": 64, "height": 64})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        film = render(story, tiny)
        assert opened == names
        assert not any(image() is not None for image in alive)
        assert len(list(film)) == 9
    assert sorted(opened) == sorted(2 * names)
    assert len(told) == 4, "sizes that are changed are told of once"
    assert not any(image() is not None for image in alive)


def test_an_image_that_is_changed_while_its_film_is_drawn_is_one_line(tiny: UNetModel, red: str) -> None:
    film = render(build({"keyframes": [{"image": red}, "a tree"], "frames": 4, "pace": "linear", "sampling": FAST}), tiny)
    PIL.Image.new("RGB", (64, 64), (0, 0, 250)).save(red)
    with pytest.raises(AnimateError, match=r"red\.png is another picture now than when the film began; start again") as refused:
        next(film)
    assert "\n" not in str(refused.value)


def test_the_share_of_denoising_rises_from_an_image_to_the_middle(tiny: UNetModel, red: str) -> None:
    story = resolve(build({"keyframes": [{"image": red}, "a tree"], "frames": 11, "pace": "linear", "sampling": FAST}), tiny.defaults)
    whole = plan(timeline(story), story, KeyframeImages.of(story, REPORT).digests)
    first, *between, last = (whole.cels[key] for key in whole.order)
    assert (first.start, last.start) == (Start(10), Start(0))
    done = [10 - cel.start.step for cel in between]
    assert done == sorted(done[:5]) + sorted(done[5:], reverse=True)
    assert max(done) == int(MIDDLE * 10)
    assert all(cel.start.parents == (first.key, last.key) for cel in between)
    assert set(whole.cels) == set(whole.order), "the still of the prompt is a frame of the film, and not drawn for it alone"
    part = whole.only([4, 5])
    assert set(part.cels) == {*part.order, first.key, last.key}


def test_frames_between_images_are_drawn_in_full_batches(tiny: UNetModel, red: str, tmp_path: Path, work: Work) -> None:
    blue = picture(tmp_path / "blue.png", (64, 64))
    with PIL.Image.open(blue) as opened:
        PIL.Image.fromarray(np.asarray(opened)[..., ::-1]).save(blue)
    story = build({"keyframes": [{"image": red}, {"image": blue}], "frames": 10, "pace": "linear", "sampling": FAST})
    seen = np.stack(list(render(story, tiny))).astype(int)
    assert work.samples == 2 * 4 * sum([2, 3, 5]), "guided, in four batch_size: two frames of 2 steps, two of 3, four of 5"
    ends = [tiny.decode(tiny.encode(images.read(path, 64, 64)[None]))[0] for path in (red, blue)]
    assert np.array_equal(seen[[0, -1]], np.stack(ends))


def test_a_still_may_redraw_an_image(tiny: UNetModel, red: str) -> None:
    def drawn(strength: float) -> np.ndarray:
        return still("a tree", tiny, image=red, strength=strength, sampling=FAST).astype(int)

    itself = tiny.decode(tiny.encode(images.read(red, 64, 64)[None]))[0].astype(int)
    far = [np.abs(drawn(strength) - itself).mean() for strength in (0.0, 0.3, 0.9)]
    assert far[0] == 0 < far[1] < far[2]
    assert drawn(1.0).shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"prompt": ""}, "an empty prompt"),
        ({"prompt": "a", "strength": 0.5}, "strength 0.5 without an image"),
        ({"image": "x.png", "strength": 0.5}, "without a prompt"),
        ({"prompt": "a", "image": "x.png", "strength": 1.5}, "keyframe 1, strength: 1.5; allowed: a number from 0 to 1"),
    ],
)
def test_what_cannot_be_is_told(key: dict[str, object], message: str) -> None:
    with pytest.raises(AnimateError, match=message):
        build({"keyframes": [key, "b"]})


def test_a_strength_that_leaves_no_step_is_told(tiny: UNetModel, red: str) -> None:
    with pytest.raises(AnimateError, match=r"strength 0.05 of 10 steps is none; raise --strength or --steps"):
        still("a tree", tiny, image=red, strength=0.05, sampling=FAST)


def test_images_lie_beside_the_storyboard_and_in_the_recipe(tiny: UNetModel, red: str, tmp_path: Path) -> None:
    (tmp_path / "film.yaml").write_text("frames: 4\nkeyframes:\n- image: red.png\n- a tree\n")
    story = read(tmp_path / "film.yaml")
    assert story.keyframes[0].image == red
    drawn = sheet(story.replace(sampling=FAST), tiny)
    list(drawn)
    assert [*drawn.recipe.made.images] == [red]


def test_a_film_with_an_image_is_drawn_again_and_a_changed_image_is_told(run: Run, tiny_folder: Path, red: str, tmp_path: Path) -> None:
    (tmp_path / "film.yaml").write_text(f"frames: 4\nsampling: {{steps: 4}}\nkeyframes:\n- image: {red}\n- a tree\n")
    assert run("film.yaml", "-o", "film.gif")[0] == 0
    assert run("verify", "film.gif", "--model", str(tiny_folder))[0] == 0
    picture(Path(red))
    with PIL.Image.open(red) as opened:
        opened.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT).save(red)
    code, out, _ = run("verify", "film.gif", "--model", str(tiny_folder))
    assert code == 1
    assert f"{red}: " in out
    assert run("show", "film.gif")[1].count("red.png") == 1


def test_one_image_alone_is_no_film(tiny: UNetModel, red: str) -> None:
    with pytest.raises(AnimateError, match="does not move"):
        render(build({"keyframes": [{"image": red}], "loop": "cycle"}), tiny)


def test_every_face_of_a_storyboard_takes_images(red: str) -> None:
    story = Storyboard.of("a seed", frames=4, loop="cycle").replace(keyframes=[{"image": red}, "a tree"])
    assert [key.label for key in story.keyframes] == ["red", "a tree"]


def test_images_stand_row_by_row_with_words_beneath() -> None:
    drawn = [np.full((40, 64, 3), 10 * i, np.uint8) for i in range(7)]
    sheet = contact_sheet(drawn, [f"a prompt that is far too long for its picture, number {i}" for i in range(7)], columns=3)
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] == GAP + 3 * (64 + GAP)
    assert np.array_equal(sheet[GAP : GAP + 40, GAP : GAP + 64], drawn[0])
    pitch = (sheet.shape[0] - GAP) // 3
    assert np.array_equal(sheet[GAP + pitch : GAP + pitch + 40, GAP + 64 + GAP : GAP + 2 * 64 + GAP], drawn[4])
    words = sheet[GAP + 40 : GAP + pitch, GAP : GAP + 64]
    assert words.min() < 100, "something is written"
    gutter = sheet[GAP + 40 : pitch, 2 * GAP + 64 - 2 : 2 * GAP + 64]
    assert (gutter == np.array(PAPER, np.uint8)).all(), "and not across the gap"


def test_one_image_is_a_sheet() -> None:
    assert contact_sheet([np.zeros((64, 64, 3), np.uint8)], ["alone"]).shape[1] == 64 + 2 * GAP


@pytest.mark.parametrize(
    "words", ["x" * 10**6, "\u0301" * 10**6, "a\nb\0", "", "\U0001f333"], ids=["long", "of no width", "no letters", "none", "emoji"]
)
def test_any_words_stand_under_pictures_and_the_pictures_are_found_again(words: str) -> None:
    drawn = [np.full((40, 64, 3), 10 * i, np.uint8) for i in range(5)]
    sheet, layout = contact_sheet(drawn, [words] * 5, 3), Layout.of(5, 64, 40, True, 3)
    assert sheet.shape[1::-1] == layout.size
    assert np.array_equal(list(layout.cut(sheet)), drawn)


@pytest.mark.parametrize("name", ["", 3, None, np.zeros((8, 8, 3))])
def test_what_is_no_name_of_a_picture_is_refused(name: Any) -> None:
    with pytest.raises(AnimateError, match=r"^image .*; allowed: the name of a PNG, JPEG or WebP, as a text; or leave it out$"):
        images.size(name)

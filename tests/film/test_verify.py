"""Verifying: a file's own pictures are looked at, too, in every format, and not only its recipe."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from animate import Sampling, Storyboard, render, write_video
from animate.film.verify import ALIKE, chosen, likeness
from animate.media import reading, tags
from animate.media.formats import FORMATS, films, stills
from animate.media.sound import Sound
from animate.media.writers import write_image
from animate.models.families.unet import UNetModel
from conftest import Run
from test_sound import song

FAST = ("--steps", "1", "--guidance", "1", "--frames", "4", "--pace", "linear", "--no-store")


def sprout_like(count: int) -> list[np.ndarray]:
    """Smooth pictures with edges and strong colours, as models draw them; each is a step further, (128, 128)."""
    y, x = np.mgrid[:128, :128]
    images = []
    for step in range(count):
        disc = (x - 40 - 6 * step) ** 2 + (y - 64) ** 2 < 900
        image = np.stack([x + 40, 2 * y * (x > 64), 255 - y], -1)
        image[disc] = (230, 30, 20)
        images.append(np.clip(image, 0, 255).astype(np.uint8))
    return images


@pytest.mark.parametrize("name", [*(f"film{suffix}" for suffix in films()), "film/"])
def test_pictures_that_were_exchanged_are_found_in_every_format(run: Run, tiny_folder: Path, name: str) -> None:
    """The recipe of one film in another one of the same size and length."""
    where = ("--model", str(tiny_folder))
    assert run("a seed", "a tree", *FAST, "-o", name)[0] == 0
    assert run("verify", name, *where) == (0, f"{Path(name)}: 3 of 3 pictures are what the recipe says\n", "")
    text = tags.get(Path(name))
    assert text is not None
    forged = f"forged-{name}"
    assert run("a house", "a boat", "--seed", "9", *FAST, "-o", "other.png")[0] == 0
    write_video(forged, reading.frames(Path("other.png")), 12, note=lambda count: text)
    code, out, _ = run("verify", forged, *where)
    others = "0, 1, 2, 3" if FORMATS[Path(name).suffix].lossless else "0, 2, 3"  # of the others, those that were drawn again
    assert (code, out) == (1, f"{Path(forged)}: the pictures in it are not those of its recipe: others are number {others}\n")
    assert json.loads(run("verify", forged, *where, "--json")[1])["file"] == f"others are number {others}"


@pytest.mark.parametrize("name", [f"sheet{suffix}" for suffix in stills()])
def test_sheets_and_stills_are_looked_at_too(run: Run, tiny_folder: Path, name: str) -> None:
    where = ("--model", str(tiny_folder))
    few = ("--steps", "1", "--no-store")
    assert run("still", "a tree", "--count", "3", *few, "-o", name)[0] == 0
    for file in (name, name.replace("sheet", "sheet-seed-1")):
        assert run("verify", file, *where)[0] == 0
        text = tags.get(Path(file))
        shown = next(reading.frames(Path(file), stills=True)).copy()
        shown[: shown.shape[0] // 2] = 255 - shown[: shown.shape[0] // 2]
        write_image(file, shown, note=text)
        code, out, _ = run("verify", file, *where)
        assert (code, "the pictures in it are not those of its recipe: others are number 0" in out) == (1, True)


@pytest.mark.parametrize(
    ("suffix", "shift", "said"),
    [
        (".png", 1, " drawn again look the same, and differ in bits that nobody sees"),
        (".png", 40, " differ"),
        (".gif", 1, " drawn again look the same, as far as .gif with its losses shows, and differ in their bits"),
        (".mp4", 60, " differ"),
    ],
)
def test_by_how_much_pictures_differ_is_said(
    run: Run, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, shift: int, said: str
) -> None:
    """As on another machine: what is drawn has other bits than the file and its recipe. What that means comes first."""
    file, where = f"film{suffix}", ("--model", str(tiny_folder))
    assert run("a seed", "a tree", *FAST, "-o", file)[0] == 0
    decode = UNetModel.decode

    def shifted(model: UNetModel, latents: torch.Tensor) -> np.ndarray:
        images = decode(model, latents).copy()
        corner = images[..., :16, :32, :]  # an eighth of 64 x 64
        corner += np.where(corner > 127, -shift, shift).astype(corner.dtype)
        return images

    monkeypatch.setattr(UNetModel, "decode", shifted)
    code, out, _ = run("verify", file, *where)
    assert (code, out.splitlines()[0]) == (1, f"{file}: 3 of 3 pictures{said} (0, 2, 3)")
    line = out.splitlines()[2]
    assert line.startswith("  from the file's own picture: ")
    assert line.endswith(" at most" if suffix == ".png" else " at most of blocks of pixels")
    assert suffix != ".png" or f" {shift / 8:.2f} grey levels in the mean, {shift} at most" in line
    away = json.loads(run("verify", file, *where, "--json")[1])["away"]
    assert suffix != ".png" or (away["mean"], away["most"]) == (shift / 8, shift)


def test_pictures_that_are_missing_or_too_many_are_told(run: Run, tiny_folder: Path) -> None:
    where = ("--model", str(tiny_folder))
    assert run("a seed", "a tree", *FAST, "-o", "film.gif")[0] == 0
    text, shown = tags.get(Path("film.gif")), [*reading.frames(Path("film.gif"))]
    for name, images, said in (
        ("few.gif", shown[:3], "it has 3 pictures, and its recipe 4"),
        ("many.gif", [*shown, shown[-1]], "it has more than the 4 pictures of its recipe"),
        ("small.gif", [image[:32] for image in shown], "others are number 0, 1, 2, 3"),
    ):
        write_video(name, images, 12, note=lambda count: text or "")
        assert run("verify", name, *where) == (1, f"{name}: the pictures in it are not those of its recipe: {said}\n", "")


def test_a_picture_that_is_held_till_the_sound_ends_is_no_other(run: Run, tiny: UNetModel, tiny_folder: Path) -> None:
    song(Path("song.wav"), 1)
    story = Storyboard.of("a seed", "a tree", frames=4, pace="linear", sampling=Sampling(steps=1))
    with pytest.warns(match="held till the sound ends"):
        write_video("film.mp4", render(story, tiny), sound=Sound(Path("song.wav"), "longest"))
    assert run("verify", "film.mp4", "--model", str(tiny_folder))[0] == 0


@pytest.mark.parametrize("suffix", films())
def test_formats_stay_above_the_bound_and_other_pictures_below(tmp_path: Path, suffix: str) -> None:
    images = sprout_like(6)
    write_video(tmp_path / f"film{suffix}", images, 12)
    shown = [*reading.frames(tmp_path / f"film{suffix}")]
    assert min(likeness(one, other) for one, other in zip(images, shown, strict=True)) > ALIKE + 6
    assert likeness(images[0], images[1]) < ALIKE - 6


def test_withheld_pictures_are_passed_over_however_many_they_are(tiny: UNetModel) -> None:
    images = render(Storyboard.of("a", "b", frames=2, pace="linear", sampling=Sampling(steps=1)), tiny)
    list(images)
    count = 200_000
    said = images.recipe.model_copy(update={"digests": ("0" * 16,) * count, "withheld": tuple(range(count - 1))})
    assert chosen(said, 3) == (count - 1,)

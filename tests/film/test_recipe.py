"""Recipes: in every format, complete, honest, and never more than data."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

import animate
from animate import AnimateError, Sampling, Storyboard
from animate.film import recipe
from animate.media import tags
from animate.models.families.unet import UNetModel
from animate.story.files import read as read_storyboard
from animate.story.files import written
from conftest import Run
from test_writers import read

FAST = ("--steps", "2", "--guidance", "2", "--frames", "5", "--pace", "linear")


def made(model: UNetModel, **settings: object) -> recipe.Recipe:
    images = animate.render(Storyboard.of("a seed", "a tree", pace="linear", sampling=Sampling(steps=1, guidance=1), **settings), model)
    for _ in images:
        pass
    return images.recipe


def test_it_leaves_nothing_to_defaults(tiny: UNetModel) -> None:
    said = made(tiny, frames=3)
    story = said.storyboard
    assert (story.width, story.height, story.frames, story.fps, story.sampling.sampler) == (64, 64, 3, 12.0, "ddim")
    assert (said.made.model, said.made.batch_size, len(said.digests)) == (tiny.name, 4, 3)
    assert len(said.made.fingerprint) == 32
    assert {"animate", "torch", "diffusers"} <= set(said.made.versions)


@pytest.mark.parametrize("frames", [3, 400])
def test_short_and_long_ones_come_back(tiny: UNetModel, frames: int) -> None:
    said = made(tiny, frames=3)
    said = said.model_copy(update={"storyboard": said.storyboard.replace(frames=frames), "digests": ("0123456789abcdef",) * frames})
    text = said.pack()
    assert "\n" not in text
    assert len(text) < 5000
    assert recipe.unpack(text) == said


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("hello", ValueError, r"^its comment is something else$"),
        (recipe.PLAIN, ValidationError, r"\bInvalid JSON: EOF while parsing a value\b"),
        (recipe.PLAIN + "{}", ValidationError, r"\nverb\n  Field required\b"),
        (recipe.PLAIN + '{"verb": "__import__"}', ValidationError, r"\nverb\n  Input should be 'film', 'still' or 'sheet'"),
        (recipe.PACKED + "???", ValueError, r"^it is damaged \(Only base64 data is allowed\)$"),
        (recipe.PACKED + base64.b64encode(b"nothing").decode(), ValueError, r"^it is damaged \(Error -3 [^\n]+\)$"),
        (
            recipe.PACKED + base64.b64encode(zlib.compress(b"x" * (recipe.LARGEST + 10))).decode(),
            ValueError,
            r"^it is damaged or larger than any that animate writes$",
        ),
    ],
    ids=["other", "empty", "nothing", "wrong", "no base64", "no zlib", "bomb"],
)
def test_what_is_no_recipe_is_refused(text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        recipe.unpack(text)
    assert type(refused.value) is error


@pytest.mark.parametrize("name", ["film.mp4", "film.webm", "film.gif", "film.webp", "film.png", "film/"])
def test_again_draws_the_same_pixels_from_every_format(run: Run, tiny_folder: Path, tiny: UNetModel, name: str) -> None:
    assert run("a seed", "a tree", *FAST, "-o", name, "--no-store")[0] == 0
    said = recipe.read(Path(name))
    code, out, err = run("again", name, "--model", str(tiny_folder), "-o", f"again-{name}", "--no-store")
    assert (code, out, err) == (0, f"again-{name}\n", "")
    redrawn = recipe.read(Path(f"again-{name}"))
    assert redrawn.digests == said.digests
    assert redrawn == said
    if not name.endswith("/"):
        assert Path(name).read_bytes() == Path(f"again-{name}").read_bytes()
    drawn = list(animate.render(said.storyboard, tiny))
    assert [recipe.digest(image) for image in drawn] == list(said.digests)
    if name in ("film.png",):
        assert np.array_equal(read(Path(name), (64, 64)), np.stack(drawn)), "digests are of the pixels in a lossless file"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_stills_are_drawn_again(run: Run, tiny_folder: Path, name: str) -> None:
    run("still", "a tree", "--seed", "5", "--steps", "2", "-o", name)
    assert run("again", name, "--model", str(tiny_folder), "-o", f"again-{name}", "--no-store")[0] == 0
    assert Path(name).read_bytes() == Path(f"again-{name}").read_bytes()


def test_sheets_and_their_stills_are_drawn_again(run: Run, tiny_folder: Path) -> None:
    run("still", "a tree", "--count", "3", "--seed", "5", "--steps", "2", "-o", "out/a.png")
    for name in ("a.png", "a-seed-6.png"):
        assert run("again", f"out/{name}", "--model", str(tiny_folder), "-o", name, "--no-store")[0] == 0
        assert Path(name).read_bytes() == Path("out", name).read_bytes()


def test_again_may_change_it(run: Run, tiny_folder: Path) -> None:
    run("a seed", "a tree", *FAST, "-o", "film.mp4")
    code, _, err = run("again", "film.mp4", "--model", str(tiny_folder), "--frames", "9", "-o", "long.gif")
    assert (code, err) == (0, "animate: 5 drawings were in the store, 4 were drawn now\n")
    assert recipe.read(Path("long.gif")).storyboard.count == 9


def test_show_prints_a_storyboard_that_draws_it_again(run: Run, tiny: UNetModel) -> None:
    Path("film.yaml").write_text(
        'frames: 12\nloop: cycle\nseed: 3\nstyle: "no: {}"\nsampling: {steps: 1, guidance: 1}\n'
        'keyframes:\n- {prompt: "1e3", hold: 2, ease: in-out}\n- {prompt: "a tree: # one", at: "50%", seed: 4, negative: "true"}\n'
    )
    run("film.yaml", "-o", "film.webp")
    code, out, _ = run("show", "film.webp")
    assert code == 0
    assert out.startswith("# film.webp: a film of 12 frames, made by a diffusion model\n# ")
    Path("again.yaml").write_text(out)
    assert read_storyboard("again.yaml") == recipe.read(Path("film.webp")).storyboard
    told = json.loads(run("show", "film.webp", "--json")[1])
    assert len(told["digests"]) == 12


def test_show_says_nothing_of_frames_of_a_still(run: Run) -> None:
    run("still", "a tree", "--seed", "5", "--steps", "2", "-o", "a.png")
    code, out, _ = run("show", "a.png")
    assert code == 0
    assert out.startswith("# a.png: a still, ")
    assert "a tree" in out
    assert not any(line.startswith(("frames:", "loop:", "fps:")) for line in out.splitlines())


def test_written_storyboards_are_read_as_they_were(tmp_path: Path) -> None:
    hard = ["no", "true", "null", "12:30", "1e3", "~", "- a", "a: b", "\u79cd\u5b50", 'say "so"', "a # b", "a, b", "1", "0x1F", "=", "yes"]
    story = Storyboard.of(*hard, frames=40, negative="off", style="{} {}")
    (tmp_path / "story.yaml").write_text(written(story))
    assert read_storyboard(tmp_path / "story.yaml") == story


def test_verify_says_yes_and_no_and_why(run: Run, tiny_folder: Path) -> None:
    run("a seed", "a tree", *FAST, "-o", "film.mp4")
    where = ("--model", str(tiny_folder))
    assert run("verify", "film.mp4", *where) == (0, "film.mp4: 3 of 3 pictures are what the recipe says\n", "")
    said = recipe.read(Path("film.mp4"))
    other = {"digests": ("f" * 16, *said.digests[1:]), "made": said.made.model_copy(update={"hardware": "an abacus"})}
    tags.put(Path("film.mp4"), said.model_copy(update=other).pack())
    code, out, err = run("verify", "film.mp4", *where)
    assert (code, err) == (1, "")
    same = "1 of 3 pictures drawn again look the same, as far as .mp4 with its losses shows, and differ in their bits (0)"
    assert out.startswith(f"film.mp4: {same}\n  hardware: an abacus then, ")
    told = json.loads(run("verify", "film.mp4", *where, "--json", "--count", "1")[1])
    assert (told["drawn"], told["different"]) == ([0], [0])


def test_a_model_that_only_the_file_names_is_not_loaded(run: Run) -> None:
    """A recipe comes from anywhere: it may not have this machine download or open what it likes."""
    run("a seed", "a tree", *FAST, "-o", "film.mp4")
    code, out, err = run("again", "film.mp4")
    assert (code, out) == (2, "")
    assert "film.mp4 was drawn by " in err
    assert "if you trust it, or name another one" in err


def test_what_has_no_recipe_is_told_in_one_line(run: Run) -> None:
    animate.write_video("bare.gif", [np.zeros((16, 16, 3), np.uint8)] * 2, 12)
    for command in ("show", "again", "verify"):
        code, out, err = run(command, "bare.gif")
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "no recipe in it" in err
    assert "cannot be read (No such file" in run("show", "nowhere.mp4")[2]


def test_some_frames_of_a_film_are_verified_as_those(run: Run, tiny: UNetModel, tiny_folder: Path) -> None:
    story = Storyboard.of("a seed", "a tree", frames=12, pace="linear", sampling=Sampling(steps=1))
    animate.write_video("part.webp", animate.render(story, tiny, range(5, 8)), 12)
    where = ("--model", str(tiny_folder))
    assert run("verify", "part.webp", *where)[0] == 0
    assert "# part.webp: 3 of 12 frames" in run("show", "part.webp")[1]
    assert run("again", "part.webp", *where, "-o", "again.webp")[0] == 0
    assert Path("part.webp").read_bytes() == Path("again.webp").read_bytes()
    code, _, err = run("again", "part.webp", *where, "--frames", "20")
    assert (code, err) == (2, "animate: part.webp holds 3 frames of a film; the film cannot be changed through them\n")


def test_a_sheet_from_python_is_drawn_again(run: Run, tiny: UNetModel, tiny_folder: Path) -> None:
    story = Storyboard.of("a seed", "a tree", pace="linear", sampling=Sampling(steps=1))
    animate.write_video("keys.webp", animate.sheet(story, tiny), 1)
    assert run("again", "keys.webp", "--model", str(tiny_folder), "-o", "keys.png")[0] == 0


def test_folders_are_drawn_again_under_a_free_name(run: Run, tiny_folder: Path) -> None:
    assert run("a seed", "a tree", *FAST, "-o", "frames.v2/")[0] == 0
    outs = [run("again", "frames.v2", "--model", str(tiny_folder))[1] for _ in range(2)]
    assert outs == ["renders/frames.v2/\n", "renders/frames.v2-2/\n"]


def test_every_recipe_says_that_a_model_made_it(tiny: UNetModel) -> None:
    assert '"made_by":"a diffusion model"' in made(tiny, frames=3).pack()


@pytest.mark.parametrize(
    "change",
    [
        {"digests": ("0" * 16,) * 9},
        {"verb": "sheet", "labels": ("one",)},
        {"verb": "still"},
        {"frames": (0, 99, 1)},
        {"version": 2},
        {"digests": ["0" * 15 + "G"]},
        {"columns": 10**9},
        {"made_by": "x" * 10**6},
        {"labels": [1] * 10**5},
        {"batches": ["x"] * 10**5},
        {"frames": ["x"] * 10**5},
        {"storyboard": {"keyframes": [3] * 200_000}},
        {str(number): 1 for number in range(200)},
        {"storyboard": {"keyframes": [{"prompt": "a", "\u001b[31m\n": 1}]}},
    ],
    ids=lambda change: ",".join(change)[:20],
)
def test_recipes_that_contradict_themselves_are_refused_in_one_line(tiny: UNetModel, tmp_path: Path, change: dict[str, object]) -> None:
    said = json.loads(made(tiny, frames=3).pack().removeprefix(recipe.PLAIN))
    animate.write_video(tmp_path / "film.gif", [np.zeros((16, 16, 3), np.uint8)] * 3, 12, note=lambda count: recipe.PLAIN + json.dumps(said | change))
    with pytest.raises(AnimateError, match="its recipe cannot be used") as refused:
        recipe.read(tmp_path / "film.gif")
    assert "\n" not in str(refused.value)


def test_a_machine_without_that_device_says_what_differs(run: Run, tiny_folder: Path) -> None:
    run("a seed", "a tree", *FAST, "-o", "film.gif")
    said = recipe.read(Path("film.gif"))
    tags.put(Path("film.gif"), said.model_copy(update={"made": said.made.model_copy(update={"device": "cuda", "dtype": "float16"})}).pack())
    code, _, err = run("again", "film.gif", "--model", str(tiny_folder), "-o", "again.gif")
    assert code == 0
    assert 'device "cuda" is not here' in err
    assert "not as it was: device: cuda then, cpu now; dtype: float16 then, float32 now" in err


def test_an_interrupted_film_says_how_far_it_came(tiny: UNetModel, tmp_path: Path) -> None:
    images = animate.render(Storyboard.of("a seed", "a tree", frames=8, pace="linear", sampling=Sampling(steps=1)), tiny)
    next(images), next(images)
    assert len(images.recipe.digests) == 2
    assert images.recipe.storyboard.count == 8

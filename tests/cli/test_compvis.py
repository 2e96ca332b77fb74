"""Commands of 2022's tutorials, with `animate still` in the place of the scripts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from animate import Sampling, still
from animate.cli.compvis import seeded, sides
from animate.film import recipe
from animate.media import images
from animate.models.families.unet import UNetModel
from conftest import Run, Work
from scripts_of_2022 import Script
from test_images import picture


def pixels(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def test_txt2img_with_all_its_flags(run: Run, tiny: UNetModel, tmp_path: Path, work: Work) -> None:
    line = "still --prompt A --plms --ddim_steps 4 --ddim_eta 0 --H 32 --W 64 --scale 2 --n_samples 2 --n_iter 2 --n_rows 4 --seed 8 --outdir out"
    code, out, err = run(*("a tree" if word == "A" else word for word in line.split()), "--precision", "full")
    assert (code, err) == (0, "animate: 4 single pictures: out/samples/00000.png to out/samples/00003.png\n")
    assert out == "out/grid-0000.png\n"
    samples = sorted((tmp_path / "out" / "samples").iterdir())
    assert [path.name for path in samples] == ["00000.png", "00001.png", "00002.png", "00003.png"]
    as_ours = Sampling(steps=4, guidance=2.0, sampler="pndm", conventions="compvis")
    for seed, path in enumerate(samples, 8):
        assert np.array_equal(pixels(path), still("a tree", tiny, batch_size=2, seed=seed, sampling=as_ours, width=64, height=32))
    assert pixels(tmp_path / "out" / "grid-0000.png").shape == (8 + 32 + 8, 8 + 4 * (64 + 8), 3)
    assert recipe.read(samples[0]).storyboard.sampling == as_ours


@pytest.mark.parametrize("flags", ["", "--plms", "--ddim_eta 0.6", "--scale 0.5"])
@pytest.mark.parametrize("steps", [12, 15])
def test_txt2img_draws_what_the_script_drew(run: Run, tiny: UNetModel, tmp_path: Path, flags: str, steps: int) -> None:
    """From the command to the file, brackets in the prompt and all."""
    words = ["--prompt", "a (red) tree", "--ddim_steps", str(steps), "--n_samples", "1", "--n_iter", "1", "--outdir", "out", *flags.split()]
    assert run("still", *words)[0] == 0
    script = Script(tiny, "a (red) tree", 42, steps, 0.5 if "scale" in flags else 7.5, 0.6 if "eta" in flags else 0.0)
    expected = script.shown(script.txt2img("plms" if flags == "--plms" else "ddim")).astype(int)
    assert np.abs(pixels(tmp_path / "out" / "samples" / "00000.png") - expected).max() <= 1


def test_img2img_draws_what_the_script_drew(run: Run, tiny: UNetModel, tmp_path: Path) -> None:
    sketch = picture(tmp_path / "sketch.png", (64, 96))
    assert run("still", "--prompt", "a tree", "--init-img", "sketch.png", "--strength", "0.58", "--ddim_steps", "50", "--n_samples", "1")[0] == 0
    script = Script(tiny, "a tree", 42, 50, 5.0)
    expected = script.shown(script.img2img(images.read(sketch, 64, 96), 0.58)).astype(int)
    assert np.abs(pixels(tmp_path / "outputs/img2img-samples/samples/00000.png") - expected).max() <= 1


def test_what_a_command_of_txt2img_leaves_out(run: Run, tmp_path: Path) -> None:
    assert run("still", "--prompt", "a tree")[:2] == (0, "outputs/txt2img-samples/grid-0000.png\n")
    folder = tmp_path / "outputs/txt2img-samples"
    made = recipe.read(folder / "grid-0000.png")
    assert made.storyboard.sampling == Sampling(steps=50, guidance=7.5, sampler="ddim", conventions="compvis")
    assert ([key.seed for key in made.storyboard.keyframes], made.columns, made.made.batch_size) == ([42, 43, 44, 45, 46, 47], 3, 3)
    assert len(list((folder / "samples").iterdir())) == 6


def test_what_a_command_of_img2img_leaves_out(run: Run, tmp_path: Path) -> None:
    picture(tmp_path / "sketch.png", (64, 64))
    assert run("still", "--prompt", "a tree", "--init-img", "sketch.png")[:2] == (0, "outputs/img2img-samples/grid-0000.png\n")
    made = recipe.read(tmp_path / "outputs/img2img-samples/grid-0000.png").storyboard
    assert made.sampling == Sampling(steps=50, guidance=5.0, sampler="ddim", conventions="compvis")
    assert [(key.seed, key.strength) for key in made.keyframes] == [(42, 0.75), (43, 0.75)]


def test_what_ours_leaves_out_stays_ours(run: Run, tmp_path: Path) -> None:
    """--init-img and --strength are both ours and theirs: they alone make no command of 2022."""
    picture(tmp_path / "sketch.png", (64, 64))
    assert run("still", "a tree", "--init-img", "sketch.png", "--strength", "0.5", "-o", "a.png") == (0, "a.png\n", "")
    made = recipe.read(tmp_path / "a.png")
    assert (made.storyboard.sampling.conventions, made.verb, made.storyboard.keyframes[0].seed) == ("diffusers", "still", 0)


@pytest.mark.parametrize("flags", ["--plms", "--scale 0.5", "--init-img sketch.png --strength 0.58"])
def test_a_recipe_draws_them_again(run: Run, tiny_folder: Path, tmp_path: Path, flags: str) -> None:
    picture(tmp_path / "sketch.png", (64, 64))
    assert run("still", "--prompt", "a (tree)", "--ddim_steps", "12", "--n_iter", "1", "--outdir", "out", *flags.split())[0] == 0
    assert run("again", "out/samples/00001.png", "--model", str(tiny_folder), "-o", "again.png", "--no-store")[0] == 0
    assert np.array_equal(pixels(tmp_path / "again.png"), pixels(tmp_path / "out/samples/00001.png"))


def test_flags_that_say_what_the_files_say_are_taken(run: Run) -> None:
    words = "--config v1-inference.yaml --C 4 --f 8 --laion400m --ddim_steps 1 --n_samples 1 --n_iter 1".split()
    code, _, err = run("still", "--prompt", "a tree", *words)
    assert (code, err.count("\n")) == (0, 2)
    assert "--config v1-inference.yaml, --C 4, --f 8, --laion400m: without effect" in err
    assert err.endswith("animate: 1 single picture: outputs/txt2img-samples/samples/00000.png\n")


def test_a_count_of_ours_takes_the_place_of_their_batches(run: Run, tmp_path: Path) -> None:
    assert run("still", "--prompt", "a tree", "--count", "2", "--ddim_steps", "1", "-o", "a.png")[0] == 0
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == ["a-seed-42.png", "a-seed-43.png", "a.png"]


def test_a_second_command_goes_on_counting(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert run("still", "a tree", "--ddim_steps", "1", "--n_samples", "1", "--n_iter", "1", "--outdir", "out")[0] == 0
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == ["00000.png", "00001.png", "grid-0000.png", "grid-0001.png"]


def test_img2img_redraws_a_sketch(run: Run, tiny: UNetModel, tmp_path: Path) -> None:
    sketch = picture(tmp_path / "sketch.png", (64, 96))
    words = "--init-img sketch.png --strength 0.5 --ddim_steps 6 --scale 3 --outdir out --skip_grid".split()
    code, out, _ = run("still", "a tree", *words)
    assert (code, out) == (0, "out/samples/00000.png\nout/samples/00001.png\n")
    sampling = Sampling(steps=6, guidance=3.0, sampler="ddim", conventions="compvis")
    expected = still("a tree", tiny, batch_size=2, image=sketch, strength=0.5, sampling=sampling, seed=42, width=64, height=96)
    assert np.array_equal(pixels(tmp_path / "out" / "samples" / "00000.png"), expected)
    assert run("still", "a tree", "--init-img", "sketch.png", "--plms", "--ddim_steps", "4", "-o", "plms.png")[0] == 0, "their script could not"


def test_images_have_the_size_that_theirs_have(run: Run, tmp_path: Path) -> None:
    """Multiples of 32, where ours are of 8."""
    assert [sides(size) for size in ((64, 48), (512, 768), (1000, 72), (24, 24))] == [(64, 32), (512, 768), (992, 64), (24, 24)]
    picture(tmp_path / "sketch.png", (64, 48))
    words = ("--init-img", "sketch.png", "--ddim_steps", "2", "--n_samples", "1", "--outdir", "out", "--skip_grid")
    code, _, err = run("still", "a tree", *words)
    assert (code, pixels(tmp_path / "out/samples/00000.png").shape) == (0, (32, 64, 3))
    assert "sketch.png is 64 x 48 pixels: drawn as 64 x 32" in err


def test_strength_counts_steps_as_theirs(run: Run, tmp_path: Path, work: Work) -> None:
    picture(tmp_path / "sketch.png")
    assert (
        run("still", "a", "--init-img", "sketch.png", "--strength", "0.58", "--ddim_steps", "50", "--scale", "1", "-o", "a.png", "--no-store")[0] == 0
    )
    assert work.calls == int(0.58 * 50) == 28


def test_prompts_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("a seed\na tree\na house\n")
    code, _, _ = run(
        "still", "--from-file", "prompts.txt", "--n_iter", "2", "--n_samples", "3", "--ddim_steps", "1", "--outdir", "out", "--fixed_code"
    )
    assert code == 0
    keys = recipe.read(tmp_path / "out" / "grid-0000.png").storyboard.keyframes
    assert [(key.prompt, key.seed) for key in keys] == [("a seed", 42), ("a tree", 43), ("a house", 44)] * 2
    assert np.array_equal(pixels(tmp_path / "out" / "samples" / "00001.png"), pixels(tmp_path / "out" / "samples" / "00004.png"))


def test_seeds_go_up_from_batch_to_batch_unless_the_code_is_fixed() -> None:
    assert seeded(["a"], 5, 2, 2, False, False) == [("a", 5), ("a", 6), ("a", 7), ("a", 8)]
    assert seeded(["a"], 5, 2, 2, True, False) == [("a", 5), ("a", 6), ("a", 5), ("a", 6)]
    assert seeded(["a", "b"], 0, 2, 2, False, True) == [("a", 0), ("b", 1), ("a", 2), ("b", 3)]


def test_grids_are_drawn_again(run: Run, tiny_folder: Path, tmp_path: Path) -> None:
    assert run("still", "a tree", "--n_samples", "3", "--n_rows", "1", "--ddim_steps", "1", "--outdir", "out")[0] == 0
    assert run("again", "out/grid-0000.png", "--model", str(tiny_folder), "-o", "again.png")[0] == 0
    assert np.array_equal(pixels(tmp_path / "again.png"), pixels(tmp_path / "out" / "grid-0000.png"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a", "--prompt", "b"], "the prompt was given in more than one way"),
        ([], "no prompt; try: animate still"),
        (["a", "--steps", "4", "--ddim_steps", "5"], "--ddim_steps 5 and steps 4; give one of them"),
        (["a", "--plms", "--dpm_solver"], "give one of them"),
        (["a", "--plms", "--ddim_eta", "0.5"], "only the sampler ddim has it"),
        (["a", "--strength", "0.5"], "without an image to redraw"),
        (["a", "--init-img", "none.png"], "none.png: no picture that can be read"),
        (["a", "--count", "2", "--n_iter", "2"], "--count 2 and --n_samples or --n_iter"),
        (["a", "--outdir", "o", "-o", "x.png"], "give one of them"),
        (["a", "--outdir", "o", "--skip_grid", "--skip_save"], "leave nothing to write"),
    ],
)
def test_what_contradicts_itself_is_told(run: Run, tmp_path: Path, words: list[str], said: str) -> None:
    code, _, err = run("still", *words)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert not list(tmp_path.rglob("*.png"))


def test_an_image_that_brings_its_own_size_is_told_which_size_suits_the_model(run: Run, tmp_path: Path) -> None:
    """There is no --width to leave out: the scripts took the image's."""
    picture(tmp_path / "large.png", (256, 256))
    few = ("--init-img", "large.png", "--steps", "2", "--strength", "0.5", "--no-store")
    code, _, err = run("still", "a tree", *few, "--scale", "2", "--n_samples", "1", "--skip_grid", "--outdir", "out")
    assert (code, pixels(tmp_path / "out/samples/00000.png").shape) == (0, (256, 256, 3))
    assert "256 x 256 pixels, and" in err
    assert "; say --width 64 --height 64, or take another model" in err
    code, _, err = run("still", "a tree", *few, "-o", "a.png")
    assert (code, pixels(tmp_path / "a.png").shape, "trained on" in err) == (0, (64, 64, 3), False)

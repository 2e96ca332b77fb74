"""The built-in model: its folder, what it draws, and the program that makes it."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scenes
import torch
from conftest import Run
from diffusers import StableDiffusionPipeline
from test_video import read

import animate
from animate import Sampling, load_model, still
from animate.models import catalog
from animate.models.unet import UNetModel

FOLDER = Path(catalog.CATALOG["sprout"].where)
TRAIN = Path(__file__).parent.parent / "examples" / "sprout" / "train.py"


@pytest.fixture(scope="module")
def sprout() -> UNetModel:
    model = load_model("sprout", device="cpu")
    assert isinstance(model, UNetModel)
    return model


def share(image: np.ndarray, dominant: int) -> float:
    """Of pixels in which one channel stands out."""
    others = [channel for channel in range(3) if channel != dominant]
    levels = image.astype(int)
    return float((levels[..., dominant] > levels[..., others].max(-1) + 40).mean())


def test_it_is_small_and_carries_its_card() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40e6
    assert max(path.stat().st_size for path in files) <= 15e6
    assert (FOLDER / "README.md").read_text().startswith("---\nlicense: apache-2.0")
    assert not [path for path in files if path.suffix in (".bin", ".pt", ".ckpt")], "nothing pickled"


@pytest.mark.filterwarnings("ignore:Expected types for vae")
def test_diffusers_opens_it_and_draws_the_same(sprout: UNetModel) -> None:
    pipe = StableDiffusionPipeline.from_pretrained(FOLDER, low_cpu_mem_usage=False)
    pipe.set_progress_bar_config(disable=True)
    noise = sprout.noise(8, 128, 128)[None]
    theirs = pipe("a red house", latents=noise, num_inference_steps=6, guidance_scale=3.0, output_type="np").images[0]
    ours = still("a red house", sprout, seed=8, sampling=Sampling(steps=6, guidance=3.0))
    assert np.abs(ours.astype(int) - np.round(theirs * 255).astype(int)).max() <= 1


def test_the_readmes_first_command_makes_a_growing_tree(run: Run) -> None:
    code, out, err = run("--from", "a seed", "--to", "a tree", "--frames", "24", "--model", "sprout")
    assert (code, out, err) == (0, "renders/a-seed-to-a-tree.mp4\n", "")
    film = read(Path("renders/a-seed-to-a-tree.mp4"), (128, 128))
    assert film.shape == (24, 128, 128, 3)
    levels = film[:, 16:72].astype(int)
    crown = (levels[..., 1] > levels[..., 2]).mean((1, 2))
    assert crown[-1] > crown[0] + 0.1, "leaves where there was sky"
    steps = np.abs(np.diff(film.astype(float), axis=0)).mean((1, 2, 3))
    assert steps.max() <= 8 * np.median(steps), "no hard cut"


@pytest.mark.parametrize(("prompt", "channel"), [("a red house", 0), ("a red mushroom", 0), ("a blue house", 2), ("a blue flower", 2)])
def test_colours_are_what_was_said(sprout: UNetModel, prompt: str, channel: int) -> None:
    plain = prompt.replace("red", "white").replace("blue", "white")
    middle = (slice(32, 116), slice(28, 100))
    said = [share(still(prompt, sprout, seed=seed)[middle], channel) for seed in range(4)]
    white = [share(still(plain, sprout, seed=seed)[middle], channel) for seed in range(4)]
    assert np.mean(said) > np.mean(white) + 0.05


def test_night_is_dark_and_winter_is_pale(sprout: UNetModel) -> None:
    day, night, winter = (
        np.mean([still(f"a tree{when}", sprout, seed=seed).mean() for seed in range(3)]) for when in ("", " at night", " in winter")
    )
    assert night < 0.6 * day < day < winter


def test_scenes_are_the_same_for_the_same_seed() -> None:
    first, second = (scenes.sample(np.random.default_rng(3), 64) for _ in range(2))
    assert first.caption == second.caption
    assert np.array_equal(first.image, second.image)


def test_every_subject_can_be_drawn_everywhere_and_named() -> None:
    rng = np.random.default_rng(0)
    for subject in scenes.SUBJECTS:
        for setting in scenes.SETTINGS:
            scene = scenes.Scene(subject, "red", setting, variation=1)
            assert scenes.draw(scenes.sketch(scene), 64).std() > 10
            said = scenes.caption(scene, rng)
            assert "red" in said
            assert any(name in said for name in scenes.SUBJECTS[subject].names)


def test_a_blend_of_scenes_begins_and_ends_as_they_do() -> None:
    a, b = (scenes.sketch(scenes.Scene(subject, None, setting, variation=7)) for subject, setting in (("seed", "day"), ("tree", "night")))
    for mix, end in ((0.0, a), (1.0, b)):
        blended = scenes.between(a, b, mix)
        assert np.array_equal(scenes.draw(blended, 64), scenes.draw(end, 64))
    steps = [scenes.draw(scenes.between(a, b, mix), 64).astype(float) for mix in np.linspace(0, 1, 13)]
    moved = [np.abs(x - y).mean() for x, y in pairwise(steps)]
    assert max(moved) < 4 * np.median(moved)


def test_training_runs_and_goes_on_from_where_it_was(tmp_path: Path) -> None:
    """At toy scale, the whole way: pictures, VAE, denoiser, a folder that loads; then again from that folder's weights."""
    command = [sys.executable, str(TRAIN), "--work", str(tmp_path / "work"), "--out", str(tmp_path / "model"), "--device", "cpu", "--size", "64",
               "--pictures", "32", "--batch", "2", "--workers", "1", "--vae-steps", "2", "--word-steps", "2"]  # fmt: skip
    for steps, said in (("2", "encoded 32"), ("3", "going on from step 2")):
        done = subprocess.run([*command, "--unet-steps", steps], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert said in done.stderr
    assert torch.load(tmp_path / "work" / "denoiser.pt")["step"] == 3
    model = load_model(str(tmp_path / "model"), device="cpu")
    assert animate.still("a seed", model, sampling=Sampling(steps=2)).shape == (64, 64, 3)

"""The built-in model: its folder, what it draws, and the program that makes it."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

import animate
import evaluate
import quick
import scenes
import vae
from animate import Sampling, load_model, still
from animate.models.families.unet import UNetModel
from animate.models.weights import catalog
from children import Child, python
from conftest import Run, StartChild
from job import VOCABULARY, Job
from subjects import SUBJECTS
from test_writers import read
from words import FILLER, THINGS
from worlds import PLACES

FOLDER = Path(catalog.CATALOG["sprout"].where)
TRAIN = Path(__file__).parent.parent / "examples" / "sprout" / "train.py"
COARSE = Sampling(steps=6)  # half of what it takes: colour and light are decided early


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
    assert sum(path.stat().st_size for path in files) <= 48e6
    assert max(path.stat().st_size for path in files) <= 15e6
    assert (FOLDER / "README.md").read_text().startswith("---\nlicense: apache-2.0")
    assert not [path for path in files if path.suffix in (".bin", ".pt", ".ckpt")], "nothing pickled"


@pytest.mark.filterwarnings("ignore:Expected types for vae")
def test_diffusers_opens_it_and_draws_the_same(sprout: UNetModel) -> None:
    pipe = StableDiffusionPipeline.from_pretrained(FOLDER, low_cpu_mem_usage=False)
    pipe.set_progress_bar_config(disable=True)
    noise = sprout.noise(8, 128, 128)
    theirs = pipe("a red house", latents=noise, num_inference_steps=6, guidance_scale=3.0, output_type="np").images[0]
    ours = still("a red house", sprout, seed=8, sampling=Sampling(steps=6, guidance=3.0))
    assert np.abs(ours.astype(int) - np.round(theirs * 255).astype(int)).max() <= 1


def test_the_readmes_first_command_makes_a_growing_tree(run: Run) -> None:
    """Over ten seconds: it is the first thing that a newcomer does, and done here to the letter."""
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
    coloured, white = (
        np.mean([share(still(text, sprout, seed=seed, sampling=COARSE)[middle], channel) for seed in range(4)]) for text in (prompt, plain)
    )
    assert coloured > white + 0.05


def test_night_is_dark_and_winter_is_pale(sprout: UNetModel) -> None:
    day, night, winter = (
        np.mean([still(f"a tree{when}", sprout, seed=seed, sampling=COARSE).mean() for seed in range(3)]) for when in ("", " at night", " in winter")
    )
    assert night < 0.6 * day < day < winter


def test_scenes_are_the_same_for_the_same_seed() -> None:
    first, second = (scenes.sample(np.random.default_rng(3), 64) for _ in range(2))
    assert first.caption == second.caption
    assert np.array_equal(first.image, second.image)


@pytest.mark.parametrize("subject", scenes.ALL)
def test_every_subject_can_be_drawn_everywhere_and_named(subject: str) -> None:
    rng = np.random.default_rng(0)
    for place in (None, *PLACES):
        scene = scenes.Scene(subject, None if subject == scenes.SCENERY else "red", place, "night", "winter", variation=1)
        assert scenes.draw(scenes.sketch(scene), 64).std() > 10
        said = scenes.caption(scene, rng)
        if subject != scenes.SCENERY:
            assert "red" in said
            assert any(name in said for name in SUBJECTS[subject].names)


def test_captions_say_what_is_drawn() -> None:
    scene = scenes.Scene("house", "blue", "forest", "night", "rain", 2)
    for seed in range(50):
        said = scenes.caption(scene, np.random.default_rng(seed))
        for words in (SUBJECTS["house"].plurals, scenes.TIME_WORDS["night"], scenes.COUNT_WORDS[2], ("forest", "woods"), ("rain", "rainy"), ["blue"]):
            assert any(word in said for word in words), said
        assert set(said.replace(",", "").split()) <= scenes.vocabulary(scenes.CORE) | set(FILLER)


def test_the_vocabulary_is_what_training_would_write(tmp_path: Path) -> None:
    job = Job(tmp_path, FOLDER, "cpu", 128, "core", 0, 0, 0, 0, 0.0, 0, 0, False, 0)
    assert job.goes_on, "otherwise it would begin anew, and not go on from these weights"
    said = json.loads((FOLDER / VOCABULARY).read_text())
    assert not {*said["idle"]} & {*said["unseen"]}
    assert {"dog", "river"} <= {*said["unseen"]} <= THINGS <= {*FILLER}


def test_things_that_sprout_passes_over_are_told_and_looks_are_not(sprout: UNetModel) -> None:
    assert sprout.text.warnings(["a beautiful tree, highly detailed", "an old house, oil painting"]) == []
    (line,) = sprout.text.warnings(["a dog", "a girl in the garden", "a tree"])
    assert line == 'sprout does not know dog, girl, garden; nothing of "a dog", "a girl in the garden" will show; animate models lists what it knows'


def test_series_have_stages_in_order_and_one_function() -> None:
    series = {subject.series for subject in SUBJECTS.values() if subject.series}
    assert len(series) >= 9
    for name in series:
        stages = [subject for subject in SUBJECTS.values() if subject.series == name]
        assert [subject.stage for subject in stages] == [*range(len(stages))]
        assert len({subject.draw for subject in stages}) == 1


def test_what_is_held_out_is_never_trained_on() -> None:
    rng = np.random.default_rng(1)
    drawn = [scenes.random_scene(rng, scenes.CORE) for _ in range(2000)]
    kept = [scene for scene in drawn if scene.held_out]
    assert 0.05 < len(kept) / sum(scene.said >= 2 for scene in drawn) < 0.25
    assert not any(scene.held_out for scene in drawn if scene.said < 2), "plain prompts are trained on"
    again = [replace(scene, variation=7) for scene in kept]
    assert all(scene.held_out for scene in again), "it is the combination that is held out, not a picture"
    assert not any(scenes.seen_scene(rng, scenes.CORE).held_out for _ in range(500))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (scenes.Scene("seed"), scenes.Scene("tree", time="night")),
        (scenes.Scene("egg"), scenes.Scene("hen", place="beach")),
        (scenes.Scene("tent"), scenes.Scene("castle", weather="winter")),
        (scenes.Scene("car", "red"), scenes.Scene("car", "blue", place="city", count=3)),
    ],
)
def test_a_blend_of_scenes_begins_and_ends_as_they_do(first: scenes.Scene, second: scenes.Scene) -> None:
    a, b = (scenes.sketch(replace(scene, variation=7)) for scene in (first, second))
    for mix, end in ((0.0, a), (1.0, b)):
        assert np.array_equal(scenes.draw(scenes.between(a, b, mix), 64), scenes.draw(end, 64))
    steps = [scenes.draw(scenes.between(a, b, mix), 64).astype(float) for mix in np.linspace(0, 1, 25)]
    moved = [np.abs(x - y).mean() for x, y in pairwise(steps)]
    assert max(moved) < 5 * np.median(moved), "nothing jumps on the way"


TOY = ("--device", "cpu", "--workers", "1", "--size", "64", "--pictures", "32", "--batch", "2", "--crops", "4", "--vae-steps", "2",
       "--word-steps", "2", "--no-compile")  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two steps of training leave: work/ (checkpoints, pictures) and model/."""
    folder = tmp_path_factory.mktemp("trained")
    done = Child(folder, python, str(TRAIN), *TOY, *places(folder), "--unet-steps", "2").wait()
    assert done.returncode == 0, done.stderr
    assert "encoded 32" in done.stderr
    return folder


def places(folder: Path) -> tuple[str, ...]:
    return "--work", str(folder / "work"), "--out", str(folder / "model")


def test_training_goes_on_from_where_it_was(trained: Path, tmp_path: Path, child: StartChild) -> None:
    """At toy scale, the whole way: pictures, VAE, denoiser, a folder that loads."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    done = child(python, str(TRAIN), *TOY, *places(tmp_path), "--unet-steps", "3").wait()
    assert done.returncode == 0, done.stderr
    assert "going on from step 2" in done.stderr
    assert torch.load(tmp_path / "work" / "64-core" / "unet.pt")["step"] == 3
    model = load_model(str(tmp_path / "model"), device="cpu")
    assert animate.still("a seed", model, sampling=Sampling(steps=2)).shape == (64, 64, 3)


def test_the_vae_goes_on_from_committed_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine whose work folder is empty."""
    first, other = (Job(tmp_path / name, FOLDER, "cpu", 64, "core", 0, 9, 0, 0, 0.0, 0, 0, False, 0) for name in ("first", "other"))
    monkeypatch.setattr(vae, "CHECKPOINTS", first.kept)
    made = vae.begun(first)
    made.step = 7
    made.keep(first)
    again = vae.begun(other)
    assert (again.step, again.began) == (7, 7), "the optimizer is new, and warms up"
    for name, value in made.average.state_dict().items():
        assert torch.equal(again.vae.state_dict()[name], value.half().float())
    assert vae.begun(first).began == 0, "its own checkpoint comes first"


def test_the_committed_weights_are_of_this_vae(tmp_path: Path) -> None:
    """Small, and good enough to go on from."""
    (file,) = vae.CHECKPOINTS.iterdir()
    assert file.stat().st_size <= 4e6
    job = Job(tmp_path, FOLDER, "cpu", 256, "core", 0, 0, 0, 0, 0.0, 0, 0, False, 0)
    begun = vae.begun(job)
    assert begun.step > 0
    assert vae.side_of_latents(begun.vae, 256) == 32
    assert vae.psnr(job, begun.vae, vae.fresh_pictures(job, 4)) > 31


def test_the_vae_in_less_arithmetic_is_the_vae() -> None:
    """Up to the border, where the two differ most easily; in bf16, too, as on a GPU."""
    made, true = vae.new_vae(), 2 * torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0)) - 1
    with torch.no_grad():
        latents = made.encode(true).latents
        whole = made.decode(latents).sample
        assert torch.allclose(quick.encode(made, true), latents, atol=1e-5)
        assert torch.allclose(quick.decode(made, latents), whole, atol=1e-5)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.allclose(quick.decode(made, quick.encode(made, true)).float(), whole, atol=0.05)


def test_training_goes_on_from_the_saved_model_and_is_judged(trained: Path, tmp_path: Path, child: StartChild) -> None:
    """Without a checkpoint, from the weights in --out; then evaluate.py's whole way at toy scale, card included."""
    shutil.copytree(trained / "model", tmp_path / "model")
    again = child(python, str(TRAIN), *TOY, *places(tmp_path), "--unet-steps", "1").wait()
    assert again.returncode == 0, again.stderr
    assert "going on from the weights in" in again.stderr
    shutil.copy(FOLDER / "README.md", tmp_path / "model" / "README.md")
    few = ("--pictures", "100", "--count", "12", "--few", "2", "--pairs", "2", "--device", "cpu", "--workers", "1")
    done = child(judge_few_steps, "--work", str(tmp_path / "work"), "--model", str(tmp_path / "model"), *few).wait()
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "model" / "README.md").read_text()
    assert done.stdout.strip() in card
    assert "12 pictures of held-out combinations of attributes, 2 steps" in card


def judge_few_steps(*arguments: str) -> None:
    """In a child: evaluate.py, with pictures of one and two steps."""
    vars(evaluate).update(STEPS=(1, 2), CATALOG={"sprout": replace(catalog.CATALOG["sprout"], steps=2)})
    sys.argv = ["evaluate.py", *arguments]
    evaluate.main()

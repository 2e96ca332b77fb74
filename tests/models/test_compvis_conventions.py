"""Pictures by CompVis's conventions are those of the scripts of 2022: numbers against a second writing of their loops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from animate import AnimateError, Sampling, Storyboard, render, still
from animate.models.base import Conditioning, Denoising
from animate.models.families.unet import UNetModel
from animate.models.parts import samplers, text
from animate.plan.cel import Blend, Cel, Endpoint
from animate.story.conventions import COMPVIS, DIFFUSERS
from conftest import Work
from scripts_of_2022 import Script
from test_images import picture

NAMES = {"ddim": "ddim", "plms": "pndm"}
PROMPT = "a red tree at night"
# Theirs count alphas in double precision, diffusers in single, and our two halves of the guidance go in one batch.
CLOSE = 2e-4


def close(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    return bool((ours - theirs).abs().max() <= CLOSE * theirs.abs().max())


def by_compvis(**settings: object) -> Sampling:
    return Sampling.model_validate({"conventions": COMPVIS, **settings})


@pytest.mark.parametrize("steps", [10, 12, 15, 50])
@pytest.mark.parametrize(("sampler", "eta"), [("ddim", 0.0), ("ddim", 0.7), ("plms", 0.0)])
@pytest.mark.parametrize("scale", [7.5, 1.0, 0.4, 0.0])
def test_from_noise(tiny: UNetModel, sampler: str, eta: float, steps: int, scale: float) -> None:
    theirs = Script(tiny, PROMPT, 42, steps, scale, eta).txt2img(sampler)
    how = Denoising(NAMES[sampler], steps, eta=eta, conventions=COMPVIS)
    drawn = tiny.noise(42, 64, 64, 1 + samplers.noise_draws(how.sampler, how.step_count, eta))[None]
    texts = [Conditioning.batch([tiny.embed(prompt, plain=True)]) for prompt in (PROMPT, "")]
    ours = tiny.denoise(drawn[:, 0], drawn[:, 1:], texts[0], texts[1], torch.tensor([scale]), how)[:, -1]
    assert close(ours, theirs)


@pytest.mark.parametrize("steps", [10, 12, 15, 50])
@pytest.mark.parametrize(("strength", "eta"), [(0.75, 0.0), (0.58, 0.0), (0.58, 0.5), (0.2, 0.0)])
def test_from_an_image(tiny: UNetModel, tmp_path: Path, steps: int, strength: float, eta: float) -> None:
    """The sample of the VAE, the noise one level higher, the number of steps and the order of draws."""
    path = picture(tmp_path / "sketch.png", (64, 64))
    script = Script(tiny, PROMPT, 42, steps, 5.0, eta)
    expected = script.shown(script.img2img(np.asarray(pixels_of(path)), strength)).astype(int)
    sampling = by_compvis(steps=steps, guidance=5.0, sampler="ddim", eta=eta)
    ours = still(PROMPT, tiny, image=path, strength=strength, sampling=sampling, seed=42).astype(int)
    assert np.abs(ours - expected).max() <= 1
    by_diffusers = still(PROMPT, tiny, image=path, strength=strength, sampling=sampling.model_copy(update={"conventions": DIFFUSERS}), seed=42)
    assert np.abs(by_diffusers.astype(int) - expected).max() > 1, "it makes a difference"


def pixels_of(path: str) -> np.ndarray:
    from animate.media import images

    return images.read(path, 64, 64)


@pytest.mark.parametrize(("strength", "steps", "calls"), [(0.58, 50, 28), (1.0, 50, 50), (0.75, 12, 9), (1.0, 12, 12)])
def test_so_many_steps_are_done(tiny: UNetModel, tmp_path: Path, work: Work, strength: float, steps: int, calls: int) -> None:
    path = picture(tmp_path / "sketch.png", (64, 64))
    still("a tree", tiny, image=path, strength=strength, sampling=by_compvis(steps=steps, guidance=1.0, sampler="ddim"))
    assert work.calls == calls


def test_all_of_an_image_redrawn_is_a_picture_from_noise(tiny: UNetModel, tmp_path: Path) -> None:
    """Where the table has no level above its first. Their script fails there; its help says that nothing of the image is left."""
    path = picture(tmp_path / "sketch.png", (64, 64))
    sampling = by_compvis(steps=10, guidance=5.0, sampler="ddim")
    ours = still(PROMPT, tiny, image=path, strength=1.0, sampling=sampling, seed=42)
    script = Script(tiny, PROMPT, 42, 10, 5.0)
    script.drawn((1, 4, 8, 8))  # the image's own
    assert np.abs(ours.astype(int) - script.shown(script.txt2img("ddim")).astype(int)).max() <= 1


@pytest.mark.parametrize(
    "prompt", ["a (red:1.3) tree, [seed]", "((a tree)) BREAK a house", r"a \(tree\) ) (", "a red seed in a house " * 30, "", "a, tree"]
)
def test_prompts_are_read_as_they_are_written(tiny: UNetModel, prompt: str) -> None:
    script = Script(tiny, prompt, 0, 10, 1.0)
    assert torch.equal(tiny.embed(prompt, plain=True).tensors["prompt_embeds"], script.texts[1][0])


def test_what_is_not_read_of_a_long_prompt_is_told(tiny: UNetModel) -> None:
    (line,) = tiny.text.warnings(["a seed " * 50], plain=True)
    assert line.endswith("is 100 tokens long: the first 75 are read, as by CompVis's scripts")
    assert tiny.text.warnings(["a (tree:99) BREAK"], plain=True) == [], "no weight, so none that is too large"
    with pytest.raises(AnimateError, match="99 is no weight"):
        tiny.text.warnings(["a (tree:99) BREAK"])
    assert text.parse(text.plainly("a (tree:99) [b]")) == (text.Weighted("a (tree:99) [b]", 1.0),)


@pytest.mark.parametrize("sampler", samplers.SAMPLERS)
def test_every_sampler_draws_by_these_conventions(tiny: UNetModel, tmp_path: Path, sampler: str) -> None:
    """Those that the scripts did not have keep their own levels, from noise and from an image."""
    path, sampling = picture(tmp_path / "sketch.png", (64, 64)), by_compvis(steps=6, guidance=3.0, sampler=sampler)
    whole = still("a tree", tiny, sampling=sampling)
    ordinary = still("a tree", tiny, sampling=sampling.model_copy(update={"conventions": DIFFUSERS}))
    assert (np.abs(whole.astype(int) - ordinary).max() > 1) == (sampler in NAMES.values()), "6 steps are 7 of them"
    assert still("a tree", tiny, image=path, strength=0.5, sampling=sampling).shape == (64, 64, 3)


@pytest.mark.parametrize("settings", [{}, {"sharing": 0.6}, {"sharing": 0.6, "branching": "trunk"}])
def test_films_too(tiny: UNetModel, settings: dict[str, object]) -> None:
    sampling = by_compvis(steps=12, guidance=0.5, sampler="ddim", **settings)
    story = Storyboard.of("a (seed)", "a tree", frames=5, pace="linear", sampling=sampling)
    frames = list(render(story, tiny))
    if "branching" not in settings:
        stills = [still(prompt, tiny, sampling=sampling, batch_size=4) for prompt in ("a (seed)", "a tree")]
        assert [np.array_equal(frames[at], end) for at, end in zip((0, -1), stills, strict=True)] == [True, True]
    assert len(frames) == 5


def test_fed_back_films_redraw_the_share_of_their_steps(tiny: UNetModel, work: Work) -> None:
    sampling = by_compvis(steps=12, guidance=1.0, sampler="ddim")
    list(render(Storyboard.of("a seed", "a tree", frames=3, pace="linear", feedback=0.5, sampling=sampling), tiny))
    assert work.calls == 2 * 13 + 2 * 6, "the stills of both ends, and two pictures more"


CEL = Cel(Blend(Endpoint("a", "", 0, 7.5), Endpoint("a", "", 0, 7.5), 0), 12, "ddim", 64, 64)


def test_pictures_by_other_conventions_are_other_cels() -> None:
    assert replace(CEL, conventions=COMPVIS).key != CEL.key
    assert replace(CEL, conventions=DIFFUSERS).key == CEL.key, "and those that are stored already stay"
    assert (CEL.step_count, replace(CEL, conventions=COMPVIS).step_count, replace(CEL, conventions=COMPVIS).end) == (12, 13, 13)


def test_models_of_other_levels_are_refused() -> None:
    config = dict(samplers.scheduler("ddim", {"num_train_timesteps": 400}).config)
    with pytest.raises(AnimateError, match="a model of 400 noise levels; CompVis's conventions are for 1000"):
        samplers.scheduled("ddim", config, 12, COMPVIS)
    assert len(samplers.scheduled("ddim", config, 12).timesteps) == 12

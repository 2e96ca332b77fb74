"""The promises of a film, on a tiny model: exact frames, exact ends, closed loops, same recipe same pixels, flat memory."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny

from animate import AnimateError, AnimateWarning, Keyframe, Sampling, Storyboard, load_model, render, sheet, still
from animate.draw.engine import WINDOW
from animate.film.film import resolve
from animate.models.families.unet import UNetModel
from children import python
from conftest import StartChild, tiny_pipeline

FEW = Sampling(steps=3, guidance=2.0)


def film(model: UNetModel, *prompts: str, frames: int = 7, only: range | None = None, **settings: Any) -> list[np.ndarray]:
    return list(render(Storyboard.of(*prompts, frames=frames, sampling=FEW, **{"pace": "linear", **settings}), model, frames=only))


def test_a_film_has_exactly_its_frames(tiny: UNetModel) -> None:
    made = film(tiny, "a seed", "a tree")
    assert len(made) == 7
    assert all(image.shape == (64, 64, 3) and image.dtype == np.uint8 for image in made)
    assert len({image.tobytes() for image in made}) == 7


@pytest.mark.parametrize("batch_size", [1, 4])
def test_ends_are_the_stills_bit_for_bit_under_equal_batch_sizes(tiny_folder: Path, batch_size: int) -> None:
    model = load_model(str(tiny_folder), device="cpu", batch_size=batch_size)
    assert isinstance(model, UNetModel)
    made = film(model, "a seed", "a tree", seed=8)
    assert np.array_equal(made[0], still("a seed", model, batch_size, seed=8, sampling=FEW))
    assert np.array_equal(made[-1], still("a tree", model, batch_size, seed=8, sampling=FEW))


def test_ends_are_the_stills_within_a_grey_level_under_other_batch_sizes(tiny: UNetModel) -> None:
    made = film(tiny, "a seed", "a tree")
    for image, prompt in ((made[0], "a seed"), (made[-1], "a tree")):
        assert np.abs(image.astype(int) - still(prompt, tiny, sampling=FEW).astype(int)).max() <= 1


def test_part_of_a_film_has_the_pixels_of_the_whole(tiny: UNetModel) -> None:
    whole = film(tiny, "a seed", "a tree", frames=20)
    part = film(tiny, "a seed", "a tree", frames=20, only=range(10, 14))
    assert len(part) == 4
    assert all(np.array_equal(a, b) for a, b in zip(part, whole[10:14], strict=True))


def test_same_storyboard_same_pixels(tiny: UNetModel) -> None:
    again = [film(tiny, "a seed", "a tree", "the night") for _ in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(*again, strict=True))


@pytest.mark.parametrize("prompts", [("a seed", "a tree", "the night"), ("a seed",)])
def test_a_cycle_closes_with_a_step_like_any_other(tiny: UNetModel, prompts: tuple[str, ...]) -> None:
    made = np.array(film(tiny, *prompts, frames=24, loop="cycle")).astype(float)
    steps = np.abs(np.roll(made, -1, axis=0) - made).mean((1, 2, 3))
    assert steps.min() > 0
    assert steps[-1] <= 1.5 * np.median(steps)
    assert steps.max() <= 3 * np.median(steps)


def test_seeds_of_keyframes_are_blended_on_the_way(tiny: UNetModel) -> None:
    keys = (Keyframe(prompt="a seed", seed=1), Keyframe(prompt="a seed", seed=2))
    made = list(render(Storyboard(keyframes=keys, frames=7, sampling=FEW), tiny))
    for image, seed in ((made[0], 1), (made[-1], 2)):
        assert np.abs(image.astype(int) - still("a seed", tiny, seed=seed, sampling=FEW).astype(int)).max() <= 1
    assert len({image.tobytes() for image in made}) == 7


def test_nothing_is_drawn_twice_and_nothing_before_it_is_asked_for(tiny: UNetModel, work: Any) -> None:
    images = render(Storyboard.of("a seed", "a tree", frames=24, loop="bounce", pace="linear", sampling=FEW), tiny)
    assert work.samples == 0
    next(images)
    assert 2 * 3 * 4 <= work.samples <= (1 + WINDOW) * 2 * 3 * 4, "a batch of four, guided, three steps, and those in flight"
    assert len(list(images)) == 23
    assert work.samples == 2 * 3 * 16, "13 cels in batches of four"


def test_a_held_picture_is_drawn_and_decoded_once(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    decode = tiny.decode

    def counted(latents: torch.Tensor) -> np.ndarray:
        decoded.append(len(latents))
        return decode(latents)

    monkeypatch.setattr(tiny, "decode", counted)
    keys = (Keyframe(prompt="a seed", hold=5), Keyframe(prompt="a tree", hold=3))
    assert len(list(render(Storyboard(keyframes=keys, frames=12, pace="linear", sampling=FEW), tiny))) == 12
    assert sum(decoded) == 4


def test_negative_guidance_size_and_style_reach_the_picture(tiny: UNetModel) -> None:
    plain = still("a tree", tiny, sampling=FEW)
    changes: list[dict[str, Any]] = [{"negative": "red"}, {"style": "photo"}, {"seed": 1}, {"sampling": Sampling(steps=3, guidance=9.0)}]
    for change in changes:
        assert not np.array_equal(plain, still("a tree", tiny, **{"sampling": FEW, **change}))
    assert still("a tree", tiny, sampling=FEW, width=96, height=48).shape == (48, 96, 3)


def test_held_pictures_cannot_be_painted_over(tiny: UNetModel) -> None:
    image = next(render(Storyboard.of("a seed", "a tree", pace="linear", sampling=FEW), tiny))
    with pytest.raises(ValueError, match="read-only"):
        image[:] = 0


def test_a_sheet_shows_the_keyframes(tiny: UNetModel) -> None:
    made = list(sheet(Storyboard.of("a seed", "a tree", pace="linear", sampling=FEW), tiny))
    assert np.array_equal(made[1], still("a tree", tiny, sampling=FEW))


def test_what_cannot_work_is_said_before_anything_is_drawn(tiny: UNetModel, work: Any) -> None:
    with pytest.raises(AnimateError, match="do not fit"):
        render(Storyboard.of("a", "b", "c", frames=2), tiny)
    with pytest.raises(AnimateError, match="sampler"):
        render(Storyboard.of("a", "b", pace="linear", sampling=Sampling(sampler="magic")), tiny)
    with pytest.raises(AnimateError, match="allowed are 0 to 6"):
        film(tiny, "a", "b", only=range(5, 9))
    with pytest.raises(AnimateError, match=r"frame 7: allowed are 0 to 6"):
        film(tiny, "a", "b", only=range(7, 8))
    with pytest.raises(AnimateError, match="choose one with --sampler: ddim"):
        resolve(Storyboard.of("a", "b"), replace(tiny.defaults, sampler="LCMScheduler"))
    with pytest.raises(AnimateError, match="empty prompt"):
        still(" ", tiny)
    assert work.samples == 0


def test_prompts_that_are_not_understood_warn_once(tiny: UNetModel) -> None:
    with pytest.warns(AnimateWarning, match="letter by letter") as warned:
        render(Storyboard.of("\u79cd\u5b50", "\u79cd\u5b50", pace="linear", sampling=FEW), tiny)
    assert len(warned) == 1


def test_memory_does_not_grow_with_the_film(tmp_path: Path, child: StartChild) -> None:
    """Peak resident memory of the process and its ffmpeg: 2,000 frames within 20 MB of 100. Their images alone would be 25 MB.

    Over ten seconds: 4,200 frames are drawn and encoded. The VAE is one that decodes quickly.
    """
    pipe, eights = tiny_pipeline(), (8, 8, 8, 8)
    pipe.vae = AutoencoderTiny(
        encoder_block_out_channels=eights, decoder_block_out_channels=eights, num_encoder_blocks=(1,) * 4, num_decoder_blocks=(1,) * 4
    )
    pipe.save_pretrained(tmp_path / "model")
    script, films = Path(__file__).parent.parent / "benchmarks" / "memory.py", [str(tmp_path / f"film{suffix}") for suffix in (".mp4", ".gif")]
    done = child(python, str(script), "--model", str(tmp_path / "model"), "--output", *films, "--frames", "100", "2000").wait()
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout.splitlines()[-1])
    assert [film["frames"] for film in measured] == [100, 2000, 100, 2000]
    for short, long in (measured[:2], measured[2:]):
        assert long["peak_mb"] - short["peak_mb"] < 20

"""Fast films: nearly the pictures of the full film, for less work, and as reliable: parts, what is kept, several at once, lack of memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from animate import AnimateError, Store, Storyboard, load_model, render, render_together, still
from animate.draw import features
from animate.film.film import resolve
from animate.models.base import Defaults
from animate.models.families.unet import UNetModel
from animate.pixels import Image
from conftest import Run

STEPS = 12
FAST = {"fast": True, "steps": STEPS, "guidance": 2.0, "sampler": "ddim"}


def story(*keys: Any, fast: bool = True, **settings: Any) -> Storyboard:
    return Storyboard.of(*(keys or ("a seed", "a tree")), **{"frames": 18, "pace": "linear", "sampling": FAST | {"fast": fast}, **settings})


def equal(first: Sequence[Image], second: Sequence[Image]) -> bool:
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@dataclass
class Halves:
    """Samples of the shallow half of a UNet, and of the deep one."""

    shallow: int = 0
    deep: int = 0


@pytest.fixture
def halves(tiny: UNetModel) -> Iterator[Halves]:
    counted = Halves()

    def count(name: str) -> Any:
        return lambda module, given: setattr(counted, name, getattr(counted, name) + len(given[0]))

    hooks = [tiny.unet.conv_in.register_forward_pre_hook(count("shallow")), tiny.unet.mid_block.register_forward_pre_hook(count("deep"))]
    yield counted
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("pace", ["linear", "even"])
def test_a_fast_film_costs_its_anchors_and_the_shallow_half_of_the_rest(pace: Any, tiny: UNetModel, halves: Halves) -> None:
    """24 frames: 8 anchors; guidance at every second step, so three samples in two steps."""
    assert len([*render(story(frames=24, pace=pace), tiny)]) == 24
    probes = 16 * (STEPS // 4) if pace == "even" else 0
    assert halves == Halves(24 * STEPS * 3 // 2 + probes, 8 * STEPS * 3 // 2 + probes)


@pytest.mark.parametrize(("frames", "share"), [(9, 0.9), (33, 0.45), (129, 0.3)])
def test_the_longer_a_segment_the_less_a_picture_costs(frames: int, share: float, tiny: UNetModel, halves: Halves) -> None:
    """Padding counted, in batches of four; the shallow half of sprout takes 29 % of its UNet."""
    assert len([*render(story(frames=frames), tiny)]) == frames
    cost = 0.29 * halves.shallow + 0.71 * halves.deep
    assert cost <= share * frames * STEPS * 2


def test_any_part_of_a_fast_film_is_as_in_the_whole(tiny: UNetModel) -> None:
    whole = [*render(story(), tiny)]
    for frames in (range(5), [17, 3, 3, 11], [8]):
        assert equal([*render(story(), tiny, frames=frames)], [whole[frame] for frame in frames])


def test_its_ends_are_the_stills(tiny: UNetModel) -> None:
    film = [*render(story(), tiny)]
    for prompt, frame in (("a seed", 0), ("a tree", 17)):
        assert np.array_equal(still(prompt, tiny, batch_size=4, sampling=FAST), film[frame])


def test_a_fast_film_goes_on_where_it_was_left(tiny: UNetModel, tmp_path: Path, halves: Halves) -> None:
    whole = [*render(story(), tiny)]
    before = halves.deep
    store = Store(tmp_path)
    with render(story(), tiny, store=store) as images:
        begun = [next(images) for _ in range(7)]
    assert equal(begun, whole[:7])
    assert equal([*render(story(), tiny, store=store)], whole)
    halves.deep = 0
    assert equal([*render(story(), tiny, store=store)], whole)
    assert halves.deep == 0 < before


LONG = " ".join(["a red tree in winter"] * 20)  # of several chunks
FILMS = {
    "plain": story(),
    "prompts of several lengths": story("a seed", LONG),
    "guidance of keyframes": story({"prompt": "a seed", "guidance": 1.0}, {"prompt": "a tree", "guidance": 3.0}, frames=40),
}


@pytest.mark.filterwarnings("ignore::animate.AnimateWarning")
@pytest.mark.parametrize("film", FILMS.values(), ids=[*FILMS])
def test_features_that_were_forgotten_are_made_again_and_are_the_same(
    film: Storyboard, tiny: UNetModel, monkeypatch: pytest.MonkeyPatch, halves: Halves
) -> None:
    whole, cost = [*render(film, tiny)], halves.deep
    halves.deep = 0
    monkeypatch.setattr(features.FeatureMemory, "remember", forgetful(features.FeatureMemory.remember))
    assert equal([*render(film, tiny)], whole)
    assert halves.deep >= cost + (film is FILMS["plain"])


def forgetful(remember: Any) -> Any:
    """It keeps those of the last batch alone."""

    def last(self: features.FeatureMemory, keys: Sequence[str], kept: features.Kept) -> None:
        self.most = len(keys)
        remember(self, keys, kept)

    return last


def test_films_side_by_side_are_those_that_are_drawn_alone(tiny: UNetModel) -> None:
    stories = [story(seed=seed) for seed in range(3)]
    together = [[*film] for film in render_together(stories, tiny)]
    assert all(equal(film, [*render(one, tiny)]) for film, one in zip(together, stories, strict=True))


def test_lack_of_memory_halves_its_batches_and_forgets_what_was_lent(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    denoise, failed = tiny.denoise, list[int]()

    def once(latents: torch.Tensor, *others: Any) -> torch.Tensor:
        if isinstance(others[-1], features.Between) and not failed:
            failed.append(len(latents))
            raise torch.OutOfMemoryError("CUDA out of memory")
        return denoise(latents, *others)

    monkeypatch.setattr(tiny, "denoise", once)
    with pytest.warns(UserWarning, match="going on with 2"):
        made = [*render(story(), tiny)]
    assert failed == [4]
    assert equal(made[1:], [*render(story(), tiny, batch_size=2)][1:])


def test_room_is_found_for_what_is_lent_too(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = list[features.Kept]()
    monkeypatch.setattr(features.FeatureMemory, "remember", remembering(kept, features.FeatureMemory.remember))
    assert [*render(story(), tiny)]
    actual = sum(made.nbytes for made in kept[0].made.values()) // 4
    assert actual <= tiny.memory.bytes_lent(64, 64, STEPS) <= 3 * actual, "guidance is left out at every second step"
    sample, lent = tiny.memory.bytes_per_sample(64, 64), tiny.memory.bytes_lent(64, 64, STEPS)
    monkeypatch.setattr(tiny.memory, "free_bytes", lambda: 2 * (sample + 2 * lent) + 1)
    with pytest.warns(UserWarning, match="drawing 2 in a batch instead of 4"):
        render(story(), tiny)


def remembering(into: list[features.Kept], remember: Any) -> Any:
    def also(self: features.FeatureMemory, keys: Sequence[str], kept: features.Kept) -> None:
        into.append(kept)
        remember(self, keys, kept)

    return also


def test_again_draws_the_same_fast_film(run: Run, tiny_folder: Path) -> None:
    model = ("--model", str(tiny_folder))
    assert run("a seed", "a tree", "--frames", "9", "--steps", "12", "--guidance", "2", "--fast", "-o", "fast.mp4")[0] == 0
    assert run("verify", "fast.mp4", *model)[0] == 0
    assert run("a seed", "a tree", "--frames", "9", "--steps", "12", "--guidance", "2", "-o", "full.mp4")[0] == 0
    code, out, _ = run("show", "fast.mp4")
    assert (code, "fast: true" in out) == (0, True)
    assert run("again", "fast.mp4", "--no-fast", "-o", "slow.mp4", *model)[0] == 0
    assert "fast: true" not in run("show", "slow.mp4")[1]


def test_a_model_whose_pictures_share_nothing_is_not_drawn_fast(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "defaults", Defaults(4, 2.0, "ddim", 64, 64, lends=False))
    with pytest.raises(AnimateError, match="cannot be drawn fast"):
        render(story(), tiny)
    with pytest.raises(AnimateError, match="cannot be drawn fast"):
        still("a seed", tiny, sampling=FAST)


@pytest.mark.parametrize(("own", "steps"), [(12, 4), (25, 8), (50, 16), (4, 4), (2, 2)])
def test_a_draft_takes_a_third_of_the_models_steps(own: int, steps: int) -> None:
    made = resolve(Storyboard.of("a", "b", sampling={"draft": True}), Defaults(own, 2.0, "ddim", 64, 64, lends=True)).sampling
    assert (made.steps, made.fast, made.draft) == (steps, True, False)


def test_a_draft_is_fast_only_where_that_can_be() -> None:
    lends, none = (Defaults(12, 2.0, "ddim", 64, 64, lends=lends) for lends in (True, False))
    assert not resolve(Storyboard.of("a", "b", sampling={"draft": True}), none).sampling.fast
    assert not resolve(Storyboard.of("a", "b", feedback=0.4, sampling={"draft": True}), lends).sampling.fast
    with pytest.raises(AnimateError, match="draft and steps 5"):
        Storyboard.of("a", "b", sampling={"draft": True, "steps": 5})


def psnr(a: Image, b: Image) -> float:
    return 10 * float(np.log10(255**2 / max(1e-9, np.mean((a.astype(np.float64) - b) ** 2))))


def test_on_sprout_a_fast_film_is_the_full_one_to_the_eye() -> None:
    """40 dB is an error of 2.5 grey levels; a picture next to it in the film is 20 to 30 dB away."""
    model = load_model("sprout", device="cpu")
    films = [Storyboard.of("a house", "a castle", frames=24, pace="linear", sampling={"fast": fast}) for fast in (False, True)]
    exact, fast = ([*render(film, model, frames=[4, 5, 6])] for film in films)
    assert min(psnr(a, b) for a, b in zip(exact, fast, strict=True)) > 40
    assert psnr(exact[0], exact[2]) < 32

"""What the safety checker flags is never shown, and never makes a film flicker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from diffusers import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from transformers import CLIPConfig, CLIPImageProcessorPil

from animate import AnimateError, AnimateWarning, Sampling, Storyboard, load_model, render, sheet, still
from animate.film.shown import BESIDE
from animate.models.families.unet import UNetModel
from conftest import Run, tiny_pipeline

FAST = Sampling(steps=1, guidance=1)
STORY = Storyboard.of("a seed", "a tree", frames=8, pace="linear", sampling=FAST)


def checked_folder(folder: Path, above: float) -> Path:
    """A model with a tiny checker of the real class, that flags what looks more than so much like one of its concepts."""
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 32, "patch_size": 16}
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=16))
    checker.concept_embeds_weights.data.fill_(above)
    checker.special_care_embeds_weights.data.fill_(2.0)
    parts = {name: part for name, part in tiny_pipeline().components.items() if name not in ("safety_checker", "feature_extractor", "image_encoder")}
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    StableDiffusionPipeline(**parts, safety_checker=checker, feature_extractor=processor).save_pretrained(folder)
    return folder


@pytest.fixture
def model(tiny_folder: Path) -> UNetModel:
    loaded = load_model(str(tiny_folder), device="cpu", batch_size=4)
    assert isinstance(loaded, UNetModel)
    return loaded


def flagging(model: UNetModel, monkeypatch: pytest.MonkeyPatch, bad: Callable[[np.ndarray], bool]) -> None:
    class Checker:
        def flagged(self, images: np.ndarray) -> list[bool]:
            return [bad(image) for image in images]

    monkeypatch.setattr(model, "safety", Checker())


def is_any(*images: np.ndarray) -> Callable[[np.ndarray], bool]:
    return lambda image: any(np.array_equal(image, one) for one in images)


def test_the_real_checker_is_asked_about_every_picture(tmp_path: Path) -> None:
    lenient, strict = (load_model(str(checked_folder(tmp_path / name, above)), device="cpu") for name, above in (("a", 2.0), ("b", -2.0)))
    assert len(list(render(STORY, lenient))) == 8
    with pytest.raises(AnimateError, match=r"flags every picture; use another prompt or seed, or --no-safety"):
        list(render(STORY, strict))
    free = load_model(str(tmp_path / "b"), device="cpu", safety=False)
    assert np.array_equal(np.stack(list(render(STORY, free))), np.stack(list(render(STORY, lenient))))


def test_a_flagged_picture_is_drawn_a_little_beside(model: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = list(render(STORY, model))
    flagging(model, monkeypatch, is_any(plain[3]))
    images = render(STORY, model)
    with pytest.warns(AnimateWarning, match=r"flagged 1 of 8 pictures: 1 are drawn a little beside, 0 show a neighbour; --no-safety shows them"):
        made = list(images)
    assert [i for i in range(8) if not np.array_equal(made[i], plain[i])] == [3]
    near, far = (np.abs(made[3].astype(int) - plain[i].astype(int)).mean() for i in (3, 4))
    assert 0 < near < far
    assert images.recipe.withheld == ()


def test_where_all_sides_are_flagged_the_last_good_picture_stands_in(model: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = list(render(STORY, model))
    asked: list[np.ndarray] = []

    def bad(image: np.ndarray) -> bool:
        asked.append(image)
        return len(asked) in range(4, 4 + 1 + len(BESIDE))  # the fourth picture, and all beside it

    flagging(model, monkeypatch, bad)
    images = render(STORY, model)
    with pytest.warns(AnimateWarning, match=r"0 are drawn a little beside, 1 show a neighbour"):
        made = list(images)
    assert np.array_equal(made[3], plain[2])
    assert images.recipe.withheld == (3,)
    assert images.recipe.digests[3] == images.recipe.digests[2]


def test_before_the_first_good_picture_the_next_one_stands_in(model: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = list(render(STORY, model))
    flagging(model, monkeypatch, is_any(plain[0]))
    with pytest.warns(AnimateWarning, match="1 show a neighbour"):
        made = list(render(STORY, model))
    assert len(made) == 8
    assert np.array_equal(made[0], plain[1])


def test_the_store_never_holds_a_stand_in(model: UNetModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from animate import Store

    plain = list(render(STORY, model))
    with monkeypatch.context() as patched:
        flagging(model, patched, is_any(plain[7]))
        with pytest.warns(AnimateWarning, match="0 are drawn a little beside, 1 show a neighbour"):
            list(render(STORY, model, store=Store(tmp_path)))
    store = Store(tmp_path)
    assert np.array_equal(np.stack(list(render(STORY, model, store=store))), np.stack(plain))
    assert store.drawn == 0


def test_a_flagged_still_is_refused_and_on_a_sheet_its_place_is_empty(model: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    first = still("a seed", model, sampling=FAST)
    flagging(model, monkeypatch, is_any(first))
    with pytest.raises(AnimateError, match="flags every picture"):
        still("a seed", model, sampling=FAST)
    with pytest.warns(AnimateWarning, match="flagged 1 of 2"):
        made = list(sheet(STORY, model))
    assert (made[0] == 250).all()
    assert made[1].std() > 5


def test_verify_passes_over_what_was_withheld(run: Run, tiny: UNetModel, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = list(render(STORY, tiny))
    with monkeypatch.context() as patched:
        flagging(tiny, patched, is_any(plain[0]))
        assert run("a seed", "a tree", "--frames", "8", "--steps", "1", "--guidance", "1", "-o", "film.gif")[0] == 0
    code, out, _ = run("verify", "film.gif", "--model", str(tiny_folder))
    assert (code, out) == (0, "film.gif: 3 of 3 pictures are what the recipe says\n")

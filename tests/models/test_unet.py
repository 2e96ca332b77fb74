"""The seam to the models: our loop against diffusers' own pipelines, loading, and what is refused."""

from __future__ import annotations

import json
import re
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline, StableDiffusionImg2ImgPipeline, StableDiffusionPipeline

from animate import AnimateError, load_model
from animate.models.base import Conditioning, Denoising
from animate.models.families.unet import UNetModel
from animate.models.parts import samplers
from conftest import Work, tiny_pipeline


def batch(model: UNetModel, *prompts: str) -> Conditioning:
    return Conditioning.batch([model.embed(prompt) for prompt in prompts])


def noise_draws(how: Denoising) -> int:
    return samplers.noise_draws(how.sampler, how.steps - how.start, how.eta)


def noise(model: UNetModel, how: Denoising, *seeds: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The start (B, C, h, w) and what the sampler draws (B, draws, C, h, w)."""
    drawn = torch.stack([model.noise(seed, 64, 64, 1 + noise_draws(how)) for seed in seeds])
    return drawn[:, 0], drawn[:, 1:]


EVERY = [*((name, 0.0) for name in samplers.SAMPLERS), ("ddim", 0.7), ("ddim", 1.0)]


@pytest.fixture(scope="module")
def pipe(tiny_folder: Path) -> StableDiffusionPipeline:
    loaded = StableDiffusionPipeline.from_pretrained(tiny_folder, low_cpu_mem_usage=False)
    loaded.set_progress_bar_config(disable=True)
    return loaded


@pytest.mark.parametrize(("sampler", "eta"), EVERY)
@pytest.mark.parametrize("guidance", [1.0, 5.0])
def test_every_sampler_draws_what_diffusers_draws(tiny: UNetModel, pipe: StableDiffusionPipeline, sampler: str, eta: float, guidance: float) -> None:
    """The same unit noise, embeddings and draws; each picture has a generator of its own, as ours have."""
    positive, negative = batch(tiny, "a seed", "a tree"), batch(tiny, "", "the night")
    pipe.scheduler = samplers.scheduler(sampler, tiny.schedule)
    theirs = pipe(
        prompt_embeds=positive.tensors["prompt_embeds"], negative_prompt_embeds=negative.tensors["prompt_embeds"],
        num_inference_steps=7, guidance_scale=guidance, eta=eta, output_type="latent", height=64, width=64,
        generator=[torch.Generator().manual_seed(seed) for seed in (1, 2)],
    ).images  # fmt: skip
    how = Denoising(sampler, 7, eta=eta)
    ours = tiny.denoise(*noise(tiny, how, 1, 2), positive, negative, torch.full((2,), guidance), how)[:, -1]
    assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()


@pytest.mark.parametrize(("sampler", "eta"), [one for one in EVERY if one[0] != "lms"])  # begun late, theirs goes twice as far at first
def test_starting_from_an_image_is_diffusers_image_to_image(tiny: UNetModel, pipe: StableDiffusionPipeline, sampler: str, eta: float) -> None:
    steps, strength = 10, 0.6
    theirs = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
    theirs.set_progress_bar_config(disable=True)
    theirs.scheduler = samplers.scheduler(sampler, tiny.schedule)
    clean = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(9))
    made = theirs(
        "a tree", image=clean, strength=strength, num_inference_steps=steps, guidance_scale=3.0, output_type="latent", eta=eta,
        generator=torch.Generator().manual_seed(4),
    ).images  # fmt: skip
    how = Denoising(sampler, steps, steps - int(steps * strength), eta)
    start, draws = noise(tiny, how, 4)
    ours = tiny.denoise(tiny.renoise(clean, start, how), draws, batch(tiny, "a tree"), batch(tiny, ""), torch.tensor([3.0]), how)[:, -1]
    assert (ours - made).abs().max() <= 1e-4 * made.abs().max()


@pytest.mark.parametrize(("sampler", "eta"), EVERY)
@pytest.mark.parametrize("start", [0, 1, 2, 6])
@pytest.mark.parametrize("shared", [False, True])
def test_every_step_is_told_of_once(tiny: UNetModel, sampler: str, eta: float, start: int, shared: bool) -> None:
    """Also by samplers that ask the network twice for a step (heun) or for the first one (pndm)."""
    how, told = Denoising(sampler, 7, start, eta, shared=shared and start > 0), list[int]()
    latents, draws = noise(tiny, how, 1)
    tiny.denoise(latents, draws, batch(tiny, "a seed"), batch(tiny, ""), torch.ones(1), how, lambda: told.append(threading.get_ident()))
    assert told == [threading.get_ident()] * (7 - start)


def test_steps_before_a_stop_are_told_of_and_no_more(tiny: UNetModel, work: Work) -> None:
    how, told = Denoising("ddim", 7, stops=(2, 4)), list[int]()
    tiny.denoise(*noise(tiny, how, 1), batch(tiny, "a seed"), batch(tiny, ""), torch.ones(1), how, lambda: told.append(work.calls))
    assert told == [1, 2, 3, 4]


def test_a_step_may_end_the_denoising(tiny: UNetModel, work: Work) -> None:
    """What it raises passes through, and the next run knows nothing of it."""
    how = Denoising("dpm++2m", 7)
    given = (*noise(tiny, how, 1), batch(tiny, "a seed"), batch(tiny, ""), torch.ones(1), how)
    whole = tiny.denoise(*given)

    class Cancelled(Exception):
        pass

    def cancel() -> None:
        if work.calls == 7 + 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        tiny.denoise(*given, cancel)
    assert work.calls == 7 + 3
    assert torch.equal(tiny.denoise(*given), whole)


def test_ddim_goes_on_from_any_step_it_reached(tiny: UNetModel) -> None:
    """DDIM keeps no history, so a film may begin late from where another run was."""
    how = Denoising("ddim", 6)
    start, none = noise(tiny, how, 0)
    seen: list[torch.Tensor] = []
    handle = tiny.unet.register_forward_pre_hook(lambda module, args: seen.append(args[0].clone()))
    whole = tiny.denoise(start, none, batch(tiny, "a tree"), batch(tiny, ""), torch.ones(1), how)[:, -1]
    handle.remove()
    late = tiny.denoise(seen[2], none, batch(tiny, "a tree"), batch(tiny, ""), torch.ones(1), Denoising("ddim", 6, start=2))[:, -1]
    assert torch.equal(late, whole)


def stepwise(model: UNetModel, how: Denoising, start: torch.Tensor, draws: torch.Tensor, text: Conditioning, guidance: torch.Tensor) -> torch.Tensor:
    """What a run has before each step and at its end, (B, steps + 1, C, h, w), seen from outside: what the scheduler is given."""
    seen, taken, advance = list[torch.Tensor](), samplers.SAMPLERS[how.sampler], samplers.SAMPLERS[how.sampler].advance

    def noted(*args: Any) -> torch.Tensor:
        seen.append(args[3].clone())
        return advance(*args)

    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(samplers.SAMPLERS, how.sampler, replace(taken, advance=noted))
        end = model.denoise(start, draws, text, text, guidance, replace(how, stops=()))[:, -1]
    calls = 2 if how.sampler == "heun" else 1
    return torch.stack([*seen[: how.steps * calls : calls], end], 1)


@pytest.mark.parametrize(("sampler", "eta"), EVERY)
@pytest.mark.parametrize("stops", [(1, 3, 4, 7), (2,), (6, 7), (7,), tuple(range(1, 8))])
def test_what_is_handed_out_on_the_way_is_what_the_run_has_there(tiny: UNetModel, sampler: str, eta: float, stops: tuple[int, ...]) -> None:
    how = Denoising(sampler, 7, eta=eta, stops=stops)
    start, draws = noise(tiny, how, 1, 2)
    text, guidance = batch(tiny, "a seed", "a tree"), torch.full((2,), 3.0)
    made = tiny.denoise(start, draws, text, text, guidance, how)
    assert torch.equal(made, stepwise(tiny, how, start, draws, text, guidance)[:, list(stops)])


@pytest.mark.parametrize(
    ("sampler", "stops", "calls"), [("ddim", (2, 5), 5), ("heun", (2, 5), 10), ("heun", (7,), 13), ("pndm", (7,), 8), ("pndm", (3,), 3)]
)
def test_nothing_is_done_after_the_last_stop(tiny: UNetModel, work: Work, sampler: str, stops: tuple[int, ...], calls: int) -> None:
    how = Denoising(sampler, 7, stops=stops)
    tiny.denoise(*noise(tiny, how, 0), batch(tiny, "a"), batch(tiny, ""), torch.ones(1), how)
    assert work.calls == calls


# How far, of the whole, a run that is taken over at any step of seven may end from the unbroken one. Samplers that look back at
# earlier steps begin again with none: most at the first steps, where they are few. Measured on this model: pndm 0.042,
# dpm++2m 0.014, with Karras' levels 0.036, unipc 0.019, lms 0.008.
MEMORY = {"pndm": 0.06, "dpm++2m": 0.03, "dpm++2m-karras": 0.05, "unipc": 0.03, "lms": 0.015}


def taken_over(model: UNetModel, how: Denoising, step: int) -> float:
    start, draws = noise(model, how, 3)
    text, empty, guidance = batch(model, "a tree"), batch(model, ""), torch.full((1,), 3.0)
    state, whole = model.denoise(start, draws, text, empty, guidance, replace(how, stops=(step, how.steps)))[0]
    late = replace(how, start=step, shared=True)
    made = model.denoise(state[None], draws[:, noise_draws(how) - noise_draws(late) :], text, empty, guidance, late)[0, -1]
    return float((made - whole).norm() / whole.norm())


@pytest.mark.parametrize(("sampler", "eta"), EVERY)
@pytest.mark.parametrize("step", range(1, 7))
def test_a_run_that_is_taken_over_ends_where_the_unbroken_one_does(tiny: UNetModel, sampler: str, eta: float, step: int) -> None:
    far = taken_over(tiny, Denoising(sampler, 7, eta=eta), step)
    if sampler in MEMORY:
        assert far <= MEMORY[sampler]
    else:
        assert far == 0, "it keeps nothing in mind but the latents"


@pytest.mark.parametrize("sampler", MEMORY)
def test_the_more_steps_the_less_it_matters_where_a_run_is_taken_over(tiny: UNetModel, sampler: str) -> None:
    few, many = (max(taken_over(tiny, Denoising(sampler, steps), steps * i // 4) for i in (1, 2, 3)) for steps in (8, 32))
    assert many <= 0.6 * few


@pytest.mark.parametrize(("steps", "step"), [(7, 1), (7, 2), (7, 3), (7, 6), (2, 1), (25, 24)])
def test_pndm_does_its_first_step_twice_wherever_it_begins(steps: int, step: int) -> None:
    """Liu et al. 2022 have no history there. Its timesteps are one more than its steps: the second stands there twice."""
    left = samplers.remaining("pndm", step, steps + 1, shared=True)
    done = [place for place, again in left if not again]
    assert done == [*range(max(2, step), steps + 1)], "each level of noise that is left"
    assert [place for place, again in left if again] == done[1:2]
    assert samplers.remaining("pndm", step, steps + 1, shared=False) == [(place, False) for place in range(step, steps + 1)]


def test_a_state_is_taken_over_twice_as_well_as_once(tiny: UNetModel) -> None:
    """A tree: what begins in the middle stops before the end for others to begin with."""
    for sampler in ("ddim", "heun", "euler", "pndm"):
        text, guidance = batch(tiny, "a tree"), torch.ones(1)
        start, none = noise(tiny, Denoising(sampler, 8), 0)
        at = {0: start}
        for begin, stop in ((0, 2), (2, 3), (3, 6), (6, 8)):
            at[stop] = tiny.denoise(at[begin], none, text, text, guidance, Denoising(sampler, 8, begin, stops=(stop,), shared=begin > 0))[:, -1]
        whole = tiny.denoise(start, none, text, text, guidance, Denoising(sampler, 8))[:, -1]
        assert float((at[8] - whole).norm() / whole.norm()) <= (0.06 if sampler in MEMORY else 0)


@pytest.mark.parametrize("strength", [0.2, 0.4, 0.6])
def test_lms_from_an_image_looks_back_at_no_more_steps_than_were_done(tiny: UNetModel, strength: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """diffusers gives the one step it has seen the weight of the last of four, and goes twice as far: noise that is there is taken away again."""

    def made(sampler: str) -> torch.Tensor:
        how = Denoising(sampler, 20, 20 - int(20 * strength))
        start, draws = noise(tiny, how, 4)
        clean = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(9))
        return tiny.denoise(tiny.renoise(clean, start, how), draws, batch(tiny, "a tree"), batch(tiny, ""), torch.ones(1), how)[:, -1]

    ours, exact = made("lms"), made("heun")
    monkeypatch.setitem(samplers.SAMPLERS, "lms", replace(samplers.SAMPLERS["lms"], advance=samplers.SAMPLERS["euler"].advance))
    theirs = made("lms")
    assert (ours - exact).norm() < 0.7 * (theirs - exact).norm()


def test_embeddings_and_pictures_are_those_of_the_pipeline(tiny: UNetModel, pipe: StableDiffusionPipeline) -> None:
    with torch.no_grad():
        theirs, _ = pipe.encode_prompt("a red house", "cpu", 1, False)
    assert torch.equal(tiny.embed("a red house").tensors["prompt_embeds"], theirs[0])
    latents = tiny.noise(3, 64, 64)
    with torch.no_grad():
        picture = pipe.image_processor.postprocess(pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample, output_type="np")
    assert np.abs(tiny.decode(latents)[0].astype(int) - (picture[0] * 255).round().astype(int)).max() <= 1


def test_encoding_takes_the_mean(tiny: UNetModel) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    assert torch.equal(tiny.encode(images), tiny.encode(images))
    assert tiny.encode(images).shape == (2, 4, 8, 8)


def test_noise_is_the_seeds_own(tiny: UNetModel) -> None:
    theirs = torch.Generator("cpu").manual_seed(5)
    assert torch.equal(tiny.noise(5, 64, 128, 2), torch.stack([torch.randn(4, 16, 8, generator=theirs) for _ in range(2)]))


def test_guidance_of_one_asks_the_unet_once(tiny: UNetModel, work: object) -> None:
    how = Denoising("ddim", 3)
    tiny.denoise(*noise(tiny, how, 0), batch(tiny, "a"), batch(tiny, ""), torch.ones(1), how)
    assert vars(work) == {"calls": 3, "samples": 3}
    tiny.denoise(*noise(tiny, how, 0), batch(tiny, "a"), batch(tiny, ""), torch.full((1,), 2.0), how)
    assert vars(work) == {"calls": 6, "samples": 9}


def test_a_cels_bits_do_not_depend_on_its_neighbours_or_its_slot(tiny: UNetModel) -> None:
    def last(*seeds: int) -> torch.Tensor:
        how = Denoising("euler-a", 4)
        return tiny.denoise(*noise(tiny, how, *seeds), batch(tiny, *["a tree"] * 4), batch(tiny, *[""] * 4), torch.full((4,), 3.0), how)[:, -1]

    assert torch.equal(last(1, 2, 3, 7)[3], last(4, 7, 6, 6)[1])
    assert torch.equal(last(7, 7, 7, 7)[0], last(4, 7, 6, 6)[1])


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("PLMS", "pndm"),
        ("DPM++ 2M", "dpm++2m"),
        ("dpmpp_2m", "dpm++2m"),
        ("DPM-Solver++", "dpm++2m"),
        ("Euler", "euler"),
        ("ddim", "ddim"),
        ("k_lms", "lms"),
        ("Euler a", "euler-a"),
        ("k_euler_ancestral", "euler-a"),
        ("k_euler_a", "euler-a"),
        ("KDPM++ 2M", "dpm++2m"),
        ("dpm++", "dpm++2m"),
        ("dpmsolver", "dpm++2m"),
        ("dpmpp_2m_karras", "dpm++2m-karras"),
        ("DPM++ Karras", "dpm++2m-karras"),
        ("k_heun", "heun"),
        ("keuler", "euler"),
        ("DPM++ 2M Karras", "dpm++2m-karras"),
        ("UniPC", "unipc"),
        ("LCM", "lcm"),
    ],
)
def test_samplers_are_known_by_what_people_say(said: str, name: str) -> None:
    assert samplers.canonical(said) == name


@pytest.mark.parametrize("model", samplers.SAMPLERS)
@pytest.mark.parametrize("sampler", samplers.SAMPLERS)
def test_no_sampler_clips_latents_whatever_the_model_came_with(model: str, sampler: str) -> None:
    """DDIM's own default does, and washes pictures out that were trained for another scheduler."""
    config = dict(samplers.scheduler(model, {"beta_schedule": "scaled_linear"}).config)
    assert not samplers.scheduler(sampler, config).config.get("clip_sample", False)


def test_an_unknown_sampler_is_refused() -> None:
    with pytest.raises(AnimateError, match=r'sampler "dimm" is not known; allowed: ddim, pndm \(plms\), lms, .*did you mean "ddim"'):
        samplers.canonical("dimm")


@pytest.mark.parametrize("name", ["keulr", "k_lsm", "dpmsolve", "plmss", "euler ancestrl", "DPM+ karras", "karras", "unpc"])
def test_what_was_perhaps_meant_is_among_what_is_allowed(name: str) -> None:
    with pytest.raises(AnimateError) as refused:
        samplers.canonical(name)
    allowed, _, hint = str(refused.value).partition("; allowed: ")[2].partition("; did you mean ")
    if hint:
        assert hint.strip('"?') in re.findall(r"[^\s,()]+", allowed)


def test_a_sampler_is_one_entry(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name, its other names, its noise and its help text are all in it."""
    entry = samplers.Sampler("DDIMScheduler", {"clip_sample": False}, samplers.SAMPLERS["ddim"].advance, lambda steps, eta: steps, ("new-one",))
    monkeypatch.setitem(samplers.SAMPLERS, "new", entry)
    assert samplers.help_names().endswith(", lcm, new (new-one)")
    assert [samplers.canonical(name) for name in ("new", "New One", "k_new_one")] == ["new"] * 3
    how = Denoising("new", 3, eta=0.5)
    assert noise_draws(how) == 3
    ours = tiny.denoise(*noise(tiny, how, 1), batch(tiny, "a"), batch(tiny, ""), torch.ones(1), how)
    assert torch.equal(ours, tiny.denoise(*noise(tiny, how, 1), batch(tiny, "a"), batch(tiny, ""), torch.ones(1), replace(how, sampler="ddim")))


def test_the_models_own_sampler_draws_no_noise_besides_the_start() -> None:
    assert samplers.noise_draws(samplers.OWN, 20, 1.0) == 0
    assert [samplers.noise_draws(name, 20, 0.0) for name in ("ddim", "euler-a", "lcm", "heun")] == [0, 20, 19, 0]


def test_the_models_own_sampler_is_the_default(tiny: UNetModel) -> None:
    assert (tiny.defaults.sampler, tiny.defaults.width, tiny.defaults.height) == ("ddim", 64, 64)
    assert samplers.own({"_class_name": "EulerDiscreteScheduler"}) == "euler"


def test_long_and_foreign_prompts_are_remarked_on(tiny: UNetModel) -> None:
    assert tiny.text.warnings(["a photo of a red tree in winter"]) == []
    (long,) = tiny.text.warnings(["a seed " * 50])
    assert "100 tokens long" in long
    assert "read in 2 parts of 75" in long
    (foreign,) = tiny.text.warnings(["a \u79cd\u5b50"])
    assert "only letter by letter" in foreign


def test_words_that_a_small_model_was_never_shown_are_named_once(tiny_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    shutil.copytree(tiny_folder, folder)
    taught = {"size": 64, "kinds": {"subjects": ["tree"]}, "words": ["tree", "red"], "idle": ["a", "in", "lovely"]}
    (folder / "vocabulary.json").write_text(json.dumps(taught))
    model = load_model(str(folder), device="cpu")
    assert model.text.warnings(["a lovely red tree", "A Red Tree"]) == []
    (said,) = model.text.warnings(["a dragon in a tree", "a Red dragon, flying"])
    assert said == f"{folder} does not know dragon, flying, and draws the rest; animate models lists what it knows"


def test_a_broken_vocabulary_is_one_line(tiny_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_folder, tmp_path / "small")
    (tmp_path / "small" / "vocabulary.json").write_text('{"size": "large"}')
    with pytest.raises(AnimateError, match=r"vocabulary.json cannot be read \(4 validation errors"):
        load_model(str(tmp_path / "small"), device="cpu")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sprut", 'model "sprut" is not known; allowed: sprout'),
        ("./nowhere", r"^\./nowhere: no such folder"),
        ("a/b/c", "is not known"),
        ("model.ckpt", "model.ckpt: no such file"),
    ],
)
def test_unknown_models_are_refused_without_a_network(name: str, said: str) -> None:
    with pytest.raises(AnimateError, match=said):
        load_model(name)


def test_a_model_that_is_not_on_this_machine_is_one_line() -> None:
    with pytest.raises(AnimateError, match=r"nobody/nothing is not in .* and HF_HUB_OFFLINE is set") as refused:
        load_model("nobody/nothing")
    assert "\n" not in str(refused.value)


def test_folders_that_are_no_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AnimateError, match="without model_index"):
        load_model(str(tmp_path))


def test_unknown_devices_and_dtypes_are_refused(tiny_folder: Path) -> None:
    for device in ("tpu", "meta", "cuda:99"):
        with pytest.raises(AnimateError, match=f'device "{device}" is not (known|here)'):
            load_model(str(tiny_folder), device=device)
    with pytest.raises(AnimateError, match='dtype "int8" is not known'):
        load_model(str(tiny_folder), dtype="int8")


def test_pipelines_of_another_kind_are_refused(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without, inpainting = tiny_pipeline(), tiny_pipeline()
    without.register_modules(unet=None)
    inpainting.unet.register_to_config(in_channels=9)
    for other in (without, inpainting):
        monkeypatch.setattr(DiffusionPipeline, "from_pretrained", lambda *_, other=other, **__: other)
        with pytest.raises(AnimateError, match="cannot be animated"):
            load_model(str(tiny_folder))


def test_half_precision_is_used_where_asked(tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder), device="cpu", dtype="bfloat16")
    assert model.numerics.dtype == "bfloat16"
    assert model.noise(0, 64, 64).dtype == torch.float32


def test_the_largest_seed_has_a_noise_of_its_own(tiny: UNetModel) -> None:
    largest, first = tiny.noise(2**64 - 1, 64, 64), tiny.noise(0, 64, 64)
    assert largest.shape == first.shape
    assert not torch.equal(largest, first)

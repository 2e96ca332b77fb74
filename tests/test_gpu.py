"""What only a GPU can show: its memory, its bits, its overflow. Whatever can be done at toy size is done on a CPU, too: only the device differs.

`pytest -m gpu` on a machine with CUDA and 8 GB of memory; full-size Stable Diffusion has random weights here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from animate import AnimateWarning, Store, Storyboard, load_model, render
from animate.models import memory
from animate.models.base import Conditioning, Denoising, Origin
from animate.models.families.unet import UNetModel
from animate.models.parts import samplers
from animate.story.storyboard import Sampling
from test_loading import GIB, stable_diffusion

GPU = (pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"))
DEVICES = ["cpu", pytest.param("cuda", marks=GPU)]


def story(frames: int, steps: int = 2, **settings: Any) -> Storyboard:
    return Storyboard.of("a seed", "a tree", frames=frames, seed=3, sampling=Sampling(steps=steps, guidance=3.0, sampler="ddim"), **settings)


@pytest.fixture(scope="session")
def full_size() -> Any:
    """Stable Diffusion 1.4's parts, made on the GPU and waiting in memory."""
    torch.manual_seed(0)
    pipe = stable_diffusion("cuda")
    for part in (pipe.unet, pipe.vae, pipe.text_encoder):
        part.to("cpu")
    return pipe


@pytest.fixture
def limit() -> Iterator[Callable[[float], None]]:
    """A card of so many bytes."""

    def limited(count: float) -> None:
        memory.give_back()
        torch.cuda.reset_peak_memory_stats()
        torch.cuda.set_per_process_memory_fraction(count / torch.cuda.get_device_properties(0).total_memory, 0)

    yield limited
    torch.cuda.set_per_process_memory_fraction(1.0, 0)


@pytest.fixture
def large(full_size: Any) -> Iterator[UNetModel]:
    """Full-size Stable Diffusion on the GPU, 512 x 512 pixels, eight batch_size; nothing of it is left there."""
    memory.give_back()
    model = UNetModel(Origin("sd14", "0" * 32), full_size, "cuda", 8)
    yield model
    for part in model.memory.parts:
        part.to("cpu")
    model.vae.disable_tiling()
    del model
    memory.give_back()


@pytest.fixture(params=["tiny on cpu", pytest.param("tiny on cuda", marks=GPU), pytest.param("full size on cuda", marks=GPU)])
def model(request: pytest.FixtureRequest, tiny_folder: Path) -> Any:
    if request.param == "full size on cuda":
        return request.getfixturevalue("large")
    return load_model(str(tiny_folder), device=request.param.split()[-1], batch_size=4)


def test_noise_is_the_same_on_every_device(model: UNetModel) -> None:
    theirs = torch.Generator("cpu").manual_seed(5)
    made = model.noise(5, 64, 128, 2)
    assert (made.device.type, made.dtype) == ("cpu", torch.float32)
    assert torch.equal(made, torch.stack([torch.randn(4, 16, 8, generator=theirs) for _ in range(2)]))


def test_a_cel_has_the_same_bits_in_every_slot(model: UNetModel) -> None:
    """In batches of one size, whatever is drawn with it."""
    how = Denoising("euler-a", 3)
    texts, empty = Conditioning.batch([model.embed("a tree")] * 4), Conditioning.batch([model.embed("")] * 4)

    def made(*seeds: int) -> torch.Tensor:
        drawn = torch.stack([model.noise(seed, 64, 64, 1 + samplers.noise_draws(how.sampler, how.steps, how.eta)) for seed in seeds])
        return model.denoise(drawn[:, 0], drawn[:, 1:], texts, empty, torch.full((4,), 3.0), how)

    assert torch.equal(made(1, 2, 3, 7)[3], made(4, 7, 6, 6)[1])
    assert torch.equal(made(7, 7, 7, 7)[0], made(4, 7, 6, 6)[1])


def test_a_part_of_a_film_and_one_that_goes_on_have_the_pictures_of_the_whole(model: UNetModel, tmp_path: Path) -> None:
    what = story(10, width=64, height=64)
    whole = np.stack([*render(what, model)])
    assert np.array_equal(np.stack([*render(what, model, range(3, 7))]), whole[3:7])
    store = Store(tmp_path)
    assert len([*islice(render(what, model, store=store), 5)]) == 5
    assert np.array_equal(np.stack([*render(what, model, store=store)]), whole)
    assert store.kept > 0


@pytest.mark.parametrize("device", DEVICES)
def test_a_decoder_that_overflows_in_float16_is_done_in_float32(tiny_folder: Path, device: str) -> None:
    """Weights that float16 has, and what they make of latents that it has not; the layers after them bring it back to a picture."""
    model, exact = (load_model(str(tiny_folder), device=device, dtype=dtype) for dtype in ("float16", "float32"))
    assert isinstance(model, UNetModel)
    assert isinstance(exact, UNetModel)
    weight = model.vae.post_quant_conv.weight
    weight.mul_(3e4 / float(weight.abs().max()))
    exact.vae.load_state_dict(model.vae.state_dict())
    latents = model.noise(1, 64, 64)
    with pytest.warns(AnimateWarning, match="overflows in float16: what does is drawn again in float32"):
        made = model.decode(latents)
    assert model.vae.dtype == torch.float16
    assert np.abs(made.astype(int) - exact.decode(latents).astype(int)).max() <= 1
    assert made.std() > 1


def refuse(module: Any, beyond: Callable[[torch.Tensor], bool]) -> None:
    """Without a card: a network that has no room for some inputs."""

    def check(_: object, args: tuple[torch.Tensor, ...], kwargs: object) -> None:
        if beyond(args[0]):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    module.register_forward_pre_hook(check, with_kwargs=True)


def assert_goes_on(model: UNetModel, what: Storyboard, said: str) -> None:
    with pytest.warns(AnimateWarning, match=said):
        film = [*render(what, model)]
    assert len(film) == what.count
    assert np.ptp(np.stack(film)) > 0


def test_a_film_goes_on_with_a_smaller_batch(tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder), device="cpu", batch_size=8)
    assert isinstance(model, UNetModel)
    refuse(model.unet, lambda x: len(x) > 8)  # guided: two samples a picture
    assert_goes_on(model, story(8), "not enough memory for 8 pictures in a batch: going on with 4")


@pytest.mark.filterwarnings("ignore:.* was trained on")
def test_a_picture_is_decoded_in_tiles_that_are_smaller_than_it(tiny_folder: Path) -> None:
    """A VAE that was trained on 512 pixels would take a picture of 512 for one tile."""
    model = load_model(str(tiny_folder), device="cpu")
    assert isinstance(model, UNetModel)
    model.vae.tile_sample_min_size, model.vae.tile_latent_min_size = 512, 64
    refuse(model.vae.decoder, lambda x: x.shape[-1] > 32)
    assert_goes_on(model, story(2, steps=1, width=512, height=512), "going on in tiles")


@pytest.mark.gpu
@GPU[1]
class TestStableDiffusion:
    """Of full size, in float16, at 512 x 512 pixels, on a card that lacks something."""

    def test_it_draws_a_film_within_four_gigabytes(self, large: UNetModel, limit: Callable[[float], None]) -> None:
        limit(4 * GIB)
        film = [*render(story(2, steps=3), large)]  # a warning would be an error: nothing gives way
        assert [frame.shape for frame in film] == [(512, 512, 3)] * 2
        assert torch.cuda.max_memory_reserved() <= 4 * GIB

    def test_it_goes_on_with_a_smaller_batch(self, large: UNetModel, limit: Callable[[float], None]) -> None:
        one, eight = (self.most(partial(self.drawn, large, batch_size)) for batch_size in (1, 8))
        assert eight > one + GIB / 2, "or a card between them shows nothing"
        limit((one + eight) / 2)
        assert_goes_on(large, story(8, steps=1), "pictures in a batch: going on with")

    def test_it_decodes_in_tiles(self, large: UNetModel, limit: Callable[[float], None]) -> None:
        latents, before = large.noise(0, 512, 512), torch.cuda.memory_allocated()
        limit((before + self.most(partial(large.decode, latents))) / 2)
        with pytest.warns(AnimateWarning, match="going on in tiles"):
            assert large.decode(latents).shape == (1, 512, 512, 3)

    def test_its_parts_take_turns(self, full_size: Any, limit: Callable[[float], None]) -> None:
        sizes = [sum(weight.nbytes for weight in part.parameters()) for part in (full_size.unet, full_size.vae, full_size.text_encoder)]
        limit(max(sizes) + (sum(sizes) - max(sizes)) * 0.8)
        with pytest.warns(AnimateWarning, match="its parts take turns there"):
            model = UNetModel(Origin("sd14", "0" * 32), full_size, "cuda", 2)
        assert len([*render(story(2, width=128, height=128), model)]) == 2
        assert torch.cuda.max_memory_reserved() < sum(sizes)

    @staticmethod
    def most(work: Callable[[], object]) -> int:
        """Bytes that were in use at the worst moment of something."""
        memory.give_back()
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_allocated()

    @staticmethod
    def drawn(model: UNetModel, batch_size: int) -> None:
        model.numerics = replace(model.numerics, batch_size=batch_size)
        assert len([*render(story(8, steps=1), model)]) == 8


@pytest.mark.parametrize("device", DEVICES)
def test_a_fast_film_is_near_the_full_one_and_any_part_is_as_in_the_whole(device: str, tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder), device=device, batch_size=4)
    films = [
        story(24, steps=12, pace="linear").replace(sampling=Sampling(steps=12, guidance=2.0, sampler="ddim", fast=fast)) for fast in (False, True)
    ]
    full, fast = ([*render(film, model)] for film in films)
    assert all(np.array_equal(a, b) for a, b in zip(fast[9:12], render(films[1], model, frames=[9, 10, 11]), strict=True))
    assert max(float(np.abs(a.astype(float) - b).mean()) for a, b in zip(full, fast, strict=True)) < 12


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_compiled_kernels_draw_what_plain_ones_draw(tiny_folder: Path) -> None:
    plain, compiled = (load_model(str(tiny_folder), device="cuda", batch_size=4, compiled=compiled) for compiled in (False, True))
    assert compiled.numerics.kernels == "compiled"
    full, other = ([*render(story(4), model)] for model in (plain, compiled))
    assert max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(full, other, strict=True)) <= 8

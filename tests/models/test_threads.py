"""One model in two threads at once: what each draws has the bits that it has alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from animate import load_model
from animate.models.base import Conditioning, Denoising, Model
from animate.models.families.unet import UNetModel
from animate.models.parts import samplers
from animate.report import Report
from test_pipeline import flux, pixart

ROUNDS = 6


class Heard(Report):
    """Warnings of all threads."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, line: str) -> None:
        self.warnings.append(line)


def at_once(*jobs: Callable[[int], Any], times: int = ROUNDS) -> list[list[Any]]:
    """Each job in a thread of its own, with the numbers of the rounds; they begin every round together."""
    together = threading.Barrier(len(jobs))

    def rounds(job: Callable[[int], Any]) -> list[Any]:
        results = []
        for number in range(times):
            together.wait(60)
            results.append(job(number))
        return results

    with ThreadPoolExecutor(len(jobs)) as threads:
        return [*threads.map(rounds, jobs)]


def drawn(model: Model, sampler: str, side: int, seed: int) -> torch.Tensor:
    how = Denoising(sampler, 3)
    noise = model.noise(seed, side, side, 1 + samplers.noise_draws(sampler, 3, 0.0))[None]
    positive, negative = (Conditioning.batch([model.embed(prompt, negative=not prompt)]) for prompt in ("a red tree", ""))
    return model.denoise(noise[:, 0], noise[:, 1:], positive, negative, torch.tensor([3.0 + seed]), how)[:, -1]


def assert_same(results: Sequence[Sequence[Any]], jobs: Sequence[Callable[[int], Any]]) -> None:
    for job, result in zip(jobs, results, strict=True):
        assert all(np.array_equal(one, job(number)) for number, one in enumerate(result))


def test_a_film_is_decoded_and_encoded_while_it_is_denoised(tiny: UNetModel) -> None:
    latents = tiny.noise(9, 64, 64, 2)
    images = tiny.decode(latents)
    jobs = [
        lambda number: drawn(tiny, "euler-a", 64, number),
        lambda number: drawn(tiny, "pndm", 64, number + 50),
        lambda _: tiny.decode(latents),
        lambda _: tiny.encode(images),
    ]
    assert_same(at_once(*jobs), jobs)


def overflowing(folder: Path, report: Report) -> UNetModel:
    """In float16, with a decoder and an encoder that overflow in it for some images and are done again in float32."""
    model = load_model(str(folder), device="cpu", dtype="float16", report=report)
    assert isinstance(model, UNetModel)
    for layer in (model.vae.post_quant_conv, model.vae.quant_conv):
        layer.weight.mul_(3e4 / float(layer.weight.abs().max()))
    return model


def test_a_second_run_in_float32_does_not_meet_another_thread(tiny_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = Heard()
    model = overflowing(tiny_folder, report)
    latents = model.noise(1, 64, 64)
    images = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    jobs = [lambda _: model.decode(latents), lambda _: model.encode(images), lambda _: model.decode(-latents)]
    assert_same(at_once(*jobs), jobs)
    assert model.vae.dtype == torch.float16
    assert report.warnings == [f"{tiny_folder} overflows in float16: what does is drawn again in float32"], "once, by whoever is first"
    assert capfd.readouterr() == ("", ""), "nor do the libraries say anything"


def test_tiles_are_switched_on_once(tiny_folder: Path) -> None:
    report = Heard()
    model = load_model(str(tiny_folder), device="cpu", report=report)
    assert isinstance(model, UNetModel)

    def refuse(_: object, args: tuple[torch.Tensor, ...]) -> None:
        if args[0].shape[-1] > 32:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    model.vae.decoder.register_forward_pre_hook(refuse)
    latents = model.noise(0, 512, 512)
    first, second = at_once(lambda _: model.decode(latents), lambda _: model.decode(latents), times=1)
    assert len({image.tobytes() for image in [*first, *second]}) == 1
    assert report.warnings == ["not enough memory on cpu to decode a whole picture: going on in tiles"]


@pytest.mark.parametrize("make", [flux, pixart])
def test_a_pipeline_is_called_asked_and_decoded_at_once(make: Callable[[], Any], tmp_path: Path) -> None:
    """The size of its noise is found by interrupting a call, and every call gets a scheduler of its own."""
    make().save_pretrained(tmp_path)
    model, alone = (load_model(str(tmp_path), device="cpu", batch_size=1) for _ in range(2))
    latents = alone.noise(0, 32, 32)

    def jobs(model: Model) -> list[Callable[[int], Any]]:
        return [
            lambda number: drawn(model, samplers.OWN, 32, number),
            lambda number: drawn(model, samplers.OWN, 64, number),
            lambda number: model.noise(number, 32, 64 + 32 * number),  # a size that is new
            lambda number: model.decode(latents),
        ]

    assert_same(at_once(*jobs(model)), jobs(alone))

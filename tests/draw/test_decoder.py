"""Images that two threads look at are decoded once, and few are kept."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from animate.draw.decoder import KEPT, Decoder
from animate.models.families.unet import UNetModel


def latents(seed: int) -> torch.Tensor:
    return torch.randn(4, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_who_asks_second_waits_for_the_first_and_is_given_its_image(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded, begun, decode = list[int](), threading.Event(), tiny.decode

    def slowly(batch: torch.Tensor) -> np.ndarray:
        decoded.append(len(batch))
        begun.set()
        threading.Event().wait(0.05)
        return decode(batch)

    monkeypatch.setattr(tiny, "decode", slowly)
    decoder = Decoder(tiny)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(decoder, latents(0))
        begun.wait()
        second = threads.submit(decoder, latents(0).clone())
    assert first.result() is second.result()
    assert decoded == [1]
    assert np.array_equal(first.result(), decode(latents(0)[None])[0])


def test_the_last_images_are_kept_and_no_more(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded, decode = list[float](), tiny.decode

    def counted(batch: torch.Tensor) -> np.ndarray:
        decoded.append(float(batch[0, 0, 0, 0]))
        return decode(batch)

    monkeypatch.setattr(tiny, "decode", counted)
    decoder, asked = Decoder(tiny), [latents(seed) for seed in range(KEPT + 1)]
    images = [decoder(one) for one in asked]
    assert all(decoder(one) is image for one, image in zip(asked[1:], images[1:], strict=True))
    assert len(decoded) == KEPT + 1
    assert np.array_equal(decoder(asked[0]), images[0])
    assert len(decoded) == KEPT + 2, "the first was given up"


def test_what_fails_is_not_kept(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(batch: torch.Tensor) -> np.ndarray:
        raise RuntimeError("no memory")

    decoder, decode = Decoder(tiny), tiny.decode
    monkeypatch.setattr(tiny, "decode", fails)
    with pytest.raises(RuntimeError, match="no memory"):
        decoder(latents(0))
    monkeypatch.setattr(tiny, "decode", decode)
    assert np.array_equal(decoder(latents(0)), decode(latents(0)[None])[0])

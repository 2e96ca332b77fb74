"""Where a model runs, and what is written down of it."""

from __future__ import annotations

import diffusers
import pytest
import torch
import transformers

from animate.models.base import Numerics
from animate.models.placement import numerics


def test_cards_of_one_kind_are_one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100" if device.index == 1 else "NVIDIA A100")
    first, second = (numerics(torch.device(name), torch.float16, 8) for name in ("cuda:0", "cuda:1"))
    versions = {"torch": torch.__version__, "diffusers": diffusers.__version__, "transformers": transformers.__version__}
    assert second == Numerics(device="cuda", hardware="NVIDIA H100", dtype="float16", kernels="eager", batch_size=8, **versions)
    assert (first.device, first.hardware) == ("cuda", "NVIDIA A100")


def test_a_cpu_is_its_instructions_and_threads() -> None:
    here = numerics(torch.device("cpu"), torch.float32, 4)
    assert (here.device, here.dtype) == ("cpu", "float32")
    assert here.hardware.endswith(f"{torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads")

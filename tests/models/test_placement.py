"""Where a model runs, and what is written down of it."""

from __future__ import annotations

import sys
from typing import Any

import diffusers
import pytest
import torch
import transformers

from animate import AnimateError, load_model
from animate.errors import counted
from animate.models import placement
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
    assert here.hardware.endswith(f"{torch.backends.cpu.get_cpu_capability()}, {counted(torch.get_num_threads(), 'thread')}")


@pytest.mark.parametrize(
    ("device", "dtype", "said"),
    [
        ("gpu", "auto", 'device "gpu" is not known; allowed: auto, cuda, cuda:1, mps, cpu; did you mean "cuda"?'),
        ("fpga", "auto", 'device "fpga" is not known; allowed: auto, cuda, cuda:1, mps, cpu'),
        ("xpu", "auto", 'device "xpu" is not known'),
        ("auto", "fp16", 'dtype "fp16" is not known; allowed: auto, float32, float16, bfloat16; did you mean "float16"?'),
        ("cuda:0", "auto", 'device "cuda:0" is not here: this machine has no NVIDIA driver; use --device auto'),
    ],
)
def test_names_are_checked_without_torch(device: str, dtype: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "has_driver", lambda: False)
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would fail
    with pytest.raises(AnimateError) as refused:
        placement.check(device, dtype)
    assert str(refused.value).startswith(said)


def test_macs_alone_have_mps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    with pytest.raises(AnimateError, match="only Macs have it"):
        placement.check("mps", "auto")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    placement.check("mps", "auto")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        *(({"batch_size": size}, "; allowed: a whole number from 1 to 256") for size in (0, -1, 1.5, "8", True, 257, 10**9)),
        *(({"name": name}, "; allowed: sprout, sd11") for name in (3, "", b"sprout", ["sprout"])),
        *(({"device": name}, "is not known; allowed: auto, cuda, cuda:1, mps, cpu") for name in ("", None, 3)),
        *(({"dtype": name}, "is not known; allowed: auto, float32, float16, bfloat16") for name in ("", None, torch.float16)),
        *(({"loras": names}, "; allowed: a ") for names in ("ink.safetensors", 3, [3], [""], [None])),
        ({"embeddings": [""]}, "embedding ''; allowed: a file, or a hub id, as a text; or leave it out"),
        ({"vae": ""}, "VAE ''; allowed: a file, or a hub id, as a text; or leave it out"),
        ({"report": None}, "report None; allowed: an animate.Report"),
    ],
)
def test_what_is_no_name_or_number_is_refused_before_anything_is_loaded(given: dict[str, Any], message: str) -> None:
    with pytest.raises(AnimateError) as refused:
        load_model(**given)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)

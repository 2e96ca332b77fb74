"""Compiled kernels: tried before they are trusted, and left alone where they fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from animate import AnimateError, Storyboard, load_model, render
from animate.film.recipe import Made
from animate.film.setup import Setup
from animate.models.families.unet import UNetModel
from animate.models.parts.kernels import Kernels
from animate.report import Report


class Heard(Report):
    def __init__(self) -> None:
        self.warnings = list[str]()

    def warn(self, line: str) -> None:
        self.warnings.append(line)


def counting(calls: list[int], error: float = 0.0) -> Callable[..., Any]:
    """A compiler that changes nothing but its results, by so much."""

    def compiler(graph: torch.fx.GraphModule, inputs: Any) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            calls.append(1)
            return tuple(one + error if isinstance(one, torch.Tensor) and one.is_floating_point() else one for one in graph(*given))

        return run

    return compiler


def batch(model: UNetModel) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
    x = model.noise(0, 64, 64, 2).contiguous(memory_format=torch.channels_last)
    return x, torch.tensor(500), {"encoder_hidden_states": torch.stack([model.embed("a seed").tensors["prompt_embeds"]] * 2)}


@pytest.fixture(autouse=True)
def fresh() -> None:
    torch.compiler.reset()


@torch.inference_mode()
def test_compiled_kernels_that_agree_are_used_whole_and_in_halves(tiny: UNetModel) -> None:
    calls, kernels, heard = list[int](), Kernels(tiny.unet), Heard()
    x, timestep, arguments = batch(tiny)
    plain = kernels.whole(x, timestep, **arguments)
    assert kernels.compile(x, timestep, arguments, heard, counting(calls))
    before = len(calls)
    assert torch.allclose(kernels.whole(x, timestep, **arguments), plain, atol=1e-5)
    assert kernels.split
    begun = kernels.split.begin(x, timestep, **arguments)
    assert torch.allclose(kernels.split.end(begun, kernels.split.deep(begun)), plain, atol=1e-5)
    assert len(calls) >= before + 4
    assert not heard.warnings


@torch.inference_mode()
@pytest.mark.parametrize(
    ("backend", "said"),
    [
        (counting([], 0.5), "predictions differ by"),
        (counting([], float("nan")), "they make no numbers of what plain ones can"),
        ("no such compiler", "InvalidBackend"),
    ],
    ids=["wrong", "nan", "none"],
)
def test_kernels_that_disagree_or_cannot_be_compiled_are_not_used(tiny: UNetModel, backend: Any, said: str) -> None:
    kernels, heard = Kernels(tiny.unet), Heard()
    x, timestep, arguments = batch(tiny)
    plain, split = kernels.whole(x, timestep, **arguments), kernels.split
    assert not kernels.compile(x, timestep, arguments, heard, backend)
    assert torch.equal(kernels.whole(x, timestep, **arguments), plain)
    assert kernels.split is split
    (line,) = heard.warnings
    assert line.startswith("kernels cannot be compiled here (")
    assert line.endswith("); drawing with plain ones")
    assert said in line
    assert "\n" not in line


def _by(compiling: Callable[..., bool], backend: Any) -> Callable[..., bool]:
    return lambda *given: compiling(*given, backend)


def test_numerics_say_what_a_model_draws_with(tiny_folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_ = Kernels.compile
    for backend, kernels in ((counting([]), "compiled"), (counting([], 0.5), "eager")):
        monkeypatch.setattr(Kernels, "compile", _by(compile_, backend))
        model = load_model(str(tiny_folder), device="cpu", batch_size=2, compiled=True, report=Heard())
        assert model.numerics.kernels == kernels
        torch.compiler.reset()
    story = Storyboard.of("a seed", "a tree", frames=4, pace="linear", sampling={"steps": 2, "fast": True})
    assert len([*render(story, model)]) == 4


def test_a_file_is_drawn_again_with_its_kernels() -> None:
    made = Made(model="sprout", fingerprint="0", device="cpu", dtype="float32", batch_size=4, hardware="h", kernels="compiled", versions={})
    assert Setup().like(made, None, Report()).compiled is True  # type: ignore[arg-type]
    assert Setup(compiled=False).like(made, None, Report()).compiled is False  # type: ignore[arg-type]


def test_a_pipelines_own_call_is_not_compiled() -> None:
    from animate.models.families.pipeline import PipelineModel

    model = object.__new__(PipelineModel)
    model.name = "flux"
    with pytest.raises(AnimateError, match="leave --compile out"):
        model.compile(Report())

"""Feedback: films in which every picture begins with the one before."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from animate import AnimateError, Sampling, Storyboard, load_model, render, still
from animate.draw.feedback import Feedback
from animate.film import recipe
from animate.film.pictures import Pictures
from animate.models.families.unet import UNetModel
from animate.plan.cel import MIX_UNIT, Cel, Plan
from animate.plan.chain import HOME, HOMING
from animate.plan.plan import plan
from animate.story.motion import Move, net
from animate.story.resolved import resolved
from animate.story.timeline import timeline
from conftest import Work

FEW = Sampling(steps=4, guidance=2.0)


def story(*keys: Any, **settings: Any) -> Storyboard:
    return Storyboard.of(*keys, **{"frames": 7, "feedback": 0.5, "pace": "linear", "sampling": FEW, **settings})


def planned(*keys: Any, **settings: Any) -> tuple[Plan, list[Cel]]:
    sampling = {"steps": 10, "guidance": 3.0, "sampler": "ddim", **settings.pop("sampling", {})}
    film = resolved(story(*keys, sampling=sampling, **settings), steps=10, guidance=3.0, sampler="ddim", width=64, height=64)
    made = plan(timeline(film), film)
    return made, [made.cels[key] for key in made.order]


def film_of(model: UNetModel, *keys: Any, only: range | None = None, **settings: Any) -> list[np.ndarray]:
    return list(render(story(*keys, **settings), model, frames=only))


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


# --- the chain --------------------------------------------------------------------------------------------------------------


def test_every_cel_begins_with_the_one_before_and_is_anchored_to_its_endpoints() -> None:
    made, shown = planned("a", "b", "c", frames=9, feedback=0.4)
    assert shown[0].start.parents == ()
    for before, after in pairwise(shown):
        first, *targets = (made.cels[parent] for parent in after.start.parents)
        assert first == before
        assert [target.blend.a for target in targets] == [after.blend.a, after.blend.b]
        assert all(target.start.parents == () and target.blend.mix == 0 for target in targets), (
            "the still of an endpoint, which no feedback has touched"
        )
        assert (after.start.step, after.start.shared) == (6, False)
    assert len(made.cels) == 9 + 2, "the stills of b and c; that of a is the first frame"


def test_the_prompt_moves_as_in_any_film() -> None:
    _, shown = planned("a", "b", frames=9)
    assert [cel.blend.parts for cel in shown[1:-1]] == [MIX_UNIT * i // 8 for i in range(1, 8)]


def test_feedback_may_change_with_time() -> None:
    _, shown = planned("a", "b", frames=5, feedback={0: 0.2, 4: 1.0})
    assert [cel.start.step for cel in shown[1:]] == [6, 4, 2, 0]


def test_what_comes_back_is_what_was_there() -> None:
    made, _ = planned("a", "b", frames=12, loop="bounce", zoom=1.1)
    assert list(made.order[7:]) == list(made.order[5:0:-1])
    assert len(set(made.order)) == 7


@pytest.mark.parametrize("frames", [2, 8, 24, 200])
def test_the_last_quarter_of_a_cycle_is_drawn_home(frames: int) -> None:
    made, shown = planned("a", "b", frames=frames, loop="cycle")
    homing = [cel for cel in shown if len(cel.start.parents) == 4]
    assert homing == shown[-max(1, round(HOMING * frames)) :]
    assert all(made.cels[cel.start.parents[-1]] == shown[0] for cel in homing)
    parts = [cel.start.parts for cel in homing]
    assert parts == sorted(set(parts)), "more and more"
    assert parts[-1] == round(HOME * MIX_UNIT), "nearer to the first picture than to the one before"
    assert not any(cel.start.home for cel in shown[: -len(homing)])


def test_the_way_home_is_that_of_the_camera() -> None:
    pan = ("4*cos(2*pi*x)", 0)
    _, shown = planned("a", "b", frames=8, loop="cycle", pan=pan)
    moves = [cel.start.move or Move() for cel in shown]
    for number in (6, 7):
        home, way = shown[number].start.home, net(moves[1 : number + 1])
        assert home is not None
        assert (home.right, home.down, home.zoom) == pytest.approx((way.right, way.down, way.zoom))


# --- what is drawn ----------------------------------------------------------------------------------------------------------


def test_the_first_frame_is_the_exact_still(tiny: UNetModel) -> None:
    made = film_of(tiny, "a seed", "a tree", seed=8)
    assert np.array_equal(made[0], still("a seed", tiny, seed=8, sampling=FEW))
    assert len(made) == len({image.tobytes() for image in made}) == 7


@pytest.mark.parametrize("settings", [{}, {"zoom": 1.05, "rotate": 3}, {"loop": "cycle"}])
def test_the_same_film_again(tiny: UNetModel, settings: dict[str, Any]) -> None:
    one, other = (film_of(tiny, "a seed", "a tree", **settings) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_camera_or_other_feedback_changes_every_picture_but_the_first(tiny: UNetModel) -> None:
    plain = film_of(tiny, "a seed", "a tree", frames=4)
    for change in ({"feedback": 0.75}, {"zoom": 1.1}, {"pan": (0, 3)}, {"rotate": 5}):
        other = film_of(tiny, "a seed", "a tree", frames=4, **change)
        assert [np.array_equal(a, b) for a, b in zip(plain, other, strict=True)] == [True] + [False] * 3


def test_a_film_that_redraws_all_is_a_film_without_feedback(tiny: UNetModel) -> None:
    fed, plain = film_of(tiny, "a seed", "a tree", feedback=1.0), list(render(story("a seed", "a tree").replace(feedback=None), tiny))
    assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(fed, plain, strict=True)), "other batch_size"


def test_part_of_a_chain_draws_what_leads_there_and_no_more(tiny: UNetModel, work: Work) -> None:
    whole = film_of(tiny, "a seed", "a tree", frames=9)
    assert work.samples == 2 * (2 * 4 + 8 * 2), "guided: two stills of four steps, and eight frames of half as many"
    work.samples = 0
    part = film_of(tiny, "a seed", "a tree", frames=9, only=range(2, 4))
    assert work.samples == 2 * (2 * 4 + 3 * 2)
    assert all(np.array_equal(a, b) for a, b in zip(part, whole[2:4], strict=True))


def test_part_of_a_chain_at_an_even_pace_is_that_of_the_whole(tiny: UNetModel) -> None:
    """What leads there lies in segments before, which have a pace, too."""
    keys: dict[str, Any] = {"frames": 9, "pace": "even"}
    whole = film_of(tiny, "a seed", "a tree", "a boat", **keys)
    for only in (range(5, 7), range(8, 9)):
        part = film_of(tiny, "a seed", "a tree", "a boat", only=only, **keys)
        assert all(np.array_equal(a, b) for a, b in zip(part, whole[only.start : only.stop], strict=True))


@pytest.fixture(scope="module")
def sprout() -> UNetModel:
    """Its VAE gives back what it was given; that of a model of random weights gives anything."""
    model = load_model("sprout", device="cpu", batch_size=1)
    assert isinstance(model, UNetModel)
    return model


def test_a_cycle_comes_nearer_to_its_beginning_than_an_open_film(sprout: UNetModel) -> None:
    """Both go through the same blends of prompts."""
    small: dict[str, Any] = {"width": 112, "height": 112}
    closed = film_of(sprout, "an egg", "a hen", frames=8, loop="cycle", **small)
    opened = film_of(sprout, "an egg", "a hen", "an egg", frames=9, **small)[:8]
    assert apart(closed[-1], closed[0]) < 0.8 * apart(opened[-1], opened[0])
    assert all(np.array_equal(a, b) for a, b in zip(closed[:6], opened[:6], strict=True)), "until it is drawn home"


class Counted:
    """How often a method is called, on how many pictures."""

    def __init__(self, model: UNetModel, name: str, monkeypatch: pytest.MonkeyPatch):
        self.method, self.pictures = getattr(model, name), 0
        monkeypatch.setattr(model, name, self)

    def __call__(self, batch: Any) -> Any:
        self.pictures += len(batch)
        return self.method(batch)


@pytest.mark.parametrize("loop", ["none", "cycle"])
def test_every_picture_is_anchored_in_pixels_and_measured_once_more(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    decoded, encoded = (Counted(tiny, name, monkeypatch) for name in ("decode", "encode"))
    film_of(tiny, "a seed", "a tree", loop=loop, frames=8, zoom=1, pan=(0, 0))
    assert encoded.pictures == 2 * 7 + 2, "all but the first, two attempts each; and that of each endpoint, to measure what the VAE takes"
    assert decoded.pictures == 8 + 2 * 7 + 2 * 2 - 1, "shown; anchored, the first attempt; and both of each endpoint's, of which one is shown"


def test_a_camera_encodes_every_picture_once_more_and_decodes_none_that_is_shown(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded, encoded = (Counted(tiny, name, monkeypatch) for name in ("decode", "encode"))
    film_of(tiny, "a seed", "a tree", frames=12, zoom=1.01)
    assert encoded.pictures == 3 * 11 + 2
    assert decoded.pictures == 12 + 2 * 11 + 2 * 2 - 1, "shown, and moved on from; anchored, the first attempt; both of each endpoint's but one"


@pytest.mark.parametrize("between", [0, 3])
def test_in_betweens_of_latents_leave_the_pictures_that_are_moved_on_from(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch, between: int) -> None:
    decoded = Counted(tiny, "decode", monkeypatch)
    film_of(tiny, "a seed", "a tree", frames=6, zoom=1.01, between=between)
    assert decoded.pictures == 6 + between * 5 + 2 * 5 + 2 * 2 - 1


def test_what_the_vae_takes_of_a_picture_is_compensated_for(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one VAE whose latents are pixels, with less contrast: it takes more of pictures that are brighter on the right."""

    def encode(images: np.ndarray) -> torch.Tensor:
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1
        return pixels * (0.8 if pixels[..., 24:].mean() > pixels[..., :24].mean() else 0.9)

    def decode(latents: torch.Tensor) -> np.ndarray:
        return np.asarray(((latents + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1))

    monkeypatch.setattr(tiny, "encode", encode)
    monkeypatch.setattr(tiny, "decode", decode)
    (_, cel, _) = planned("a", "b", frames=3)[1]
    bright_left = torch.linspace(0.4, -0.4, 48) + 0.1 * torch.randn(3, 48, 48, generator=torch.Generator().manual_seed(0))
    drawn = 0.7 * bright_left.flip(-1) + 0.1
    anchored = Feedback(tiny).anchored(cel, (drawn, bright_left, bright_left), drawn)
    assert float(anchored.std() / bright_left.std()) == pytest.approx(1, abs=0.02)
    assert float(anchored.mean() - bright_left.mean()) == pytest.approx(0, abs=0.01)


def test_a_camera_that_pans_shifts_the_picture(sprout: UNetModel) -> None:
    """Measured by where two neighbours correlate most."""
    settings: dict[str, Any] = {"sampling": Sampling(steps=10, guidance=3.0), "width": 112, "height": 112, "frames": 3, "feedback": 0.1}
    for pan in ((8, 0), (0, -8)):
        made = film_of(sprout, "a red house", "a red house", pan=pan, **settings)
        seen = [shift(a, b) for a, b in pairwise(made)]
        assert seen == pytest.approx(np.array([[-pan[0], -pan[1]]] * 2), abs=1), "the camera goes there: what it sees, back"


def shift(a: np.ndarray, b: np.ndarray) -> tuple[int, int]:
    """Pixels to the right and down from a to b, up to half a picture."""
    x, y = (np.fft.fft2(image.mean(-1) - image.mean()) for image in (a, b))
    found = np.fft.ifft2(y * x.conj()).real
    down, right = np.unravel_index(found.argmax(), found.shape)
    height, width = found.shape
    return int((right + width // 2) % width - width // 2), int((down + height // 2) % height - height // 2)


def test_only_a_few_pictures_are_held(tiny: UNetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoded pictures are large, and a film has any number of endpoints: what was used last is kept."""
    from animate.draw import feedback

    instances: list[feedback.Feedback] = []
    begin = feedback.Feedback.__init__

    def noted(self: feedback.Feedback, model: UNetModel) -> None:
        begin(self, model)
        instances.append(self)

    monkeypatch.setattr(feedback, "KEPT_STATISTICS", 3)
    monkeypatch.setattr(feedback.Feedback, "__init__", noted)
    film_of(tiny, "a", "b", "c", "d", "e", frames=15, pan=("4*cos(2*pi*x)", 0), loop="cycle")
    assert [(len(one.firsts), len(one.endpoints)) for one in instances] == [(1, 3)]


# --- what is refused --------------------------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"feedback": 0}, r"feedback: 0; allowed: .* to 1"),
    ({"feedback": 1.5}, r"feedback: 1.5; allowed: .* to 1"),
    ({"feedback": -0.1}, r"feedback: -0.1; allowed: .* to 1"),
    ({"feedback": 0.1}, r"feedback 0.1 of 4 steps is none; raise --feedback or --steps"),
    ({"feedback": {0: 0.5, 8: 0.6}}, r"feedback: 8 is past the end of 7 frames"),
    ({"feedback": "0.5 if f < 3 else 0"}, r"feedback at frame 3 is 0; allowed"),
    ({"feedback": "__import__('os').getcwd()"}, r"feedback .* is no arithmetic; allowed: numbers"),
    ({"zoom": 0}, r"zoom: 0; allowed: 0.25 to 4"),
    ({"zoom": "open(1)"}, r'zoom "open\(1\)": "open" is not known; allowed: numbers'),
    ({"zoom": {0: 1, "200%": 2}}, r"200%.* past the end"),
    ({"pan": (1, "t.real")}, r"pan down .* is no arithmetic"),
    ({"pan": (float("nan"), 0)}, r"pan"),
    ({"rotate": 400}, r"rotate: 400; allowed: -360 to 360"),
    ({"feedback": None, "zoom": 1.1}, r"zoom without feedback: the camera moves the picture before; say feedback"),
    ({"loop": "cycle", "zoom": 1.1}, r"the camera does not come back to where it began.* --loop bounce"),
    ({"loop": "cycle", "pan": (1, 0)}, r"the camera does not come back"),
]


@pytest.mark.parametrize(("settings", "said"), REFUSED)
def test_what_cannot_be_fed_back_is_one_line_before_anything_is_drawn(tiny: UNetModel, work: Work, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(AnimateError, match=said) as refused:
        render(story("a seed", "a tree", **settings), tiny)
    assert "\n" not in str(refused.value)
    assert work.samples == 0


@pytest.mark.parametrize(
    ("loop", "guidance"),
    [("cycle", {0: 3, 12: 5, 24: 3}), ("cycle", "3 + sin(2*pi*x)"), ("bounce", {0: 3, 12: 5}), ("bounce", "n"), ("none", {0: 2, 23: 4})],
)
@pytest.mark.parametrize("feedback", [None, 0.5])
def test_guidance_over_time_is_that_of_the_timeline_from_the_first_frame_on(loop: str, guidance: Any, feedback: float | None) -> None:
    sampling = {"steps": 10, "sampler": "ddim", "guidance": guidance}
    asked = Storyboard.of("a", "b", frames=24, loop=loop, feedback=feedback, sampling=sampling)
    film = resolved(asked, steps=10, guidance=3.0, sampler="ddim", width=64, height=64)
    frames = timeline(film)
    made = plan(frames, film)
    assert [made.cels[key].blend.guidance for key in made.order] == pytest.approx([frame.guidance for frame in frames])


# --- recipes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"feedback": None}, {}, {"feedback": None, "sampling": {"steps": 4, "guidance": 2.0, "sharing": 0.8}}])
def test_a_recipe_has_the_pace_and_draws_the_same_pixels_without_a_probe(tiny: UNetModel, settings: dict[str, Any]) -> None:
    first = render(story("a seed", "a tree", frames=9, **{**settings, "pace": "even"}), tiny)
    drawn = list(first)
    assert first.probes > 0
    noted = recipe.unpack(first.recipe.pack())
    assert noted.curves == first.recipe.curves
    again = render(noted.storyboard, tiny, curves=noted.curves)
    assert all(np.array_equal(a, b) for a, b in zip(again, drawn, strict=True))
    assert again.probes == 0
    assert again.recipe.curves == noted.curves


@pytest.fixture(scope="module")
def circle(tiny: UNetModel) -> tuple[Pictures, list[np.ndarray]]:
    """A film of one prompt, drawn, and its images."""
    film = render(Storyboard.of("a tree", frames=8, loop="cycle", sampling=FEW), tiny)
    return film, list(film)


def test_a_circle_of_one_prompt_is_drawn_again_from_its_recipe(tiny: UNetModel, circle: tuple[Pictures, list[np.ndarray]]) -> None:
    first, drawn = circle
    noted = recipe.unpack(first.recipe.pack())
    assert len(noted.curves) == 4, "one for each quarter"
    assert all(np.array_equal(a, b) for a, b in zip(render(noted.storyboard, tiny, curves=noted.curves), drawn, strict=True))


def test_curves_of_another_film_are_refused(circle: tuple[Pictures, list[np.ndarray]]) -> None:
    """A circle has four, and its recipe names one keyframe."""
    first, _ = circle
    damaged = first.recipe.model_copy(update={"curves": first.recipe.curves[:2]})
    with pytest.raises(ValueError, match="curves that are none of this film"):
        recipe.unpack(damaged.pack())

"""The camera: pictures after a move, and moves that come back."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft
from torch import Tensor

from animate.draw.camera import warp
from animate.story.motion import Move, net, returns


def waves(height: int, width: int, move: Move | None = None) -> Tensor:
    """Smooth waves that a mirror continues, another in each channel, as a camera after this move sees them, worked out by hand."""
    y, x = torch.meshgrid(torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij")
    if move:
        angle = math.radians(move.turn)
        x, y = (math.cos(angle) * x - math.sin(angle) * y) / move.zoom, (math.sin(angle) * x + math.cos(angle) * y) / move.zoom
        x, y = x + move.right, y + move.down
    across, along = math.pi * (x / width + 0.5), math.pi * (y / height + 0.5)
    return torch.stack([torch.cos(a * across) * torch.cos(b * along) for a, b in ((3, 2), (1, 4), (5, 1))])


def spot(side: int) -> Tensor:
    """A soft one, eight pixels right of the middle."""
    place = torch.arange(side) - (side - 1) / 2
    return torch.exp(-((place - 8) ** 2 + place[:, None] ** 2) / 32)[None]


def textured(side: int, seed: int = 0) -> Tensor:
    """The spectrum of photographs, with hard edges in it: (3, side, side), -1..1."""
    noise = torch.fft.rfft2(torch.randn(3, side, side, generator=torch.Generator().manual_seed(seed)))
    frequency = torch.sqrt(torch.fft.fftfreq(side)[:, None] ** 2 + torch.fft.rfftfreq(side) ** 2).clamp_min(1 / side)
    picture = torch.fft.irfft2(noise / frequency, s=(side, side))
    picture *= 0.3 / picture.std()
    picture[:, side // 4 : side // 2, side // 4 : side // 2] += 0.5
    return torch.clamp(picture, -1, 1)


def sharpness(picture: Tensor) -> float:
    """Of the steps between neighbours, the root mean square."""
    return float(((picture.diff(dim=-1)[..., 1:, :] ** 2 + picture.diff(dim=-2)[..., 1:] ** 2).mean()) ** 0.5)


def repeated(picture: Tensor, move: Move, times: int) -> Tensor:
    for _ in range(times):
        picture = warp(picture, move)
    return picture


# --- what the camera sees -------------------------------------------------------------------------------------------------


def test_without_a_move_the_picture_is_the_same_object() -> None:
    picture = textured(16)
    assert warp(picture, Move()) is picture


@pytest.mark.parametrize(
    "move",
    [
        Move(right=3),
        Move(down=-2.4),
        Move(zoom=1.3),
        Move(zoom=0.8),
        Move(turn=30),
        Move(turn=-90),
        Move(1.1, 2.5, -1.5, 20),
        Move(0.9, -3, 2, 200),
        *(Move(right=1.3, down=0.4, turn=turn) for turn in (7, 45, 97, 187, -91)),
    ],
)
@pytest.mark.parametrize("size", [(48, 64), (65, 49)])
def test_every_pixel_shows_what_lies_where_it_looks(move: Move, size: tuple[int, int]) -> None:
    off = (warp(waves(*size), move) - waves(*size, move)).abs()
    assert off.max() < 0.02, "no value leaves the range of the picture, which the waves do between its pixels"
    assert off.mean() < 0.0005


def test_what_is_seen_goes_against_the_camera() -> None:
    picture = spot(49)
    still, right, down, turned, near = (
        divmod(int(warp(picture, move).argmax()), 49) for move in (Move(), Move(right=4), Move(down=4), Move(turn=90), Move(zoom=2))
    )
    assert right == (still[0], still[1] - 4)
    assert down == (still[0] - 4, still[1])
    assert turned[0] < 24 - 6, "the camera turned clockwise: what was on the right is above"
    assert near[1] > still[1] + 6


def test_borders_are_reflected() -> None:
    seen = warp(textured(32), Move(zoom=0.5))
    middle, left = seen[:, 8:24, 8:16], seen[:, 8:24, :8]
    assert (left - middle.flip(-1)).abs().mean() < 0.03
    far = warp(textured(32), Move(right=64))  # two pictures on, a mirror of a mirror
    assert (far - textured(32)).abs().mean() < 0.06


def test_fifty_moves_of_part_of_a_pixel_keep_a_picture_sharp_and_burn_nothing_in() -> None:
    picture = textured(128)
    seen = repeated(picture, Move(right=0.4, down=0.2), 50)[:, 10:-30, 10:-40]
    wanted = picture[:, 20:-20, 30:-20]
    assert 0.85 < sharpness(seen) / sharpness(wanted) <= 1
    assert 10 * math.log10(4 / (seen - wanted).square().mean()) > 33
    grid = F.affine_grid(torch.tensor([[[1, 0, 0.8 / 128], [0, 1, 0.4 / 128]]]), [1, 3, 128, 128], align_corners=False)
    burnt = picture[None]
    for _ in range(50):
        burnt = F.grid_sample(burnt, grid, "bicubic", "reflection", align_corners=False)
    assert sharpness(burnt[0, :, 10:-30, 10:-40]) / sharpness(wanted) > 1.3, "as the usual way does"


@pytest.mark.parametrize(
    ("there", "back"), [(Move(right=0.5), Move(right=-0.5)), (Move(zoom=1.02), Move(zoom=1 / 1.02)), (Move(turn=1.3), Move(turn=-1.3))]
)
def test_fifty_moves_there_and_back_neither_blur_nor_sharpen(there: Move, back: Move) -> None:
    picture = textured(96)
    seen, wanted = picture, picture[:, 20:-20, 20:-20]
    for _ in range(25):
        seen = warp(warp(seen, there), back)
    seen = seen[:, 20:-20, 20:-20]
    assert 0.89 < sharpness(seen) / sharpness(wanted) <= 1
    assert 10 * math.log10(4 / (seen - wanted).square().mean()) > 32


@pytest.mark.parametrize("turn", [1, 5])
def test_a_turn_keeps_what_can_be_kept_of_the_finest(turn: float) -> None:
    """Of pixels of noise, as they are when the same picture is turned with sixteen times as many pixels, and made smaller."""

    def smaller(picture: Tensor) -> Tensor:
        waves = fft.dctn(picture.numpy(), axes=(-2, -1), norm="forward")[:, :64, :64]
        return torch.from_numpy(fft.idctn(waves, axes=(-2, -1), norm="forward"))

    large = torch.randn(3, 256, 256, generator=torch.Generator().manual_seed(0))
    wanted, picture = smaller(warp(large, Move(turn=turn))), smaller(large)
    off = (warp(picture, Move(turn=turn)) - wanted)[:, 12:-12, 12:-12]
    assert float(off.std() / picture.std()) < 0.3, "the highest frequencies fade: a tenth of them in each direction"


@pytest.mark.parametrize("move", [Move(right=0.4, down=-1.3), Move(zoom=1.1, right=2), Move(zoom=0.7)])
def test_a_camera_that_hardly_turns_sees_what_one_sees_that_does_not(move: Move) -> None:
    """They are computed in two ways."""
    picture = textured(64)
    assert (warp(picture, replace(move, turn=1e-5)) - warp(picture, move)).abs().mean() < 0.001


def test_two_hundred_steps_nearer_are_as_sharp_as_one_leap() -> None:
    picture = textured(80)
    leap, steps = warp(picture, Move(zoom=1.002**200)), repeated(picture, Move(zoom=1.002), 200)
    assert 0.88 < sharpness(steps) / sharpness(leap) <= 1.02


@pytest.mark.parametrize("move", [Move(zoom=0.98), Move(right=0.4, down=0.3), Move(turn=2.0), Move(0.99, 1, 1, 1)])
def test_what_comes_in_over_the_border_does_not_ring(move: Move) -> None:
    picture = textured(96)
    assert sharpness(repeated(picture, move, 60)) < sharpness(picture)


def test_going_farther_away_does_not_alias() -> None:
    board = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).float().expand(3, 64, 64) * 2 - 1
    stripes = torch.cos(math.pi * 30 / 64 * (torch.arange(64) + 0.5)).expand(3, 64, 64)
    for fine in (board, stripes):
        assert warp(fine, Move(zoom=0.4)).abs().mean() < 0.005


moves = st.builds(Move, zoom=st.floats(0.5, 2), right=st.floats(-50, 50), down=st.floats(-50, 50), turn=st.floats(-360, 360))


@given(moves, st.integers(0, 99), st.integers(8, 24), st.integers(8, 24))
def test_no_value_leaves_the_range_of_its_channel(move: Move, seed: int, height: int, width: int) -> None:
    picture = torch.randn(3, height, width, generator=torch.Generator().manual_seed(seed))
    seen = warp(picture, move)
    assert torch.isfinite(seen).all()
    assert (seen <= picture.amax((-2, -1), keepdim=True)).all()
    assert (seen >= picture.amin((-2, -1), keepdim=True)).all()


def test_pictures_of_a_batch_are_moved_alike_and_numbers_keep_their_kind() -> None:
    pictures = torch.stack([textured(32), textured(32, seed=1)])
    seen = warp(pictures, Move(1.1, 2, 1, 5))
    assert seen.shape == pictures.shape
    assert torch.allclose(seen[1], warp(pictures[1], Move(1.1, 2, 1, 5)), atol=1e-6)
    assert warp(pictures.half(), Move(zoom=1.1)).dtype == torch.float16


@pytest.mark.parametrize(
    ("moves", "closed"),
    [
        ([], True),
        ([Move()] * 48, True),
        ([Move(right=2)] * 24 + [Move(right=-2)] * 24, True),
        ([Move(turn=7.5)] * 48, True),
        ([Move(turn=7.5, right=3)] * 48, True),  # around a circle
        ([Move(zoom=1.02)] * 24 + [Move(zoom=1 / 1.02)] * 24, True),
        ([Move(zoom=2), Move(right=4), Move(zoom=0.5), Move(right=-2)], True),  # four pixels when near are two when far
        ([Move(zoom=2), Move(right=4), Move(zoom=0.5), Move(right=-4)], False),
        ([Move(right=0.01)] * 48, True),
        ([Move(right=0.02)] * 48, False),
        ([Move(down=-0.02)] * 48, False),
        ([Move(zoom=1.00001)] * 48, True),
        ([Move(zoom=1.0001)] * 48, False),
        ([Move(turn=0.5)] * 48, False),
        ([Move(turn=3.75)] * 48, False),  # upside down
    ],
)
def test_a_camera_returns_if_its_moves_cancel(moves: list[Move], closed: bool) -> None:
    assert returns(moves) is closed


@given(st.lists(moves, max_size=5))
def test_a_way_back_step_by_step_returns(there: list[Move]) -> None:
    back = []
    for move in reversed(there):
        undone = [Move(zoom=1 / move.zoom), Move(turn=-move.turn), Move(right=-move.right, down=-move.down)]
        back += undone
    assert returns([*there, *back])


@given(st.lists(moves, min_size=1, max_size=6))
def test_one_move_stands_for_several(several: list[Move]) -> None:
    place = complex(3, -7)
    seen = place
    for move in several:
        seen = move.scale_and_turn * (seen - complex(move.right, move.down))
    whole = net(several)
    assert abs(whole.scale_and_turn * (place - complex(whole.right, whole.down)) - seen) < 1e-6 * (1 + abs(seen))


@settings(max_examples=20)
@given(st.lists(st.builds(Move, st.floats(0.95, 1.05), st.floats(-2, 2), st.floats(-2, 2), st.floats(-10, 10)), min_size=1, max_size=4))
def test_moves_that_return_show_the_same_picture(there: list[Move]) -> None:
    """In the middle, which no such moves carry to the border: its corners, 17 pixels out, come at the most (17 + 4 * 2.8) * 1.05**4 = 35 far."""
    seen = picture = waves(96, 96)
    for move in there:
        seen = warp(seen, move)
    for move in reversed(there):
        for undone in (Move(zoom=1 / move.zoom), Move(turn=-move.turn), Move(right=-move.right, down=-move.down)):
            seen = warp(seen, undone)
    assert (seen - picture).abs()[:, 36:-36, 36:-36].max() < 0.002

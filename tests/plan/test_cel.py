"""Cels as values: keys that hold for years, plans that draw nothing twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from animate.plan.cel import MIX_UNIT, Blend, Cel, Endpoint, Start
from animate.story.motion import Move

SEED, TREE = Endpoint("a seed", "", 0, 7.5), Endpoint("a tree", "leaves", 8, 2.0)
FAR = Endpoint("a seed", "", 1, 7.5, opposite=True)
PHOTO = Endpoint("", "", 0, 0.0, image="0123456789abcdef")
PLAIN = Cel(Blend(SEED, SEED, 0), 12, "ddim", 128, 128)
HALF = replace(PLAIN, blend=Blend(SEED, TREE, MIX_UNIT // 2))

# What stores on people's disks are keyed by. A key that changes here makes all of them be drawn again: raise KEY_VERSION and say so.
KEYS = {
    "a still": (PLAIN, "f397350156e1a317cb595609dc51d8b6"),
    "half-way": (HALF, "56ee4e8e315c545ea90351b2a624efaf"),
    "a third": (replace(PLAIN, blend=Blend(SEED, TREE, MIX_UNIT // 3)), "c3394cbe3c0ad66fc1a3741c889ee081"),
    "another sampler": (replace(PLAIN, sampler="euler-a", steps=25), "bea618dfa55b1ffe9f67fe6faec4df01"),
    "another size": (replace(PLAIN, width=512, height=768), "083ffa95c8afe2453840c52200c1d620"),
    "eta": (replace(PLAIN, eta=0.5), "df0eb124fe80dda4d4675a1dcc5f4160"),
    "the far side of a circle": (replace(PLAIN, blend=Blend(FAR, SEED, 7)), "98f0210d5e9c35d7ca0944d1bac38352"),
    "an image": (replace(PLAIN, blend=Blend(PHOTO, PHOTO, 0), start=Start(12)), "0bb1cea0cc75d11605ef400a98210354"),
    "a branch, left early": (
        replace(HALF, start=Start(4, (PLAIN.key, HALF.key), MIX_UNIT // 2, shared=True), stop=8),
        "42ec67dc0ebf6dcbdf2c9119e4b71e1e",
    ),
    "fed back": (
        replace(HALF, start=Start(7, (PLAIN.key, PLAIN.key, HALF.key, PLAIN.key), 99, Move(1.01, 2.0), Move(right=3.5))),
        "6dcc221e486d73398c8bebcadfd82334",
    ),
}


@pytest.mark.parametrize("name", KEYS)
def test_the_keys_of_these_cels_never_change(name: str) -> None:
    cel, key = KEYS[name]
    assert cel.key == key


def test_every_field_is_part_of_the_key() -> None:
    assert len({cel.key for cel, _ in KEYS.values()}) == len(KEYS)


def test_what_is_default_is_left_out_of_the_key() -> None:
    """So that a field that is added later, with a default that draws what was drawn before, keeps stores warm."""
    assert replace(PLAIN, eta=0.0, start=Start(), stop=None).key == PLAIN.key
    assert replace(HALF, blend=Blend(replace(SEED, strength=0.0, image=""), TREE, MIX_UNIT // 2)).key == HALF.key


def test_equal_numbers_of_other_types_have_one_key() -> None:
    assert replace(PLAIN, start=Start(step=0), eta=0).key == PLAIN.key

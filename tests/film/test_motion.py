"""How films move: the benchmark's arithmetic, and quick variants of what it measures. The whole of it is tests/benchmarks/motion.py."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from animate import Storyboard, load_model
from animate.measure.distance import structure
from animate.measure.score import score
from animate.models.families.unet import UNetModel
from benchmarks import motion
from benchmarks.motion import Bench, Followed, Pair, Target
from conftest import Work

pytestmark = pytest.mark.filterwarnings("ignore::animate.AnimateWarning")  # the tiny tokenizer knows few words, and paths may jump


@pytest.fixture
def bench(tiny: UNetModel, tmp_path: Path) -> Bench:
    return Bench(tiny, tmp_path / "work", frames=8, steps=3)


@pytest.fixture(scope="module")
def sprout() -> UNetModel:
    model = load_model("sprout", device="cpu")
    assert isinstance(model, UNetModel)
    return model


# --- what it promises, quickly ----------------------------------------------------------------------------------------------


def test_an_even_pace_is_smoother_than_a_linear_one(sprout: UNetModel, tmp_path: Path) -> None:
    """Judged by the distance that it is not tuned on. At its full size the median over 50 pairs is to be 0.90."""
    part = motion.pace(Bench(sprout, tmp_path, frames=12, steps=8), motion.pairs(2))
    assert set(part.facts) == {"a seed > a tree", "a red house > a blue house"}
    for row in part.facts.values():
        assert row["even"]["smoothness"] > row["linear"]["smoothness"] + 0.1
        assert row["even"]["smoothness"] > 0.8
        assert row["even"]["jump"] <= 2 < row["linear"]["jump"]
        assert row["linear"]["extra"] == 0 < row["even"]["extra"]


def test_faults_of_films_made_as_others_make_them_are_named_and_ours_have_none(bench: Bench) -> None:
    part = motion.peers(bench)
    assert len(part.targets) == 2
    assert all(target.reached for target in part.targets), part.lines
    for name, said in motion.FAULTS.items():
        assert [line for line in part.lines if line.startswith(f"{name}, theirs: {said}")]
        assert f"{name}, ours: no fault found" in part.lines


def test_feedback_stays_nearer_to_its_target_with_an_anchor_than_without(sprout: UNetModel, tmp_path: Path) -> None:
    """At its full size, 200 frames, colour and contrast are to stay within 3 %, sharpness within 10 %."""

    class Linear(Bench):
        """Without probes of the pace, which take twice as long as these films."""

        def story(self, *prompts: str, sampling: Mapping[str, Any] | None = None, **settings: Any) -> Storyboard:
            return super().story(*prompts, sampling=sampling, pace="linear", **settings)

    part = motion.feedback(Linear(sprout, tmp_path / "work", steps=4, renders=tmp_path / "renders"), 8, motion.ROUND)
    held, loose = (part.facts[name]["worst"] for name in ("feedback", "without anchor"))
    assert all(held[name] < loose[name] for name in ("colour", "contrast", "sharpness"))
    assert held["colour"] < 4
    assert len(part.facts["feedback"]["looks"]) == len(part.facts["feedback"]["target"]) == 8
    assert {path.name for path in (tmp_path / "renders").iterdir()} == {"feedback.png", "plain-feedback.gif"}


def test_loops_are_measured_at_their_seams(bench: Bench) -> None:
    part = motion.loops(bench, 8)
    assert len(part.facts) == len(part.targets) == 4
    assert all(target.reached for target in part.targets[:2]), "without feedback, every step is like any other"


def test_trees_begin_and_end_exactly_and_a_trunk_does_not(bench: Bench) -> None:
    part = motion.sharing(replace(bench, steps=6), [Pair("series", "a seed", "a tree")])
    rows = {name: row[0] for name, row in part.facts.items()}
    assert rows["exact"]["work"] == 1
    assert all(rows[name][end] == 0 for name in ("exact", "tree 0.3", "tree 0.6", "tree 0.9") for end in ("first", "last"))
    assert rows["trunk 0.2"]["last"] > 0
    assert rows["trunk 0.2"]["work"] == pytest.approx((8 * 5 + 4) / (8 * 6)), "a batch of trunks, and a step less for every frame"


# --- its arithmetic ---------------------------------------------------------------------------------------------------------


def test_there_are_fifty_pairs_of_every_kind_and_sprout_knows_their_words(sprout: UNetModel) -> None:
    asked = motion.pairs(1000)
    assert len(asked) == len(set(map(str, asked))) == 50
    assert Counter(pair.kind for pair in asked) == {kind: len(said) for kind, said in motion.PAIRS.items()}
    assert {pair.kind for pair in asked[:7]} == set(motion.PAIRS)
    assert asked[:3] == motion.pairs(3)
    assert sprout.text.warnings([prompt for pair in asked for prompt in pair[1:]] + [*motion.YEAR, *motion.ROUND]) == []


@pytest.mark.parametrize("settings", [{}, {"pace": "linear"}, {"feedback": 0.7}, {"sampling": {"sharing": 0.9}}])
def test_work_is_what_the_unet_is_given(bench: Bench, work: Work, settings: dict[str, object]) -> None:
    bench = replace(bench, steps=8)
    story = bench.story("a seed", "a tree", frames=6, **settings)  # type: ignore[arg-type]
    made = motion.seen(bench.film(story), bench.measure)
    assert work.samples == made.samples + made.probing
    assert (made.probing == 0) == ("pace" in settings)
    again = motion.seen(bench.film(story), bench.measure)
    assert (again.samples, again.probing) == (made.samples, made.probing), "however much of it is kept"


def test_a_batch_counts_whole(bench: Bench) -> None:
    story = bench.story("a seed", "a tree", frames=5, pace="linear")
    assert motion.seen(bench.film(story), bench.measure).samples == 2 * 2 * 4 * 3, "two batches of four, three steps, guided"


def test_a_crossfade_goes_from_one_end_to_the_other_and_blurs_half_way() -> None:
    first, last = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    faded = list(motion.crossfade(first, last, 9))
    assert len(faded) == 9
    assert np.array_equal(faded[0], first)
    assert np.array_equal(faded[-1], last)
    assert score(faded, structure).mid_sharpness == pytest.approx(0.71, abs=0.03)


def test_what_is_off_is_in_percent_of_the_target(bench: Bench, tmp_path: Path) -> None:
    target = np.array([[100.0, 50.0, 30.0, 40.0, 8.0, 0.0]] * 2)
    looks = target + np.array([[0.0] * 6, [-6.0, 3.0, 0.0, 4.0, -2.0, 0.5]])
    film = motion.seen(bench.film(bench.story("a seed", "a tree", frames=2)), bench.measure)
    assert Followed(film, looks, target).worst == pytest.approx({"colour": 10.0, "contrast": 10.0, "sharpness": 25.0})


def test_a_target_says_whether_it_is_reached() -> None:
    assert str(Target("smoothness", 0.912, 0.90, True)) == "reached: smoothness 0.912 (>= 0.9)"
    assert str(Target("jump", 2.34, 2.0, False)) == " MISSED: jump 2.34 (<= 2)"


def test_columns_are_aligned() -> None:
    lines = motion.table(("", "a figure"), [("one", "1"), ("and another", "100")])
    assert lines == ["             a figure", "one                 1", "and another       100"]


def test_the_command_prints_its_tables_and_fails_when_a_target_is_missed(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(motion, "_pace_targets", lambda rows: [Target("smoothness", rows[motion.pairs(1)[0]]["even"]["smoothness"], 2.0, True)])
    words = ["--model", str(tiny_folder), "--pairs", "1", "--frames", "5", "--steps", "1", "--only", "pace", "--json", str(tmp_path / "all.json")]
    monkeypatch.setattr(sys, "argv", ["motion.py", *words, "--work", str(tmp_path / "work"), "--renders", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        motion.main()
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "pace, 1 pairs, judged by structure" in out
    assert " MISSED: smoothness" in out
    facts = json.loads((tmp_path / "all.json").read_text())
    assert facts["model"] == str(tiny_folder)
    assert set(facts["pace"]["figures"]["a seed > a tree"]) == {"kind", "linear", "even", "cross-fade"}
    assert (tmp_path / "linear-even.gif").exists()

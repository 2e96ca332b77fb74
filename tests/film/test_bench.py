"""How fast a machine draws: what is measured is reckoned with rightly. Nothing here depends on a clock."""

import json
from dataclasses import replace

import pytest

from animate.cli import main
from animate.film import bench
from animate.film.bench import Fast, Speed
from animate.models.families.unet import UNetModel
from animate.report import Report
from conftest import Work

SPEED = Speed(sample={1: 0.5, 2: 0.2, 4: 0.25}, decode=0.1, batch_size=4, steps=10, probe=0.125, probes=16)


def test_a_film_takes_whole_batches_its_decoding_and_its_probes() -> None:
    assert SPEED.picture == pytest.approx(10 * 0.25 + 0.1)
    probes = 16 * 10 * 0.25 * 0.125
    assert SPEED.film(4) == pytest.approx(4 * 10 * 0.25 + 4 * 0.1 + probes)
    assert SPEED.film(5) == pytest.approx(8 * 10 * 0.25 + 5 * 0.1 + probes), "the second batch is drawn as a whole"
    assert SPEED.quickest == 2
    assert [frames for frames, _ in bench.lengths(SPEED)] == [24, 100, 1000]


def test_a_fast_film_takes_its_anchors_and_a_part_of_the_others() -> None:
    speed = replace(SPEED, lent=0.05, fast={24: Fast(8, 0.75)})
    assert speed.fast_film(24) == pytest.approx(10 * 0.75 * (8 * 0.25 + 16 * 0.05) + 24 * 0.1 + 16 * 10 * 0.25 * 0.125)


def test_every_size_of_a_batch_is_drawn_and_the_first_of_each_is_not_counted(tiny: UNetModel, work: Work) -> None:
    speed = bench.measure(tiny, None, None, Report())
    assert [*speed.sample] == [1, 2, 4]
    assert speed.batch_size == 4
    assert work.samples == 2 * bench.STEPS * (1 + bench.ROUNDS) * (1 + 2 + 4), "guided; what lends and what borrows runs in halves, not counted here"
    assert speed.lent, "the batch that borrows is timed by itself"
    assert [of.anchors for of in speed.fast.values()] == [8, 8, 80]
    assert speed.probe == pytest.approx(6 / 25 / 2), "of 25 steps by four, without guidance"
    assert all(seconds > 0 for seconds in (*speed.sample.values(), speed.decode))


def test_a_batch_size_that_is_no_power_of_two_is_the_last(tiny_folder: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--model", str(tiny_folder), "--batch-size", "3", "--json"])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    assert [*told["step_seconds"]] == ["1", "2", "3"]
    assert told["batch_size"] == 3
    assert told["frames_an_hour"] > 0


def test_it_is_told_in_lines(tiny_folder: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "--model", str(tiny_folder), "--batch-size", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert lines[5].startswith("with --fast, ")
    assert lines[2].endswith("films are drawn in these")
    assert "an hour gives" in lines[-1]

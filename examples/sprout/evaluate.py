"""How well sprout follows its prompts, by figures: the table in its model card.

    python examples/sprout/evaluate.py            all figures, a quarter of an hour on two cores; writes them into the card
    python examples/sprout/evaluate.py --model /tmp/toy/model --count 20 --pictures 200 --no-card

- Pictures for captions whose combination of attributes was held out of training, judged by a classifier trained on other seeds;
  beside it, how often that classifier is right about freshly drawn scenes.
- PSNR of the VAE on fresh scenes.
- The same pictures in 4, 8, 16 and 50 steps.
- Frames a quarter, a half and three quarters of the way between 50 pairs of prompts: a stage of their series or one of both ends, or mush?
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import animate
import judge
import scenes
from animate import Sampling
from animate.film.render import render
from animate.film.stills import stills
from animate.models.base import Model
from animate.models.weights.catalog import CATALOG
from animate.story import storyboard
from job import VOCABULARY
from judge import Judge, asked

HERE = Path(__file__).resolve().parent
MARKS = "<!-- figures: written by examples/sprout/evaluate.py -->", "<!-- end of figures -->"
STEPS = (4, 8, 16, 50)
SETTING = ("place", "time", "weather")


def pictures(model: Model, captions: Sequence[str], steps: int | None = None) -> np.ndarray:
    """A picture for each caption, its number as its seed: uint8 (N, H, W, 3)."""
    keys = [{"prompt": caption, "seed": seed} for seed, caption in enumerate(captions)]
    story = storyboard.build({"keyframes": keys, "frames": max(2, len(keys)), "loop": "cycle", "sampling": Sampling(steps=steps)})
    return np.stack(list(stills(story, story.keyframes, model, model.numerics.batch_size)))


def right(said: Sequence[dict[str, Any]], drawn: Sequence[scenes.Scene]) -> dict[str, float]:
    """Shares of the attributes that are as the captions have them, in percent; a setting is right if all of it is."""
    marks: dict[str, list[bool]] = {name: [] for name in ("subject", "color", "setting", *SETTING, "count")}
    for answer, scene in zip(said, drawn, strict=True):
        for name in ("subject", "color", *SETTING, "count"):
            if (wanted := asked(scene, name)) is not None:
                marks[name].append(answer[name] == wanted)
        marks["setting"].append(all(answer[name] == asked(scene, name) for name in SETTING))
    return {name: round(100 * float(np.mean(found)), 1) for name, found in marks.items() if found}


def held_out(subjects: tuple[str, ...], count: int) -> tuple[list[scenes.Scene], list[str]]:
    """Scenes of combinations that training never showed, every subject as often, and a caption of each."""
    rng = np.random.default_rng((judge.SEEDS, 10**6))
    drawn = [scenes.seen_scene(rng, [subjects[i % len(subjects)]], held_out=True) for i in range(count)]
    return drawn, [scenes.caption(scene, rng) for scene in drawn]


def per_subject(said: Sequence[dict[str, Any]], drawn: Sequence[scenes.Scene]) -> list[dict[str, Any]]:
    """Worst first: subject, pictures, share right, and what it was taken for most often."""
    rows = []
    for name in dict.fromkeys(scene.subject for scene in drawn):
        answers = [answer["subject"] for answer, scene in zip(said, drawn, strict=True) if scene.subject == name]
        wrong = [answer for answer in answers if answer != name]
        taken = max(set(wrong), key=wrong.count) if wrong else ""
        rows.append({"subject": name, "pictures": len(answers), "right": round(100 * (1 - len(wrong) / len(answers)), 1), "taken for": taken})
    return sorted(rows, key=lambda row: row["right"])


def steps_side_by_side(model: Model, judged: Judge, drawn: list[scenes.Scene], captions: list[str], path: Path) -> list[dict[str, Any]]:
    """The same noise in few and in many steps: figures, distance to the longest in grey levels, and a picture of ten."""
    made = {steps: pictures(model, captions, steps) for steps in STEPS}
    rows = [np.concatenate(list(made[steps][:10]), 1) for steps in STEPS]
    Image.fromarray(np.concatenate(rows)).save(path)
    last = made[STEPS[-1]].astype(float)
    distance = {steps: round(float(np.abs(made[steps] - last).mean()), 2) for steps in STEPS}
    return [{"steps": steps, **right(judged.says(made[steps]), drawn), "grey levels": distance[steps]} for steps in STEPS]


def pairs(subjects: tuple[str, ...], count: int) -> list[tuple[scenes.Scene, scenes.Scene]]:
    """Half within series (neighbours, and first to last), half one subject in two settings or colours; prompts as people type them."""
    rng = np.random.default_rng((judge.SEEDS, 2 * 10**6))
    found: list[tuple[scenes.Scene, scenes.Scene]] = []
    series = [family for name in subjects if len(family := scenes.family(name, subjects)) > 1 and family[0] == name]
    for family in series:
        ends = [*pairwise(family), (family[0], family[-1])]
        found += [(scenes.Scene(a), scenes.Scene(b)) for a, b in dict.fromkeys(ends)]
    found = [found[i] for i in rng.permutation(len(found))][: count // 2]
    while len(found) < count:
        first = scenes.seen_scene(rng, subjects)
        found.append((first, scenes.seen_scene(rng, [first.subject])))
    return found


def in_between(model: Model, judged: Judge, subjects: tuple[str, ...], count: int) -> dict[str, dict[str, float]]:
    """Share of the frames at 1/4, 1/2 and 3/4 whose subject is one of the series of both ends; cross-fades of the ends beside."""
    rng, marks = np.random.default_rng(5), dict[str, dict[str, list[bool]]]()
    for a, b in pairs(subjects, count):
        story = animate.Storyboard.of(scenes.caption(a, rng), scenes.caption(b, rng), frames=5)
        images = np.stack(list(render(story, model)))
        ends = images[[0, -1]].astype(float)
        faded = np.stack([ends[0] + (ends[1] - ends[0]) * mix for mix in (0.25, 0.5, 0.75)]).astype(np.uint8)
        same = a.subject == b.subject
        allowed, kind = ([a.subject], "one subject") if same else (scenes.family(a.subject, subjects), "series")
        rows = marks.setdefault(kind, {"films": [], "cross-fades": []})
        for name, shown in (("films", images[1:4]), ("cross-fades", faded)):
            rows[name] += [answer["subject"] in allowed for answer in judged.says(shown)]
    return {kind: {name: round(100 * float(np.mean(good)), 1) for name, good in rows.items()} for kind, rows in marks.items()}


def psnr(model: Any, subjects: tuple[str, ...], count: int) -> float:
    """Of fresh scenes at the model's own size through its VAE and back, in dB."""
    rng, found = np.random.default_rng((judge.SEEDS, 3 * 10**6)), []
    for _ in range(count):
        true = scenes.draw(scenes.sketch(scenes.random_scene(rng, subjects)), model.defaults.width)[None]
        error = model.decode(model.encode(true)).astype(float) - true
        found.append(10 * np.log10(255**2 / np.square(error).mean()))
    return round(float(np.mean(found)), 1)


def judge_itself(judged: Judge, subjects: tuple[str, ...], count: int, size: int) -> dict[str, float]:
    drawn, _ = held_out(subjects, count)
    fresh = [replace(scene, variation=scene.variation ^ 1) for scene in drawn]
    return right(judged.says(np.stack([scenes.draw(scenes.sketch(scene), size) for scene in fresh])), fresh)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def report(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    names = ("subject", "color", "setting", *SETTING, "count")

    def cells(row: dict[str, Any]) -> list[object]:
        return [row.get(name, "") for name in names]

    parts = [
        f"{figures['pictures']} pictures of held-out combinations of attributes, {figures['steps']} steps, guidance {figures['guidance']:g}."
        " A setting is right if place, time and weather all are.",
        table(("right, %", *names), [("sprout", *cells(figures["held out"])), ("the judge, on drawn scenes", *cells(figures["judge"]))]),
        f"VAE: {figures['psnr']} dB on {figures['few']} fresh scenes. The judge takes cross-fades of two drawn pictures for mush in"
        f" {figures['mush seen']} % of cases. Frames at 1/4, 1/2 and 3/4 between two prompts, and the same places in a cross-fade of the ends:",
        table(
            ("taken for a stage of the series or for an end, %", "films", "cross-fades"),
            [(kind, row["films"], row["cross-fades"]) for kind, row in figures["in between"].items()],
        ),
        table(("steps", *names, "from 50 steps, grey levels"), [(row["steps"], *cells(row), row["grey levels"]) for row in figures["few steps"]]),
        table(("subject, worst first", "right, %", "mostly taken for"), [(r["subject"], r["right"], r["taken for"]) for r in figures["per subject"]]),
    ]
    return "\n\n".join(parts)


def write_card(card: Path, text: str) -> None:
    """Replace what stands between the marks."""
    before, rest = card.read_text().split(MARKS[0])
    card.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{rest.split(MARKS[1])[1]}")


def mush_seen(judged: Judge, subjects: tuple[str, ...], count: int) -> float:
    rng = np.random.default_rng((judge.SEEDS, 4 * 10**6))
    said = judged.says(np.stack([judge.mushed(rng, subjects) for _ in range(count)]))
    return round(100 * sum(answer["subject"] == judge.MUSH for answer in said) / count, 1)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", type=Path, default=HERE.parent.parent / "animate" / "models" / "sprout")
    p.add_argument("--work", type=Path, default=HERE / "work", help="where the judge is kept, figures.json and steps.png written")
    p.add_argument("--count", type=int, default=2000, help="pictures judged")
    p.add_argument("--few", type=int, default=400, help="pictures drawn in each number of steps, and for the other figures")
    p.add_argument("--pairs", type=int, default=50, help="pairs of prompts whose half-way frames are judged")
    p.add_argument("--pictures", type=int, default=30_000, help="that the judge is trained on")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    p.add_argument("--card", action=argparse.BooleanOptionalAction, default=True, help="write the table into the model card")
    a = p.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    known = json.loads((a.model / VOCABULARY).read_text())
    subjects = scenes.CORE if len(known["kinds"]["subjects"]) + 1 == len(scenes.CORE) else scenes.ALL
    judged = judge.trained(subjects, a.work, a.device, a.workers, a.pictures)
    model = animate.load_model(str(a.model), device=a.device, batch_size=16)
    asked_for = CATALOG["sprout"]
    model.defaults = replace(model.defaults, steps=asked_for.steps, guidance=asked_for.guidance)
    drawn, captions = held_out(subjects, a.count)
    said = judged.says(pictures(model, captions))
    figures = {
        "pictures": a.count, "few": a.few, "steps": model.defaults.steps, "guidance": model.defaults.guidance, "held out": right(said, drawn),
        "judge": judge_itself(judged, subjects, a.count, known["size"]), "per subject": per_subject(said, drawn),
    }  # fmt: skip
    (a.work / "figures.json").write_text(json.dumps(figures, indent=1))
    figures |= {
        "few steps": steps_side_by_side(model, judged, drawn[: a.few], captions[: a.few], a.work / "steps.png"),
        "in between": in_between(model, judged, subjects, a.pairs), "psnr": psnr(model, subjects, a.few),
        "mush seen": mush_seen(judged, subjects, a.few),
    }  # fmt: skip
    (a.work / "figures.json").write_text(json.dumps(figures, indent=1))
    text = report(figures)
    print(text)
    if a.card and (a.model / "README.md").exists():
        write_card(a.model / "README.md", text)


if __name__ == "__main__":
    main()

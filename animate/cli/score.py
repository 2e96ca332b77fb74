"""animate score: how even, smooth and steady films are, in numbers, in words and as a plot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import AnimateError
from ..media import formats
from .console import Console
from .values import Place

if TYPE_CHECKING:
    from ..measure.asked import Asked
    from ..measure.score import Score

LONGEST = 28  # letters of a film's name above its column


@click.command("score")
@click.argument("films", nargs=-1, required=True, type=Place(), metavar="FILM...")
@click.option("--metric", default="pyramid", show_default=True, help="Of perceived distance: pyramid (pace is set by it), structure, lpips.")
@click.option("--loop", is_flag=True, help="They are played round and round: the step from last to first counts. A recipe says whether they are.")
@click.option("--end", type=Place(), metavar="PICTURE", help="What the last frame should be.")
@click.option("--plot", type=Place(), metavar="FILE", help=f"Draw the size of every step into a picture ({formats.names(formats.stills())}).")
@click.option("--json", "as_json", is_flag=True, help="Print it as a JSON list, one object a film.")
def command(films: Sequence[Path], metric: str, loop: bool, end: Path | None, plot: Path | None, as_json: bool) -> None:
    """Measure films, whoever made them: files of any format that animate writes, or folders of pictures.

    Distances are perceived ones; steps are those between neighbouring frames, holds left out of their median. An even pace
    has smoothness 1, a worst jump and a seam of 1. Frames count from 0.

    A film that carries its recipe is judged by what its storyboard asks for: eases, holds, whether it loops. Colours may only
    drift where nothing should change. Other films are judged by their pictures alone.
    """
    from ..film.asked_of import asked_of
    from ..measure.distance import metric as named_metric
    from ..measure.faults import faults
    from ..measure.files import score_file
    from ..measure.plot import plot_steps
    from ..media import writers

    if plot:
        writers.still_name(plot)
        if plot.exists() and any(film.exists() and plot.samefile(film) for film in [*films, *([end] if end else [])]):
            raise AnimateError(f"--plot {plot}: is what is measured; name another file")
    measure = named_metric(metric)
    with Console() as console:
        scores = {path: score_file(path, measure, end, console) for path in films}
    asked = {path: asked_of(path, score.frames) for path, score in scores.items()}
    found = {path: faults(score, loop, asked[path]) for path, score in scores.items()}
    if plot:
        console.log(f"the plot is {writers.write_image(plot, plot_steps(_titled(scores), metric, loop), report=console)}")
    if as_json:
        click.echo(json.dumps([_facts(path, metric, score, asked[path]) | {"faults": found[path]} for path, score in scores.items()]))
        return
    for line in _table(scores, asked):
        click.echo(line)
    for path, lines in found.items():
        for line in lines or ["no fault found"]:
            click.echo(f"{path}: {line}")


def _facts(path: Path, metric: str, score: Score, asked: Asked | None) -> dict[str, Any]:
    more = {"mid_sharpness": score.mid_sharpness, "change": score.change._asdict(), "recipe": asked is not None}
    return {"path": str(path), "metric": metric, **asdict(score), **more}


def _table(scores: dict[Path, Score], asked: dict[Path, Asked | None]) -> list[str]:
    """A row for every number, a column for every film."""
    cells = [_cells(scores[path], asked[path]) for path in scores]
    columns = [[name, *cell.values()] for (name, _), cell in zip(_titled(scores), cells, strict=True)]
    labels = ["", *cells[0]]
    left = max(map(len, labels))
    widths = [max(map(len, column)) for column in columns]
    return [
        f"{label:<{left}}" + "".join(f"  {column[row]:>{width}}" for column, width in zip(columns, widths, strict=True))
        for row, label in enumerate(labels)
    ]


def _titled(scores: dict[Path, Score]) -> list[tuple[str, Score]]:
    """Under the files' names, or their paths where two have one name; of long ones the end."""
    names = {path: path.resolve().name for path in scores}
    titles = names if len(set(names.values())) == len(names) else {path: str(path) for path in scores}
    return [(name if len(name) <= LONGEST else "..." + name[3 - LONGEST :], scores[path]) for path, name in titles.items()]


def _cells(score: Score, asked: Asked | None) -> dict[str, str]:
    last = score.change
    cells = {
        "judged by": "its recipe" if asked else "pictures",
        "frames": f"{score.frames}",
        "smoothness (1 - Gini)": f"{score.smoothness:.2f}",
        "  where it moves": f"{score.moving_smoothness:.2f}",
        "stands still": f"{100 * score.still:.0f} %",
        "median step": f"{score.median:.4f}",
        "worst jump / median": f"{score.jump:.1f}",
        "  from frame": f"{score.jump_at}",
        "last to first / median": f"{score.seam:.1f}",
        "path length": f"{score.length:.2f}",
        "flicker (undone at once)": f"{100 * score.flicker:.0f} %",
        "second difference, grey levels": f"{score.second_difference:.1f}",
        "mid-film sharpness / ends": f"{100 * score.mid_sharpness:.0f} %",
        "last frame against first: colour": f"{round(last.colour):+} %",
        "  contrast": f"{round(last.contrast):+} %",
        "  sharpness": f"{round(last.sharpness):+} %",
        "drift while a picture is held": _held(score, asked),
    }
    return cells if score.end is None else cells | {"last to end picture / median": f"{score.end:.1f}"}


def _held(score: Score, asked: Asked | None) -> str:
    """What changes most where nothing should, the last picture against the first."""
    from ..measure.faults import drifts

    changes = [change.worst for change in drifts(score, asked).values()] if asked else []
    if not changes:
        return "none held" if asked else "not known"
    name, value = max(changes, key=lambda change: abs(change[1]))
    return f"{name} {round(value):+} %"

"""animate plan: the frames of a film as a table; without a model, at the pace of the blend."""

from __future__ import annotations

import json
from typing import Any

import click

from ..plan.curve import Curve
from ..story.storyboard import Storyboard
from ..story.timeline import Frame, timeline
from .console import Console
from .options import film_options, model_options, setup, storyboard


@click.command("plan")
@film_options
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def command(as_json: bool, **options: Any) -> None:
    """Print the frames of a film: index, time, from, to, mix. With --model, the mixes that look even, for which it draws probes."""
    story = storyboard(**options)
    curves: tuple[Curve, ...] = ()
    if options["model_name"] is not None:
        from ..film.render import render

        drawn_by = setup(options)
        with Console() as console:
            curves = render(story, drawn_by.load(console), store=drawn_by.store(), report=console).pace().curves
    rows = [_row(frame, story, curves) for frame in timeline(story)]
    if as_json:
        click.echo(json.dumps(rows))
        return
    width = max(len(row["from"]) for row in rows)
    click.echo(f"{'frame':>5}  {'time':>8}  {'mix':>5}  {'from':<{width}}  to")
    for row in rows:
        click.echo(f"{row['frame']:>5}  {row['time']:>7.3f}s  {row['mix']:>5.3f}  {row['from']:<{width}}  {row['to']}")


def _row(frame: Frame, story: Storyboard, curves: tuple[Curve, ...]) -> dict[str, Any]:
    one = len(story.keyframes) == 1
    a, b = (f"{story.keyframes[0].prompt} ({k * 90} degrees)" if one else story.keyframes[k].prompt for k in (frame.a, frame.b))
    mix = curves[frame.a].at(frame.mix).mix if curves else frame.mix
    return {"frame": frame.index, "time": round(frame.index / story.rate, 3), "mix": round(mix, 4), "from": a, "to": b}

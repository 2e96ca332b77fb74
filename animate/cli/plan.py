"""animate plan: the frames of a film as a table; without a model, at the pace of the blend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..errors import AnimateError, counted
from ..film import recipe
from ..media.formats import format_of
from ..places import path_of
from ..plan.curve import Curve
from ..story.storyboard import Storyboard
from ..story.timeline import Frame, timeline
from .console import Console, printable
from .options import film_options, model_options, settings, setup, storyboard
from .signals import saying_what_is_left


@click.command("plan")
@film_options
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def command(as_json: bool, **options: Any) -> None:
    """Print the frames of a film: index, time, from, to, mix.

    In place of prompts, also a film: its frames as they were paced. With --model, the mixes that look even, for which it draws probes.
    """
    drawn_by = setup(options)
    if film := _film(options["prompts"]):
        if settings(options):
            raise AnimateError(f"{film}: a film's own plan has no options; animate again {film} draws it with others")
        old = recipe.read(film)
        if old.verb == "still":
            raise AnimateError(f"{film}: a still, and a plan is of films; animate show {film} says how it was drawn")
        story, curves = old.storyboard, old.curves
    else:
        story, curves = storyboard(**options), ()
    if drawn_by.model is not None and not film:
        drawn_by.check(story)
        from ..film.render import render

        with saying_what_is_left(drawn_by.keep), Console() as console, drawn_by.loaded(console) as model:
            curves = render(story, model, store=drawn_by.store(), report=console).pace().curves
    rows = [_row(frame, story, curves) for frame in timeline(story)]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for line in _heading(story, curves):
        click.echo(f"# {printable(line)}")
    width = max(len(row["from"]) for row in rows)
    click.echo(f"{'frame':>5}  {'time':>8}  {'mix':>5}  {'from':<{width}}  to")
    for row in rows:
        click.echo(f"{row['frame']:>5}  {row['time']:>7.3f}s  {row['mix']:>5.3f}  {row['from']:<{width}}  {row['to']}")


def _film(prompts: tuple[str, ...]) -> Path | None:
    """The film that is given in place of prompts."""
    path = path_of(prompts[0]) if len(prompts) == 1 and prompts[0] else None
    if path is None or not path.exists():
        return None
    format = format_of(path)
    return path if format and format.decoder and format.text else None


def _heading(story: Storyboard, curves: tuple[Curve, ...]) -> list[str]:
    """What the rows do not say."""
    lines = [f"{story.count} frames at {story.rate:g} fps: {story.count / story.rate:.2f} s"]
    if story.between:
        lines.append(f"with {counted(story.between, 'in-between')} from frame to frame: {story.written} pictures at {story.written_fps:g} fps")
    if story.style:
        lines.append(f"style: {story.style}")
    if story.negative:
        lines.append(f"negative: {story.negative}")
    if story.pace == "even" and not curves:
        lines.append("mix in equal steps of the blend; before a film is drawn, probes find those that look even (here too, with --model)")
    return lines


def _row(frame: Frame, story: Storyboard, curves: tuple[Curve, ...]) -> dict[str, Any]:
    one = len(story.keyframes) == 1
    a, b = (f"{story.keyframes[0].label} ({k * 90} degrees)" if one else story.keyframes[k].label for k in (frame.a, frame.b))
    mix = curves[frame.a].at(frame.mix).mix if curves else frame.mix
    return {"frame": frame.index, "time": round(frame.index / story.rate, 3), "mix": round(mix, 4), "from": a, "to": b}

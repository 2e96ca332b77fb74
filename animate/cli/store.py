"""animate store: what is kept of films."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import click

from ..errors import AnimateError, amount, counted
from ..places import is_file
from .console import Console
from .values import Place


@click.command("store")
@click.option("--store", "folder", type=Place(), metavar="DIR", help="Default: the user's cache.")
@click.option("--clear", is_flag=True, help="Remove everything that is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(folder: Path | None, clear: bool, as_json: bool) -> None:
    """Finished drawings are kept, so that a film that was stopped goes on, and a changed one is drawn where it changed."""
    from ..draw.store import Store

    store = Store(folder)
    if is_file(store.folder):
        raise AnimateError(f"{store.folder}: is a file; a store is a folder, named by --store or ANIMATE_CACHE")
    if folder and not store.folder.exists():
        raise AnimateError(f"--store {folder}: no such folder; a film that is drawn with this --store makes it")
    if clear:
        click.echo(f"{store.folder}: cleared, {amount(store.clear(Console()))} freed")
        return
    films = store.films()
    if as_json:
        data = {"folder": str(store.folder), "bytes": store.size(), "limit": store.limit, "films": [asdict(film) for film in films]}
        click.echo(json.dumps(data))
        return
    click.echo(f"{store.folder}: {amount(store.size())} of {amount(store.limit)}")
    for film in films:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(film.used))
        click.echo(f"  {when}  {counted(film.frames, 'frame'):>13}, {film.kept} of {film.cels} drawings kept  {film.name}")

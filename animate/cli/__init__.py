"""The command line: finds the command, prints errors as one line, gives the exit code. Imports no torch.

animate --from A --to B --frames 24     is     animate render --from A --to B --frames 24
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ..errors import AnimateError, one_line
from ..places import absolute
from . import guess, signals
from .console import flush, say
from .signals import INTERRUPTED

# For the libraries, unless the person has set them: no log lines, and threads that sleep while they wait. Threads that spin make
# two films at once, or a film beside any busy program, several times slower, and a lone film no faster.
QUIET = {"TRANSFORMERS_VERBOSITY": "error", "DIFFUSERS_VERBOSITY": "error", "TOKENIZERS_PARALLELISM": "false", "OMP_WAIT_POLICY": "PASSIVE"}

# Name -> (module, one line of help): a command's module is imported when it is called.
COMMANDS = {
    "render": ("render", "Draw a film (the default: the word may be left out)."),
    "still": ("still", "Draw one picture, or one for each of several seeds."),
    "join": ("join", "Write the film whose parts were drawn on several machines."),
    "studio": ("studio", "The same in a browser: a timeline to drag, stills, sketches, a library."),
    "plan": ("plan", "Print the frames of a film as a table; needs no model."),
    "sheet": ("sheet", "Draw the keyframes of a film as one contact sheet."),
    "schema": ("schema", "Print the JSON schema of storyboards, for editors."),
    "show": ("show", "Print the recipe in a film or picture."),
    "again": ("again", "Draw a film or picture again from the recipe in it."),
    "verify": ("verify", "Draw some of a film again and say whether it is what its recipe says."),
    "score": ("score", "Say how even, smooth and steady films are; plot their steps."),
    "store": ("store", "Say what is kept of films, so that they go on or change cheaply; clear it."),
    "models": ("models", "List the models that have a name, and the words that sprout knows; pull one, convert a file."),
    "bench": ("bench", "Measure how fast this machine draws, and what an hour gives."),
    "doctor": ("doctor", "Say what works on this machine and what does not."),
}

EXAMPLES = """\b
Examples:
  animate --from "a seed" --to "a tree" --frames 24
  animate "a seed" "a sprout" "a tree" --loop cycle -o growth.gif
  animate film.yaml -o film.mp4
  animate still "a tree in winter" --seed 8 -o tree.png

"animate render --help" lists every option of a film.
"""


class Commands(click.Group):
    """Commands that are imported when called; arguments that name none are those of `render`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args = args or ["--help"]
        if args[0] == "help":
            args = [*args[1:], "--help"]
        elif args[0] not in COMMANDS and args[0] not in ("--help", "-h", "--version"):
            if meant := guess.command(args[0], COMMANDS):
                rest = f"; as a prompt: animate render {args[0]} ..."
                raise AnimateError(f'"{args[0]}" is not known; did you mean animate {meant}?{rest if len(args) > 1 else ""}')
            args = ["render", *args]
        if named := self.get_command(ctx, args[0]):
            guess.check_spaces(args[1:], named)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """What the command returns; an interrupt is told here, or click would print an empty line for it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            say(str(error) or "stopped")
            return INTERRUPTED

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{COMMANDS[cmd_name][0]}"), "command")  # noqa: B009
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="animate")
def cli() -> None:
    """Films by interpolating a diffusion model: prompts placed in time become an MP4 or a GIF."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a fault that was looked for, 2 asked for something that cannot be, 130 interrupted."""
    # The libraries talk and draw progress bars of their own; ours is enough. Set here and not where `animate` is imported.
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with signals.closing_first():
        code = _code(args)
        if code == INTERRUPTED:
            signals.ignore()  # all is closed: nothing is left to interrupt but Python's own end. Here, or one between two handlers is a traceback
    sys.exit(code)


def _code(args: Sequence[str] | None) -> int:
    try:
        absolute(Path())  # where the current folder is gone, torch ends the process as it is loaded
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries' own; ours go through the report
            try:
                code = cli.main(args=None if args is None else list(args), prog_name="animate", standalone_mode=False)
            finally:
                flush()
    except AnimateError as error:
        say(str(error))
    except click.ClickException as error:
        say(_line(error))
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:  # whoever reads the results has enough
        return 1
    except MemoryError:
        say("not enough memory; end other programs, or use smaller --width and --height")
    except OSError as error:  # the system's answer to a path or a pipe that nobody else has put into words
        place = f"{error.filename}: " if error.filename else ""
        say(f"{place}{one_line(error)}; look at the path, its permissions and the room on its disk")
    else:
        return code if isinstance(code, int) else 0
    return 2


def _line(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        return guess.option(error)
    return guess.usage(error) if isinstance(error, click.UsageError) else " ".join(error.format_message().split())

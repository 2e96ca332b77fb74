"""All pages together: one Gradio app over one studio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from ..errors import AnimateError
from . import api, jobs
from .editor import QUICK, Editor
from .player import Player
from .shelves_page import LibraryPage
from .sketch_page import SketchPage
from .still_page import StillPage
from .strip import Strip
from .studio import DEVICE, Studio, note

CSS = Path(__file__).parent / "web" / "studio.css"
SYSTEM = ["system-ui", "sans-serif"]  # fonts of the machine: others would be fetched from elsewhere
SYSTEM_MONO = ["ui-monospace", "monospace"]


def theme() -> gr.themes.Base:
    """Calm greens and greys; nothing of it is fetched."""
    made = gr.themes.Soft(primary_hue="emerald", neutral_hue="slate", radius_size="md", font=SYSTEM, font_mono=SYSTEM_MONO)
    quiet = {"background_fill": "transparent", "text_color": "*body_text_color_subdued", "padding": "0", "text_weight": "500"}
    labels = {"block_label_background_fill": "*background_fill_primary", "block_label_text_color": "*body_text_color_subdued"}
    # Gradio's own are too pale to be read by everybody (WCAG asks for 4.5 to 1).
    legible = {
        "body_text_color_subdued": "*neutral_600", "body_text_color_subdued_dark": "*neutral_300",
        "color_accent": "*primary_700", "button_primary_background_fill": "*primary_700", "button_primary_background_fill_hover": "*primary_800",
        "button_primary_background_fill_dark": "*primary_700", "button_primary_background_fill_hover_dark": "*primary_600",
        "input_placeholder_color": "*neutral_600", "input_placeholder_color_dark": "*neutral_300",
    }  # fmt: skip
    return made.set(**{f"block_title_{name}": value for name, value in quiet.items()}, **labels, **legible, block_label_text_weight="500")


def build(studio: Studio, model: str) -> gr.Blocks:
    """The app. model: the one that is chosen at first."""
    app: gr.Blocks
    with gr.Blocks(title="animate", analytics_enabled=False, delete_cache=(3600, 86400)) as app:
        with gr.Row(elem_id="head", equal_height=True):
            with gr.Column(min_width=260):
                gr.HTML("<h1>animate</h1><p>Prompts placed in time become a film.</p>", elem_id="title")
            with gr.Column(min_width=260):
                chosen = gr.Dropdown(
                    studio.models.choices(), value=model, label="Model", allow_custom_value=studio.models.any_model, elem_id="model", filterable=True
                )
                about = gr.HTML(note(studio.models.about(model)), elem_id="model-about", elem_classes="animate-said")
                with gr.Row():
                    download = gr.Button("Download", visible=False, size="sm", elem_id="model-download")
                    trial = gr.Button("Does it fit, how fast is it?", size="sm", elem_id="model-trial", scale=0, min_width=220)
        with gr.Tab("Film", id="film"), gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=320):
                editor = Editor(studio, chosen)
            with gr.Column(scale=3, min_width=320):
                player = Player(studio)
        with gr.Tab("Still", id="still"):
            still = StillPage(studio)
        with gr.Tab("Sketch", id="sketch"):
            sketch = SketchPage(studio)
        with gr.Tab("Library", id="library") as shelf:
            library = LibraryPage(studio)
        editor.wire(app)
        player.wire(editor)
        still.wire(editor)
        sketch.wire(editor)
        library.wire(editor, shelf)
        Strip(studio).wire(editor, app)
        _wire_model(studio, chosen, about, download)
        _wire_trial(studio, chosen, about, trial)
        api.add(studio)
        app.unload(studio.leave)
    app.queue(max_size=studio.limits.queue, default_concurrency_limit=4, api_open=True)
    return app


def _wire_model(studio: Studio, chosen: gr.Dropdown, about: gr.HTML, download: gr.Button) -> None:
    """What is known of a model, as it is chosen; nothing is downloaded before the button is pressed."""

    def told(name: str) -> tuple[str, Any]:
        try:
            studio.models.setup_of(name).check()
        except AnimateError as error:
            return note(str(error), "error"), gr.update(visible=studio.models.any_model and "to download" in str(error))
        return note(studio.models.about(name)), gr.update(visible=False)

    def fetched(name: str, request: gr.Request) -> Any:
        try:
            watching = studio.drawing(lambda report: studio.models.download(name, report), request)
            while True:
                seen = next(watching)
                yield note(seen.lines[-1] if seen.lines else "downloading"), gr.update(interactive=False)
        except StopIteration:
            yield note(studio.models.about(name), "good"), gr.update(visible=False, interactive=True)
        except AnimateError as error:
            yield note(str(error), "error"), gr.update(interactive=True)

    chosen.input(told, [chosen], [about, download], **QUICK)
    download.click(fetched, [chosen], [about, download], concurrency_id=DEVICE, show_progress="hidden", api_visibility="private")


def _wire_trial(studio: Studio, chosen: gr.Dropdown, about: gr.HTML, trial: gr.Button) -> None:
    """A model is tried when it is asked for: it is loaded, and draws."""

    def found(name: str, request: gr.Request) -> Any:
        try:
            setup = studio.models.setup_of(name)
            setup.check()
            watching = studio.drawing(jobs.trial(setup), request)
            while True:
                yield note(f"{next(watching).stage or 'trying'} ..."), gr.update(interactive=False)
        except StopIteration as end:
            yield note(end.value, "good"), gr.update(interactive=True)
        except AnimateError as error:
            yield note(str(error), "error"), gr.update(interactive=True)

    trial.click(found, [chosen], [about, trial], concurrency_id=DEVICE, show_progress="hidden", api_visibility="private")

"""A page with a timeline and nothing else, for its tests: what Python was told stands beside it. Run with a port."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import gradio as gr

from animate.studio.timeline import Timeline
from animate.studio.view import value_of

DEFAULT = {"keyframes": ["a seed", "a sprout", "a tree"], "frames": 24}


def opened(request: gr.Request) -> tuple[dict[str, Any], dict[str, str]]:
    """What the address asks for: a storyboard as JSON, another to be put in its place (then), and how many seconds an answer takes (slow)."""
    query = dict(request.query_params)
    return value_of(json.loads(query.get("story", json.dumps(DEFAULT)))), query


def edited(value: dict[str, Any], count: str, query: dict[str, str]) -> tuple[dict[str, Any], str, str]:
    """An edit is answered as the studio does."""
    time.sleep(float(query.get("slow", 0)))
    answer = value_of(value["story"], value)
    return answer, json.dumps(answer["story"]), str(int(count) + 1)


def drawn(value: dict[str, Any], query: dict[str, str]) -> tuple[dict[str, Any], str]:
    """The keyframes' pictures, after a while."""
    time.sleep(float(query.get("slow", 0)))
    thumbs = [f"data:image/gif;base64,R0lGODlhAQABAAAAACw=#{number}" for number, _ in enumerate(value["story"]["keyframes"])]
    return value_of(value["story"], {**value, "view": {**value["view"], "thumbs": thumbs}}), "drawn"


with gr.Blocks() as page:
    timeline = Timeline(elem_id="film")
    told = gr.Textbox(label="what Python was told", elem_id="told")
    inputs = gr.Textbox("0", label="input events", elem_id="inputs")
    changes = gr.Textbox("0", label="change events", elem_id="changes")
    query = gr.State({})
    put = gr.Button("put another storyboard in its place", elem_id="put")
    page.load(opened, None, [timeline, query])
    timeline.edited(edited, [timeline, inputs, query], [timeline, told, inputs])
    timeline.change(lambda count: str(int(count) + 1), changes, changes, show_progress="hidden")
    put.click(lambda query, value: value_of(json.loads(query["then"]), value), [query, timeline], timeline, show_progress="hidden")
    draw, done = gr.Button("draw its pictures", elem_id="draw"), gr.Textbox(label="pictures", elem_id="done")
    draw.click(drawn, [timeline, query], [timeline, done], show_progress="hidden")

if __name__ == "__main__":
    page.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True)

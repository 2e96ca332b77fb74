"""What all pages of one studio share: its models, its limits, its visitors and the jobs that are under way."""

from __future__ import annotations

import html
import threading
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import gradio as gr

from ..errors import AnimateError
from ..story.storyboard import Storyboard, build
from ..story.timeline import timeline
from .limits import Limits
from .shelf import Models, Warm
from .view import Plain, plain
from .visitor import Visitor
from .work import Listener, Progress, watched

T = TypeVar("T")

DEVICE = "device"  # the queue of all that draws: one at a time


@dataclass
class Studio:
    """One server."""

    models: Models
    limits: Limits
    home: Path  # the folder of all visitors' folders
    inbox: Path  # where the server puts uploads
    alone: bool  # one person, at this machine: all tabs have one folder
    listeners: dict[str, Listener] = field(default_factory=dict)  # of the jobs under way, by the session that they are for
    gone: deque[str] = field(default_factory=lambda: deque(maxlen=1000))  # sessions of tabs that were closed: what they had in the queue is not drawn
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def visitor(self, request: gr.Request) -> Visitor:
        """Who asks: the user who is logged in, or else this tab. Raises AnimateError for one that was closed while its job waited."""
        if request.session_hash in self.gone:
            raise AnimateError("the page that asked for this was closed")
        name = request.username or ("" if self.alone else request.session_hash or "api")
        return Visitor.named(name, self.home, self.inbox, self.limits)

    def drawing(self, work: Callable[[Listener], T], request: gr.Request) -> Generator[Progress, None, T]:
        """As `work.watched`, for this tab, which may stop it."""
        listener, session = Listener(), request.session_hash or ""
        with self._lock:
            self.listeners[session] = listener
        try:
            return (yield from watched(work, listener))
        finally:
            with self._lock:
                if self.listeners.get(session) is listener:
                    del self.listeners[session]

    def stop(self, request: gr.Request) -> None:
        """The tab's job, if there is one."""
        with self._lock:
            listener = self.listeners.get(request.session_hash or "")
        if listener:
            listener.stop()

    def stop_all(self) -> None:
        """The jobs of all."""
        with self._lock:
            for listener in self.listeners.values():
                listener.stop()

    def leave(self, request: gr.Request) -> None:
        """A tab was closed: its film ends within a batch, its pictures stay in the store; files of nobody are removed."""
        self.stop(request)
        if not self.alone and not request.username:
            self.visitor(request).forget()
        if request.session_hash:
            self.gone.append(request.session_hash)

    def asked(self, data: Plain, visitor: Visitor, model: str) -> tuple[Storyboard, Warm]:
        """The storyboard and the setup of a job, with the places of the visitor's files. Raises AnimateError for what may not be drawn here."""
        story = build(visitor.joined(data))
        self.limits.check(story)
        timeline(story)
        setup = self.models.setup_of(model)
        setup.check(story)
        return story, setup

    def opened(self, story: Storyboard, visitor: Visitor) -> tuple[Plain, str]:
        """A storyboard's data for the page, without files that are not the visitor's, and a line about those."""
        data, others = visitor.relative(plain(story))
        keys = data["keyframes"]
        lost = [number for number, key in enumerate(keys, 1) if isinstance(key, dict) and not key.get("prompt") and not key.get("image")]
        if lost:
            raise AnimateError(f"keyframe {lost[0]} is the picture {others[0]}, which is not here; upload it, and place it in the timeline")
        for key in keys:
            if isinstance(key, dict) and "image" not in key:
                key.pop("strength", None)
        return data, f"left out, for they are not here: {', '.join(dict.fromkeys(others))}" if others else ""


def note(line: str, kind: str = "note") -> str:
    """A line as the page shows it: what a person typed is text there, never markup. kind: note, error or good."""
    return f'<div class="animate-{kind}">{html.escape(line)}</div>' if line else ""

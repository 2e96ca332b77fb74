"""A server on this machine that answers as the Hugging Face hub does, and the cache of whoever asks it."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from animate.errors import AnimateError
from animate.models.weights import hub, hub_errors
from animate.models.weights.files import Snapshot
from animate.report import Report

Files = dict[str, bytes]
TOKEN, REFUSED = "hf_" + "secret" * 5, "hf_" + "forged" * 5


class Hub(ThreadingHTTPServer):
    """What the hub answers to huggingface_hub: a model's list of files, and files whole or from some byte on."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.shelf: dict[str, dict[str, Files]] = {}  # repository -> branch -> files
        self.refused: dict[str, tuple[int, str]] = {}  # repository -> status and code of every answer about its files
        self.cut: dict[str, list[int]] = {}  # file -> of each of the next answers, after how many bytes the connection breaks
        self.served: list[tuple[str, int]] = []  # file, bytes
        self.asked: list[str] = []  # requests
        self.tokens: set[str | None] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def found(self, repo: str, revision: str) -> tuple[str, Files] | None:
        branches = {branch: (commit(files), files) for branch, files in self.shelf[repo].items()}
        return branches.get(revision) or next((found for found in branches.values() if found[0] == revision), None)

    def count(self) -> dict[str, int]:
        """Bytes that were served of every file, since the last time."""
        counted: dict[str, int] = {}
        for name, size in self.served:
            counted[name] = counted.get(name, 0) + size
        self.served.clear()
        return counted


def commit(files: Files) -> str:
    return hashlib.sha1(repr(sorted((name, hashlib.sha1(data).digest()) for name, data in files.items())).encode()).hexdigest()


class Answer(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        self.server.tokens.add(self.headers.get("Authorization"))
        if self.headers.get("Authorization") == f"Bearer {REFUSED}":
            return self.refuse(401, "", "Invalid credentials in Authorization header")
        listed = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(?:revision|tree)/([^/]+))?", path)
        single = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        match = listed or single
        if match is None or match[1] not in self.server.shelf:
            return self.refuse(404, "RepoNotFound")
        status, code = self.server.refused.get(match[1], (0, ""))
        if status and (single or status >= 500):
            return self.refuse(status, code)
        found = self.server.found(match[1], match[2] or "main")
        if found is None:
            return self.refuse(404, "RevisionNotFound")
        return self.file(match[3], *found) if single else self.listing(found, "/tree/" in path)

    def refuse(self, status: int, code: str, message: str = "") -> None:
        self.reply(
            status, b"no, and your token was " + str(self.headers.get("Authorization")).encode(), {"X-Error-Code": code, "X-Error-Message": message}
        )

    def listing(self, found: tuple[str, Files], tree: bool) -> None:
        sha, files = found
        entries = [
            {"type": "file", "path": name, "size": len(data), "oid": etag(data)}
            if tree
            else {"rfilename": name, "size": len(data), "blobId": etag(data)}
            for name, data in files.items()
        ]
        info = {"_id": "1", "id": "x/y", "modelId": "x/y", "sha": sha, "tags": [], "private": False, "downloads": 0, "likes": 0, "siblings": entries}
        self.reply(200, json.dumps(entries if tree else info).encode(), {"Content-Type": "application/json"})

    def file(self, name: str, sha: str, files: Files) -> None:
        data = files[name]
        first = int(re.findall(r"\d+", self.headers.get("Range", "0"))[0])
        headers = {"ETag": f'"{etag(data)}"', "X-Repo-Commit": sha, "Accept-Ranges": "bytes"}
        if first:
            headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
        breaks = self.server.cut.get(name, []) if self.command == "GET" else []
        most = breaks.pop(0) if breaks else None
        if self.command == "GET":  # before it is sent: whoever has it may look at once
            self.server.served.append((name, len(data[first:][:most])))
        self.reply(206 if first else 200, data[first:], headers, most)

    def reply(self, status: int, data: bytes, headers: dict[str, str], most: int | None = None) -> None:
        self.send_response(status)
        for key, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(data[:most])
        if most is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Lines(Report):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, line: str) -> None:
        self.lines.append(line)


def as_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """huggingface_hub logs warnings, as in a process that has used nothing of it yet, and where tests see them."""
    logger = logging.getLogger("huggingface_hub")
    logger.setLevel(logging.WARNING)
    hub_errors._log_errors_only.cache_clear()
    for handler in logger.handlers:
        monkeypatch.setattr(handler, "stream", sys.stderr)


class Home:
    """A cache of its own, and a hub that is asked over the network unless `offline` is called."""

    def __init__(self, cache: Path, server: Hub, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]):
        self.cache, self.monkeypatch, self.capture = cache, monkeypatch, capture
        self.set("HF_HUB_CACHE", str(cache))
        self.set("HF_HUB_OFFLINE", False)
        self.set("DOWNLOAD_CHUNK_SIZE", 4096)  # so that a small file, too, is taken up in its middle
        self.at(server.address)
        as_at_first(monkeypatch)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between two attempts

    def set(self, constant: str, value: object) -> None:
        self.monkeypatch.setattr(f"huggingface_hub.constants.{constant}", value)

    def at(self, address: str) -> None:
        self.set("ENDPOINT", address)
        self.set("HUGGINGFACE_CO_URL_TEMPLATE", f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}")

    def offline(self) -> None:
        self.set("HF_HUB_OFFLINE", True)

    def snapshot(self, repo: str, dtype: str, revision: str | None = None, newest: bool = False) -> tuple[Snapshot, list[str]]:
        """What `hub.snapshot` returns and what it reports; nothing is printed."""
        report = Lines()
        snapshot = hub.snapshot(repo, dtype, revision, newest, report)
        assert self.capture.readouterr() == ("", "")
        return snapshot, report.lines

    def refused(self, repo: str, dtype: str, revision: str | None = None) -> str:
        """The one line with which it refuses; nothing is printed."""
        with pytest.raises(AnimateError) as refused:
            hub.snapshot(repo, dtype, revision, report=Lines())
        assert self.capture.readouterr() == ("", "")
        assert "\n" not in str(refused.value)
        return str(refused.value)

"""A stand-in for the Hugging Face Hub: the part of its HTTP interface that reading a model needs."""

from __future__ import annotations

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StandIn:
    """A Hub with one model, `anna/toy`: its commits by id, their files by name, and the requests that it received."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, bytes]] = {}
        self.refs: dict[str, str] = {}
        self.refused: dict[str, tuple[int, str]] = {}  # by file
        self.asked: list[str] = []
        self.endpoint = ""

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        parts = path.strip("/").split("/")
        api = parts[:2] == ["api", "models"]
        owner, name, kind, revision, *file = [*parts[2:], "", ""][:4] if api else parts
        if (owner, name) != ("anna", "toy"):
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        commit = self.refs.get(revision or "main", revision)
        if commit not in self.commits:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        files = self.commits[commit]
        file_name = "".join(file)
        headers = {"X-Repo-Commit": commit}
        if file_name in self.refused:
            status, code = self.refused[file_name]
            return status, headers | {"X-Error-Code": code}, b""
        if api:
            siblings = [{"rfilename": name} for name in files]
            return 200, {}, json.dumps({"id": "anna/toy", "sha": commit, "siblings": siblings}).encode()
        assert kind == "resolve"
        if file_name not in files:
            return 404, headers | {"X-Error-Code": "EntryNotFound"}, b""
        data = files[file_name]
        return 200, headers | {"ETag": f'"{hashlib.sha256(data).hexdigest()}"'}, data

    def serve(self) -> ThreadingHTTPServer:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, data = hub.answer(self.path.split("?")[0])
                self.send_response(status)
                for header, value in (headers | {"Content-Length": str(len(data))}).items():
                    self.send_header(header, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)

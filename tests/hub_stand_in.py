"""A stand-in for the Hugging Face Hub: the part of its HTTP interface that reading and publishing a model needs."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StandIn:
    """A Hub with one model, `anna/toy`: its commits by id, their files by name, and the requests that it received.

    Only the token `hf_test` may write.
    """

    def __init__(self) -> None:
        self.private = False
        self.messages: list[str] = []  # of the commits that were made here
        self.large: dict[str, bytes] = {}  # files that were uploaded before their commit, by sha256
        self.commits: dict[str, dict[str, bytes]] = {}
        self.refs: dict[str, str] = {}
        self.refused: dict[str, tuple[int, str]] = {}  # by file
        self.asked: list[str] = []
        self.endpoint = ""

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        parts = path.strip("/").split("/")
        api = parts[:2] == ["api", "models"]
        if len(parts) < 4 and not api:  # huggingface_hub 2 asks for more than it needs
            return 404, {}, b""
        owner, name, kind, revision, *file = [*parts[2:], "", ""][:4] if api else parts
        if (owner, name) != ("anna", "toy"):
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        commit = self.refs.get(revision or "main", revision)
        if commit not in self.commits:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        files = self.commits[commit]
        file_name = "/".join(file)
        headers = {"X-Repo-Commit": commit}
        if file_name in self.refused:
            status, code = self.refused[file_name]
            return status, headers | {"X-Error-Code": code}, b""
        if api:
            siblings = [{"rfilename": name} for name in files]
            info = {"id": "anna/toy", "sha": commit, "siblings": siblings, "private": self.private}
            return 200, {}, json.dumps(info).encode()
        assert kind == "resolve"
        if file_name not in files:
            return 404, headers | {"X-Error-Code": "EntryNotFound"}, b""
        data = files[file_name]
        return 200, headers | {"ETag": f'"{hashlib.sha256(data).hexdigest()}"'}, data

    def receive(self, path: str, token: str | None, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Answers what huggingface_hub sends when it publishes."""
        self.asked.append(path)
        if path.startswith("/large/"):  # its address is the permission
            self.large[path.removeprefix("/large/")] = body
            return 200, {}, b""
        if path in self.refused or token != "Bearer hf_test":
            status, code = self.refused.get(path, (401, ""))
            return status, {"X-Error-Code": code}, b"{}"
        status = 200
        answer: dict[str, Any] = {}
        match path.strip("/").split("/"):
            case ["api", "repos", "create"]:
                wanted = json.loads(body)
                if (wanted["organization"], wanted["name"]) != ("anna", "toy"):
                    return 403, {}, b"{}"
                status = 409 if self.refs else 200
                if status == 200:
                    self.private = bool(wanted.get("private")) or wanted.get("visibility") == "private"  # 2 says so
                    self._commit("main", {".gitattributes": b""})
                answer = {"url": f"{self.endpoint}/anna/toy"}
            case ["api", "validate-yaml"]:
                answer = {"errors": [], "warnings": []}
            case ["api", "models", "anna", "toy", "branch", branch]:
                status = 409 if branch in self.refs else 200
                self.refs.setdefault(branch, self.refs["main"])
            case ["api", "models", "anna", "toy", "preupload", _]:
                asked = [file["path"] for file in json.loads(body)["files"]]
                modes = ["lfs" if name.endswith(".onnx") else "regular" for name in asked]
                answer = {
                    "files": [
                        {"path": name, "uploadMode": mode, "shouldIgnore": False}
                        for name, mode in zip(asked, modes, strict=True)
                    ]
                }
            case ["anna", "toy.git", "info", "lfs", "objects", "batch"]:
                objects = [
                    each | {"actions": {"upload": {"href": f"{self.endpoint}/large/{each['oid']}"}}}
                    for each in json.loads(body)["objects"]
                ]
                answer = {"transfer": "basic", "objects": objects}
            case ["api", "models", "anna", "toy", "commit", branch]:
                return self._receive_commit(branch, [json.loads(line) for line in body.splitlines()])
            case _:
                return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        return status, {}, json.dumps(answer).encode()

    def _receive_commit(self, branch: str, lines: list[dict[str, Any]]) -> tuple[int, dict[str, str], bytes]:
        if branch not in self.refs:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        files = dict(self.commits[self.refs[branch]])
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.messages.append(value["summary"])
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            else:
                assert line["key"] == "lfsFile"
                files[value["path"]] = self.large[value["oid"]]
        commit = self._commit(branch, files)
        answer = {"commitUrl": f"{self.endpoint}/anna/toy/commit/{commit}", "commitOid": commit}
        return 200, {}, json.dumps(answer).encode()

    def _commit(self, branch: str, files: dict[str, bytes]) -> str:
        commit = hashlib.sha1(repr((len(self.commits), sorted(files))).encode()).hexdigest()
        self.commits[commit], self.refs[branch] = files, commit
        return commit

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serves on a free port while a block runs."""
        with self.serve() as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            self.endpoint = f"http://127.0.0.1:{server.server_port}"
            try:
                yield
            finally:
                server.shutdown()
                thread.join()

    def serve(self) -> ThreadingHTTPServer:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(*hub.answer(self.path.split("?")[0]))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._send(*hub.receive(self.path.split("?")[0], self.headers["Authorization"], body))

            do_PUT = do_POST  # noqa: N815

            def _send(self, status: int, headers: dict[str, str], data: bytes) -> None:
                self.send_response(status)
                for header, value in (headers | {"Content-Length": str(len(data))}).items():
                    self.send_header(header, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)

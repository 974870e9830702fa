"""Calls a function in a new process, whose memory and threads are then the function's own.

python -m benchmarks.child MODULE FUNCTION ARGUMENTS      # ARGUMENTS: a list in JSON
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.run import ROOT

QUIET = {"HF_HUB_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1", "TRANSFORMERS_VERBOSITY": "error"}


def call_in_child(module: str, function: str, *arguments: Any) -> Any:
    """Calls `function` of `module` in a new process; arguments and result travel as JSON.

    Raises:
        RuntimeError: It failed; the message has the last line that it printed.
    """
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.child", module, function, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=ROOT, env=os.environ | QUIET)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        raise RuntimeError(f"{module}.{function}: {lines[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    name, function, arguments = sys.argv[1:]
    print(json.dumps(getattr(importlib.import_module(name), function)(*json.loads(arguments))))

"""Draws docs/recognize.svg: what `albert-ner` prints on a terminal, with its colours.

Run it as `python docs/make_picture.py`.
"""

from __future__ import annotations

import html
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

TEXTS = [
    "Kofi Annan flew from Geneva to New York, the U.N. said on Friday.",
    "Shares of Siemens AG rose 3.5% in Frankfurt; Britain's Vodafone fell.",
    "Brazilian striker Ronaldo joined Inter Milan for $27m.",
]
COLOURS = {"36": "#39c5cf", "33": "#d29922", "32": "#3fb950", "35": "#bc8cff", "34": "#58a6ff", "2": "#8b949e"}
TEXT, BACKGROUND, PROMPT = "#e6edf3", "#0d1117", "#8b949e"
SIZE, LINE, MARGIN, COLUMN = 14, 20, 20, 8.43  # pixels; COLUMN is the width of a character of SIZE


def run_on_a_terminal(command: list[str]) -> str:
    """Returns what a command prints if its output is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm"}):
        os.close(theirs)
        output = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # the command has closed its end
                break
            if not data:
                break
            output += data
    os.close(ours)
    return output.decode().replace("\r\n", "\n")


def draw_line(line: str, y: int) -> str:
    """Returns a line with its colours as an SVG text."""
    colour, spans = TEXT, []
    for part in re.split("(\x1b\\[[0-9]*m)", line):
        if match := re.fullmatch("\x1b\\[([0-9]*)m", part):
            colour = COLOURS.get(match[1], TEXT)
        elif part:
            spans.append(f'<tspan fill="{colour}">{html.escape(part)}</tspan>')
    return f'<text x="{MARGIN}" y="{y}" xml:space="preserve">{"".join(spans)}</text>'


def main() -> None:
    """Runs the command and writes the picture."""
    command = ["albert-ner", *TEXTS]
    output = run_on_a_terminal([sys.executable, "-m", "albert_ner_onnx", *TEXTS])
    shown = f"\x1b[2m$ {command[0]} \\\n" + " \\\n".join(f'    "{text}"' for text in TEXTS).replace("$27m", "\\$27m")
    lines = [*(f"\x1b[2m{line}" for line in shown.split("\n")), *output.rstrip("\n").split("\n")]
    plain = [re.sub("\x1b\\[[0-9]*m", "", line) for line in lines]
    width, height = int(2 * MARGIN + COLUMN * max(map(len, plain))), 2 * MARGIN + LINE * len(lines)
    body = "\n".join(draw_line(line, MARGIN + LINE * (index + 1) - 5) for index, line in enumerate(lines))
    Path(__file__).with_name("recognize.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="{SIZE}">\n'
        f"<title>{html.escape(' '.join(plain))}</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>\n{body}\n</svg>\n',
        "utf-8",
    )


if __name__ == "__main__":
    main()

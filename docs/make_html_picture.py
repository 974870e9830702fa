"""Draws docs/document-light.png and docs/document-dark.png: how a notebook shows a `Document`.

Run it as `python docs/make_html_picture.py`. It needs Chromium and Pillow; the extra `benchmark` brings Pillow.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

import albert_ner_onnx

TEXT = """\
Angela Merkel flew from Berlin to New York, the U.N. said on Friday.
Shares of Siemens AG rose 3.5% in Frankfurt; Britain's Vodafone fell.
Brazilian striker Ronaldo joined Inter Milan for $27m."""
PAGES = {"light": ("#ffffff", "#1f2328"), "dark": ("#0d1117", "#e6edf3")}  # background and text, as GitHub's
WIDTH, HEIGHT, SCALE = 720, 118, 2  # two in CSS pixels; pixels per CSS pixel
_FRAME = 200  # CSS pixels to add to the window's height, because Chromium doesn't paint all of it
PAGE = """\
<!doctype html><meta charset="utf-8">
<body style="margin: 14px 20px; background: {background}; color: {text}; font: 15px 'DejaVu Sans', sans-serif">
{document}
"""


def draw(page: str, picture: Path) -> None:
    """Writes a picture of a page as a browser shows it.

    Raises:
        FileNotFoundError: Chromium isn't installed.
        subprocess.CalledProcessError: Chromium failed.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(page, "utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}"]
        size = [f"--window-size={WIDTH},{HEIGHT + _FRAME}", f"--force-device-scale-factor={SCALE}"]
        command = [browser, *options, *size, f"--screenshot={picture}", source.as_uri()]
        subprocess.run(command, check=True, capture_output=True)
    with Image.open(picture) as whole:
        cropped = whole.convert("RGB").crop((0, 0, WIDTH * SCALE, HEIGHT * SCALE))
    cropped.quantize(64).save(picture, optimize=True)


def main() -> None:
    """Draws both pictures."""
    document = albert_ner_onnx.load().analyze(TEXT)._repr_html_()
    for name, (background, text) in PAGES.items():
        picture = Path(__file__).with_name(f"document-{name}.png").resolve()
        draw(PAGE.format(background=background, text=text, document=document), picture)


if __name__ == "__main__":
    main()

"""`albert-ner push`: publishes a model on the Hugging Face Hub."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from albert_ner_onnx.hub.fetch import find_model
from albert_ner_onnx.hub.push import hub_files, push, write_folder
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.render import printable

SUMMARY = "publish a model on the Hugging Face Hub"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.description = (
        "Publishes a model under OWNER/NAME in one commit, with a model card that says\n"
        "what the manifest says, and prints the commit's address. A README.md in the\n"
        "model's folder is taken as its card. Log in with `hf auth login` first, or set\n"
        "HF_TOKEN."
    )
    parser.add_argument("model", metavar="MODEL", help="a folder made by `albert-ner export`")
    parser.add_argument("repository", metavar="OWNER/NAME", help="the repository; it is made if it doesn't exist")
    parser.add_argument(
        "--private", action="store_true", help="make the repository private; one that is public already is refused"
    )
    parser.add_argument(
        "--revision", metavar="BRANCH", help="the branch to commit to; it is made if it doesn't exist (default: main)"
    )
    parser.add_argument("--message", metavar="TEXT", help="the commit's message")
    parser.add_argument(
        "--dry-run",
        type=Path,
        metavar="FOLDER",
        help="write what would be published into this new folder, without a network",
    )


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    folder = ModelFolder.open(find_model(args.model))
    if not folder.manifest.license:
        print(
            "albert-ner: warning: the model states no licence, so its card states none; export it with --license",
            file=sys.stderr,
        )
    files = hub_files(folder, args.repository)
    if args.dry_run:
        write_folder(files, args.dry_run)
        print(printable(str(args.dry_run)))
    else:
        print(
            printable(push(files, args.repository, private=args.private, revision=args.revision, message=args.message))
        )
    return 0

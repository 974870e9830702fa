"""`albert-ner`: one module per command, each with `SUMMARY`, `add_arguments(parser)` and `run(args)`.

Nothing heavy is imported before a command runs, so `--help` is fast.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from albert_ner_onnx import __version__
from albert_ner_onnx.cli import benchmark, console, evaluate, export, info, push, recognize, run, score
from albert_ner_onnx.errors import AlbertNerError

COMMANDS = {
    "recognize": recognize,
    "run": run,
    "evaluate": evaluate,
    "score": score,
    "info": info,
    "benchmark": benchmark,
    "export": export,
    "push": push,
}
_USAGE = """albert-ner [recognize] [OPTION...] TEXT...
       albert-ner COMMAND [OPTION...] ..."""
_DESCRIPTION = f"""Named entity recognition with ALBERT in ONNX Runtime.

commands:
{chr(10).join(f"  {name:<11} {module.SUMMARY}" for name, module in COMMANDS.items())}
"""
_EPILOG = """examples:
  albert-ner "My name is John and I live in Berlin."
  albert-ner --json -i texts.txt > entities.jsonl
  albert-ner run articles.parquet -o entities.parquet
  albert-ner recognize --help

Without a command, `albert-ner` runs `recognize`. After `--`, all arguments are
texts.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `albert-ner`.

    Args:
        argv: The arguments. The default is those of the process.

    Returns:
        The exit status: 0 for success, 1 for an error, 130 if interrupted, 141 if the reader of the output has gone.

    Raises:
        SystemExit: With status 0 after `--help` and `--version`, with 2 after a usage error.
    """
    if sys.stdout is None:  # `albert-ner >&-`
        console.print_error("standard output is closed")
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):  # test runners and embedders replace it
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    debug = False
    try:
        try:
            args = _parse(sys.argv[1:] if argv is None else list(argv))
            debug = args.debug
            status: int = args.run(args)
            return status
        finally:
            sys.stdout.flush()  # at exit it would be too late to handle an error
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # 141 is what the shell reports for a filter that SIGPIPE ends. So `albert-ner … | head` behaves like
        # `cat … | head`, also under `set -o pipefail`.
        _discard_output()
        return 141
    except BaseException as error:  # a panic in the tokenizer's Rust code isn't an Exception
        if isinstance(error, SystemExit):
            raise
        if debug:
            traceback.print_exc()
        _discard_output()
        console.print_error(_message(error))
        return 1


def _message(error: BaseException) -> str:
    match error:
        case AlbertNerError():
            return str(error)
        case OSError(filename=name, strerror=reason) if reason:
            return f"{os.fspath(name)}: {reason}" if name is not None else reason
        case MemoryError():
            return "out of memory"
    return f"{type(error).__name__}: {error} (unexpected; use --debug for the traceback)"


def _discard_output() -> None:
    """Throws away what standard output still buffers if it can't be written. At exit it would raise an error."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        console.print_error(f"{message} (see `{self.prog} --help`)")
        sys.exit(2)


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = _parser()
    if not argv:
        print(f"usage: {_USAGE}\nTry `albert-ner --help`.", file=sys.stderr)
        sys.exit(2)
    first = 1 if argv[0] == "--debug" else 0
    if argv[first : first + 1] and argv[first] not in (*COMMANDS, "-h", "--help", "--version"):
        argv.insert(first, "recognize")
    return parser.parse_args(argv)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="albert-ner",
        usage=_USAGE,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"albert-ner {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, help=argparse.SUPPRESS)
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name,
            prog=f"albert-ner {name}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(command)
        # SUPPRESS: otherwise the default would overwrite a --debug before the command.
        command.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
        )
        command.set_defaults(run=module.run)
    return parser

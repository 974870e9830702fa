from __future__ import annotations

import argparse

import pytest

from albert_ner_onnx.cli import options
from albert_ner_onnx.options import CONTEXTS, DECODERS, MARKUPS, NEWLINES, Options


def test_every_choice_that_there_is_can_be_made() -> None:
    parser = argparse.ArgumentParser()
    options.add_decoder(parser)
    options.add_context(parser, "meaning")
    options.add_reading(parser)
    choices = {"decoder": DECODERS, "context": CONTEXTS, "newlines": NEWLINES, "markup": MARKUPS}
    for option, known in choices.items():
        assert getattr(parser.parse_args([]), option) == getattr(Options(), option)
        for name in known:
            assert getattr(parser.parse_args([f"--{option}", name]), option) == name
        with pytest.raises(SystemExit):
            parser.parse_args([f"--{option}", "crf"])

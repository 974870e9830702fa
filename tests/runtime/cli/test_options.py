from __future__ import annotations

import argparse

import pytest

from albert_ner_onnx.cli import options
from albert_ner_onnx.options import CONTEXTS, DECODERS


def test_every_decoder_and_context_can_be_chosen() -> None:
    parser = argparse.ArgumentParser()
    options.add_decoder(parser)
    options.add_context(parser, "meaning")
    for option, known in (("decoder", DECODERS), ("context", CONTEXTS)):
        for name in (*known, None):
            parsed = parser.parse_args([f"--{option}", name] if name else [])
            assert getattr(parsed, option) == name
        with pytest.raises(SystemExit):
            parser.parse_args([f"--{option}", "crf"])

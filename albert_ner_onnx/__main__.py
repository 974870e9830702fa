"""`python -m albert_ner_onnx` is `albert-ner`."""

import sys

from albert_ner_onnx.cli import main

sys.exit(main())

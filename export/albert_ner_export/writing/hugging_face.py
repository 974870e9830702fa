"""The files with which transformers and optimum open a model that has Hugging Face's interface."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import Tokenizer

from albert_ner_export.config import AlbertConfig
from albert_ner_export.tokenizer import TokenizerFacts
from albert_ner_onnx.model.manifest import TOKENIZER

# A tokenizer.json doesn't say which pieces have these uses; BERT and ALBERT name them so
_SPECIAL = {"pad_token": ("[PAD]", "<pad>"), "unk_token": ("[UNK]", "<unk>"), "mask_token": ("[MASK]",)}

# Spark NLP's rules for words (`albert_ner_onnx.spark_nlp.words`) as patterns that Oniguruma and JavaScript read alike.
# Punctuation before and after a word is a word of its own. If more than 16 characters of it precede a word, they stay
# with the word: without this limit, time would be quadratic.
_WHITE_SPACE = "[\t\n\x0b\f\r\u2187]"
_OUTER, _INNER = r"""[.,;:!?*()"'\-]""", r"""[^.,;:!?*()"'\- ]"""
_BORDERS = (f"(?<=(?:^| ){_OUTER}{{1,16}})(?={_INNER})", f"(?<={_INNER})(?={_OUTER}+(?: |$))")


def hugging_face_files(
    config: AlbertConfig, facts: TokenizerFacts, max_pieces: int, piece_rule: str = "word"
) -> dict[str, bytes]:
    """Makes `config.json`, `tokenizer_config.json`, `special_tokens_map.json` and, for Spark NLP, `tokenizer.json`.

    Args:
        config: The sizes and tags.
        facts: The model's tokenizer.
        max_pieces: Longest sequence in pieces, `[CLS]` and `[SEP]` included.
        piece_rule: How the model's words become pieces. With `spark-nlp`, transformers reads a text as our runtime
            does, except for the lone spaces that Spark NLP drops: a `tokenizer.json` can't drop them.
    """
    tokenizer = Tokenizer.from_str(facts.data.decode())
    special = {"cls_token": tokenizer.id_to_token(facts.cls_id), "sep_token": tokenizer.id_to_token(facts.sep_id)}
    for use, names in _SPECIAL.items():
        # Tokenizers made from Spark NLP's vocabularies have a space before the name: see `sources.spark_nlp.tokenizer`
        spellings = [spelling for name in names for spelling in (name, f" {name}")]
        special |= dict([(use, name) for name in spellings if tokenizer.token_to_id(name) is not None][:1])
    pad = {"pad_token_id": tokenizer.token_to_id(special["pad_token"])} if "pad_token" in special else {}
    tokenizer_config = special | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_pieces,
        "do_lower_case": facts.lower_case,
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
    }
    contents = {
        "config.json": config.to_dict() | pad,
        "tokenizer_config.json": tokenizer_config,
        "special_tokens_map.json": special,
    }
    files = {name: (json.dumps(content, indent=2) + "\n").encode() for name, content in contents.items()}
    return files | ({TOKENIZER: _read_texts(facts.data)} if piece_rule == "spark-nlp" else {})


def _read_texts(tokenizer: bytes) -> bytes:
    """Extends a tokenizer for Spark NLP's words so that it splits whole texts into such words.

    Our own runtime gives it single words, in which there is nothing to split, and normalizes them itself.
    """
    settings: dict[str, Any] = json.loads(tokenizer)
    steps = [_replace(_WHITE_SPACE, " "), *(_replace(border, " ") for border in _BORDERS)]
    steps += [step for step in settings["normalizer"]["normalizers"] if step["type"] in ("Lowercase", "Precompiled")]
    settings["normalizer"]["normalizers"] = steps
    settings["pre_tokenizer"] = {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Split", "pattern": {"String": " "}, "behavior": "Removed", "invert": False},
            {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": False},
        ],
    }
    return json.dumps(settings, ensure_ascii=False, separators=(",", ":")).encode()


def _replace(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}

"""The files that let transformers and optimum open a package with Hugging Face's interface."""

from __future__ import annotations

import json

from tokenizers import Tokenizer

from albert_ner_export.config import AlbertConfig
from albert_ner_export.tokenizer import TokenizerFacts

# What BERT's and ALBERT's tokenizers call the pieces that a tokenizer.json doesn't name by their use
_SPECIAL = {"pad_token": ("[PAD]", "<pad>"), "unk_token": ("[UNK]", "<unk>"), "mask_token": ("[MASK]",)}


def hugging_face_files(config: AlbertConfig, facts: TokenizerFacts, max_pieces: int) -> dict[str, bytes]:
    """Makes `config.json`, `tokenizer_config.json` and `special_tokens_map.json`."""
    tokenizer = Tokenizer.from_str(facts.data.decode())
    special = {"cls_token": tokenizer.id_to_token(facts.cls_id), "sep_token": tokenizer.id_to_token(facts.sep_id)}
    for use, names in _SPECIAL.items():
        special |= dict([(use, name) for name in names if tokenizer.token_to_id(name) is not None][:1])
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
    return {name: (json.dumps(content, indent=2) + "\n").encode() for name, content in contents.items()}

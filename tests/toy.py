"""A tiny ALBERT checkpoint with random weights, and its tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = "the in of is and to john mary smith berlin paris lives works ##in ##er . , ' - $ %".split()


def vocabulary() -> list[str]:
    """Returns the pieces in the order of their ids."""
    characters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return [*SPECIALS, *WORDS, *characters, *(f"##{character}" for character in characters)]


def config(**changes: Any) -> dict[str, Any]:
    """Returns the `config.json` of a model with a few thousand parameters."""
    return {
        "model_type": "albert",
        "architectures": ["AlbertForTokenClassification"],
        "vocab_size": len(vocabulary()),
        "embedding_size": 12,
        "hidden_size": 16,
        "num_hidden_layers": 3,
        "num_hidden_groups": 1,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "inner_group_num": 1,
        "max_position_embeddings": 24,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "position_embedding_type": "absolute",
        "id2label": {str(i): tag for i, tag in enumerate(TAGS)},
        "label2id": {tag: i for i, tag in enumerate(TAGS)},
        **changes,
    }


def tensors(config: dict[str, Any], seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    """Makes random weights by Hugging Face's names. No bias and no shift is zero: zeros hide errors."""
    random = np.random.default_rng(seed)
    hidden, width, inner = config["hidden_size"], config["embedding_size"], config["intermediate_size"]

    def normal(*shape: int, scale: float = 0.3, mean: float = 0.0) -> npt.NDArray[np.float32]:
        return (mean + scale * random.standard_normal(shape)).astype(np.float32)

    result = {
        "albert.embeddings.word_embeddings.weight": normal(config["vocab_size"], width, scale=1.0),
        "albert.embeddings.position_embeddings.weight": normal(config["max_position_embeddings"], width),
        "albert.embeddings.token_type_embeddings.weight": normal(config["type_vocab_size"], width),
    }
    norms = {"albert.embeddings.LayerNorm": width}
    linears = {
        "albert.encoder.embedding_hidden_mapping_in": (width, hidden),
        "classifier": (hidden, len(config["id2label"])),
    }
    for group in range(config["num_hidden_groups"]):
        for layer in range(config["inner_group_num"]):
            name = f"albert.encoder.albert_layer_groups.{group}.albert_layers.{layer}"
            for part in ("query", "key", "value", "dense"):
                linears[f"{name}.attention.{part}"] = (hidden, hidden)
            linears |= {f"{name}.ffn": (hidden, inner), f"{name}.ffn_output": (inner, hidden)}
            norms |= {f"{name}.attention.LayerNorm": hidden, f"{name}.full_layer_layer_norm": hidden}
    for name, (inputs, outputs) in linears.items():
        # Branches are weak compared with the residual, so that tags differ from word to word
        scale = (2 if name.endswith(("mapping_in", "classifier", "ffn")) else 0.3) / np.sqrt(inputs)
        result |= {f"{name}.weight": normal(outputs, inputs, scale=scale), f"{name}.bias": normal(outputs, scale=0.1)}
    for name, size in norms.items():
        result |= {f"{name}.weight": normal(size, mean=1.0), f"{name}.bias": normal(size, scale=0.1)}
    return result


def tokenizer(lower_case: bool = True) -> str:
    """Makes a WordPiece `tokenizer.json` that knows a few words and spells all others."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    ids = {piece: i for i, piece in enumerate(vocabulary())}
    result = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    result.add_special_tokens(list(SPECIALS))
    result.normalizer = normalizers.BertNormalizer(lowercase=lower_case)
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = [(piece, ids[piece]) for piece in ("[CLS]", "[SEP]")]
    result.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    return str(result.to_str())


def write_checkpoint(folder: Path, *, seed: int = 0, lower_case: bool = True, **changes: Any) -> Path:
    """Writes the toy as a Hugging Face folder; `changes` go into its config.json."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    settings = config(**changes)
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "tokenizer.json").write_text(tokenizer(lower_case))
    save_file(tensors(settings, seed), folder / "model.safetensors", metadata={"format": "pt"})
    return folder

"""Trains a deep ALBERT on a CoNLL-2003 file: one group of weights, applied 24 times. It is the hard case for int8.

    python -m training.deep_conll03 eng.train OUT [--test eng.testa]

Starts from the embeddings and the third group of `checkpoints/albert-small-conll03`. What a layer adds to its input is
scaled down first, so that 24 iterations begin near the result of that group's two. The default, two epochs, takes
twenty minutes on two busy cores and ends at F1 0.8397 on eng.testa. Progress is kept in OUT; the same command resumes.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.nn.functional import cross_entropy
from transformers import AlbertConfig, AlbertForTokenClassification

from albert_ner_onnx.evaluation.phrases import score_phrases
from albert_ner_onnx.files.conll import ConllSentence, read_conll
from albert_ner_onnx.model.sequences import SPECIAL_PIECES, SpecialPieces
from albert_ner_onnx.model.tokenizer import WordTokenizer
from albert_ner_onnx.tags.schemes import spans, to_tags

START = Path(__file__).parents[1] / "checkpoints" / "albert-small-conll03"
ITERATIONS = 24
GROUP = 2  # the third
BRANCH = 0.15  # factor of what a layer adds to its input
PIECES = 1500  # in a batch, roughly
KEEP_EVERY = 100  # steps
LONGEST = 192  # pieces in a sequence
IGNORED = -100  # the target of all pieces except the first one of each word
SPECIAL = SpecialPieces(cls_id=101, sep_id=102)


class Example(NamedTuple):
    """A sentence: its pieces, `[CLS]` and `[SEP]` included, and the target of each piece."""

    ids: list[int]
    targets: list[int]


def start_model() -> AlbertForTokenClassification:
    """Makes the deep model before training."""
    shallow = AlbertForTokenClassification.from_pretrained(START, dtype=torch.float32)
    tensors = shallow.state_dict()
    groups = "albert.encoder.albert_layer_groups."
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(groups)}
    for name, tensor in tensors.items():
        if name.startswith(f"{groups}{GROUP}."):
            scale = BRANCH if ".attention.dense." in name or ".ffn_output." in name else 1.0
            kept[name.replace(f"{groups}{GROUP}.", f"{groups}0.")] = tensor * scale
    config = AlbertConfig.from_pretrained(START, num_hidden_layers=ITERATIONS, num_hidden_groups=1)
    model = AlbertForTokenClassification(config)
    model.load_state_dict(kept)
    return model


def encode(sentences: Sequence[ConllSentence], tokenizer: WordTokenizer, tag_ids: dict[str, int]) -> list[Example]:
    """Turns sentences into pieces. IOB1 becomes IOB2, and the first piece of each word gets its tag."""
    examples = []
    for words, tags in sentences:
        pieces = tokenizer.encode(words)
        targets = [IGNORED] * len(pieces.ids)
        for start, tag in zip(pieces.bounds[:-1].tolist(), to_tags(spans(tags), len(tags), "IOB2"), strict=True):
            targets[start] = tag_ids[tag]
        inner = slice(LONGEST - SPECIAL_PIECES)
        ids = SPECIAL.enclose(pieces.ids[inner]).tolist()
        examples.append(Example(ids, [IGNORED, *targets[inner], IGNORED]))
    return examples


def batches(examples: Sequence[Example], seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Batches sentences of similar lengths, in random order: ids, mask and targets, each int64 [sentence, piece]."""
    shuffle = random.Random(seed)
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].ids) + shuffle.random())
    groups: list[list[Example]] = [[]]
    for index in order:
        if (len(groups[-1]) + 1) * len(examples[index].ids) > PIECES:
            groups.append([])
        groups[-1].append(examples[index])
    shuffle.shuffle(groups)
    for group in groups:
        width = max(len(example.ids) for example in group)
        ids = torch.tensor([example.ids + [0] * (width - len(example.ids)) for example in group])
        mask = torch.tensor([[1] * len(example.ids) + [0] * (width - len(example.ids)) for example in group])
        targets = [example.targets + [IGNORED] * (width - len(example.targets)) for example in group]
        yield ids, mask, torch.tensor(targets)


def score(model: AlbertForTokenClassification, path: Path, tokenizer: WordTokenizer) -> float:
    """Computes the F1 of the phrases of a file, from 0 to 1, sentence by sentence."""
    sentences = read_conll(path)
    tags = [(model.config.id2label or {})[index] for index in range(model.config.num_labels)]
    examples = encode(sentences, tokenizer, {tag: index for index, tag in enumerate(tags)})
    found = []
    model.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for example in examples:
            best = model(torch.tensor([example.ids])).logits[0].argmax(-1).tolist()
            found.append([tags[best[i]] for i, target in enumerate(example.targets) if target != IGNORED])
    model.train()
    gold = [sentence.tags[: len(predicted)] for sentence, predicted in zip(sentences, found, strict=True)]
    return score_phrases(gold, found).overall.f1


def train(
    model: AlbertForTokenClassification, examples: Sequence[Example], out: Path, epochs: int, rate: float
) -> None:
    """Trains the model. Saves its state every `KEEP_EVERY` steps, to resume from, and writes a log."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    steps = epochs * sum(1 for _ in batches(examples, 0))
    warm_up = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm_up, max(0.0, (steps - step) / (steps - warm_up)))
    )
    state, done = out / "state.pt", 0
    if state.exists():
        kept = torch.load(state, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        schedule.load_state_dict(kept["schedule"])
        done = kept["step"]
    started, pieces, step = time.perf_counter(), 0, 0
    model.train()
    for epoch in range(epochs):
        for ids, mask, targets in batches(examples, epoch):
            step += 1
            if step <= done:
                continue
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(ids, attention_mask=mask).logits
            loss = cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            pieces += int(mask.sum())
            if step % 20 == 0:
                speed = pieces / (time.perf_counter() - started)
                line = {"step": step, "of": steps, "loss": round(loss.item(), 4), "pieces_per_second": round(speed)}
                with (out / "log.jsonl").open("a") as log:
                    log.write(json.dumps(line) + "\n")
            if step % KEEP_EVERY == 0:
                parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "schedule": schedule}
                torch.save({name: part.state_dict() for name, part in parts.items()} | {"step": step}, f"{state}.new")
                Path(f"{state}.new").replace(state)


def main() -> None:
    """Trains, writes a Hugging Face folder and, with --test, prints the F1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rate", type=float, default=4e-4)
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    tokenizer = WordTokenizer((START / "tokenizer.json").read_bytes(), LONGEST)
    model = start_model()
    tag_ids: dict[str, int] = model.config.label2id or {}
    examples = encode(read_conll(arguments.train), tokenizer, tag_ids)
    train(model, examples, out, arguments.epochs, arguments.rate)
    model.save_pretrained(out)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (START / name).exists():
            shutil.copy(START / name, out)
    if arguments.test:
        print(f"F1 {score(model, arguments.test, tokenizer):.4f}")


if __name__ == "__main__":
    main()

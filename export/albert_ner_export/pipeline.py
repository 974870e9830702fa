"""A checkpoint in, a model out: read -> fold -> build -> verify -> quantize -> judge -> write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from albert_ner_export.checkpoint import Checkpoint, SourceOptions
from albert_ner_export.graph.build import build_model
from albert_ner_export.graph.folding import fold_weights
from albert_ner_export.graph.run import Logits, run_model
from albert_ner_export.graph.weights import AlbertWeights
from albert_ner_export.int8.quality import Words, judge, measure_quality, score_gold
from albert_ner_export.int8.quantize import ACTIVATIONS, float_parts, observe_ranges, quantize_weights
from albert_ner_export.int8.rounding import describe_rounding, refine
from albert_ner_export.labels import read_labels
from albert_ner_export.options import EMBEDDING_BITS, MIN_AGREEMENT, ExportOptions
from albert_ner_export.sources.read import read_checkpoint
from albert_ner_export.texts.corpus import Corpus, own_corpus, read_corpus
from albert_ner_export.texts.sequences import CorpusReader, PieceSequence
from albert_ner_export.tokenizer import TokenizerFacts, describe_tokenizer
from albert_ner_export.verify.gates import check_reference, check_source_model
from albert_ner_export.verify.pieces import check_pieces, choose_sample
from albert_ner_export.verify.reference import Reference, choose_oracle, run_reference
from albert_ner_export.verify.source_model import run_source_model
from albert_ner_export.writing.folder import check_target, write_model_folder
from albert_ner_export.writing.manifest import Description
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.files.conll import ConllSentence, read_conll
from albert_ner_onnx.model.manifest import MOST_UNKNOWN, Manifest, Quality, Quantization, Verification
from albert_ner_onnx.rules import Rules, choose_rules
from albert_ner_onnx.tags.schemes import opens_with_i, scheme_of

Report = Callable[[str], None]
_LONGEST_WORD = 8192  # pieces; no word is cut where pieces are compared


def export_model(
    source: Path,
    out: Path,
    options: ExportOptions = ExportOptions(),  # noqa: B008 (immutable)
    *,
    force: bool = False,
    report: Report = lambda line: None,
) -> Manifest:
    """Exports a checkpoint as a model, verified against transformers or optimum, and returns the model's manifest.

    Args:
        source: A Hugging Face folder or Hub id, TensorFlow model or checkpoint, Spark NLP archive, or ONNX file.
        out: The folder to write. It must not exist.
        options: What the user chooses.
        force: Whether to replace `out` if it is a model.
        report: Receives one line at each step.

    Raises:
        ExportError: The export failed; nothing has been written.
        InputError: The file of gold tags can't be read, or isn't in CoNLL format; nothing has been written.
    """
    check_target(out, force, source)
    corpus = read_corpus(options.calibration) if options.calibration else own_corpus()
    report(f"reading {source}")
    checkpoint, max_pieces = _read(source, options, corpus, report)
    config = checkpoint.config
    gold = read_conll(options.gold, tags_too=config.read_tags) if options.gold else []
    trusted = options.trust_tokenizer is not None
    tokenizer = describe_tokenizer(checkpoint.tokenizer, config.vocab_size, trusted=trusted)
    rules = _rules(checkpoint, scheme_of(config.read_tags), tokenizer.markers)
    reader = CorpusReader(rules, tokenizer, corpus, max_pieces)
    weights = fold_weights(config, checkpoint.tensors)

    report(f"verifying against {choose_oracle(options.oracle)}")
    sequences = reader.verification(config.max_position_embeddings)
    texts = [[word.text for word in rules.split_words(line)] for line in (*corpus.calibration, *corpus.held_out)]
    sample = choose_sample(texts, tokenizer)
    reference = run_reference(checkpoint, [part.ids for part in sequences], sample, options.oracle)
    pieces = _check_pieces(checkpoint, reference, tokenizer, rules, options, report)
    checkpoint = replace(checkpoint, tensors={})  # those of an xxlarge take a gigabyte
    interface = _interface(options, rules)
    model = build_model(config, weights, interface=interface)
    verification, logits = _verify(checkpoint, model, sequences, reference)
    unknown = reader.unknown_share(sequences)
    verification = replace(verification, unknown_share=unknown, tokenizer=pieces)
    if options.precision == "fp32" and unknown > MOST_UNKNOWN:
        report(
            f"warning: the tokenizer doesn't know {unknown:.1%} of the pieces of the text that the graph was verified "
            "on; the graph computes what the checkpoint does, but try it on text of the model's language"
        )
    if options.calibration:  # the user's text is in the model's language and shows its scheme better than ours
        sequences = reader.calibration(config.max_position_embeddings)
        logits = run_model(model, [part.ids for part in sequences])
    scheme = _scheme(config.read_tags, logits, sequences)
    checkpoint = replace(checkpoint, source_model=None)  # an ONNX source may be as large as the tensors
    description = Description(checkpoint, tokenizer, interface, max_pieces, scheme, verification)

    if options.precision == "fp32":
        manifest, files = description.complete(model)
    else:
        del model  # calibration needs its memory
        manifest, files = _make_int8(description, weights, reader, options, gold, report)
    write_model_folder(out, files, force=force)
    return manifest


def _read(source: Path, options: ExportOptions, corpus: Corpus, report: Report) -> tuple[Checkpoint, int]:
    """Reads a checkpoint. The user's choices replace what it says. Also returns the length of the longest sequence."""
    source_options = SourceOptions(
        labels=read_labels(options.tags_file, options.ignore_labels) if options.tags_file else None,
        ignored=options.ignore_labels,
        case_sensitive=options.case_sensitive,
        keep_accents=options.keep_accents,
        max_sentence_length=options.max_sentence_length,
        exact_spark_nlp=options.exact_spark_nlp,
        texts=corpus.calibration if options.calibration else (),
        warn=report,
    )
    checkpoint = read_checkpoint(source, source_options)
    positions = checkpoint.config.max_position_embeddings
    lengths = (options.max_sentence_length, checkpoint.max_pieces, positions)
    max_pieces = next(length for length in lengths if length is not None)
    if not 3 <= max_pieces <= positions:
        raise ExportError(
            f"the longest sequence must have from 3 to {positions} pieces, the model's positions, found {max_pieces}; "
            "give --max-sentence-length"
        )
    license, language = options.license or checkpoint.license, options.language or checkpoint.language
    return replace(checkpoint, license=license, language=language), max_pieces


def _rules(checkpoint: Checkpoint, scheme: str, markers: tuple[str, ...]) -> Rules:
    return choose_rules(checkpoint.word_splitter, checkpoint.piece_rule, scheme, checkpoint.spark_nlp, markers)


def _interface(options: ExportOptions, rules: Rules) -> str:
    """Returns the interface of the graph. A piece that attention ignores needs a mask."""
    return "masked" if options.interface == "native" and rules.masked_piece is not None else options.interface


def _verify(
    checkpoint: Checkpoint, model: bytes, sequences: Sequence[PieceSequence], reference: Reference
) -> tuple[Verification, list[Logits]]:
    """Compares the float32 graph with the reference and, if the source is an ONNX model, with that. Returns its logits.

    Raises:
        ExportError: Their answers differ.
    """
    ids = [part.ids for part in sequences]
    found = run_model(model, ids)
    source_model = checkpoint.source_model
    if source_model is None:
        return check_reference(reference.logits, found, reference.name), found
    answers = run_source_model(source_model, ids, checkpoint.config.max_position_embeddings)
    check_source_model(source_model, answers, found)
    return check_reference(reference.logits, found, f"{reference.name}, and the ONNX file itself"), found


def _check_pieces(
    checkpoint: Checkpoint,
    reference: Reference,
    tokenizer: TokenizerFacts,
    rules: Rules,
    options: ExportOptions,
    report: Report,
) -> str:
    """Compares our pieces with those of the checkpoint's own tokenizer. Returns what the manifest says.

    Raises:
        ExportError: They differ.
    """
    found, warning = check_pieces(
        reference.tokenizer,
        tokenizer,
        rules.open_own_tokenizer(tokenizer.data, _LONGEST_WORD),
        place=checkpoint.name,
        trusted=options.trust_tokenizer is not None,
        replaced=[
            option
            for option, chosen in (
                ("--case-sensitive", options.case_sensitive),
                ("--keep-accents", options.keep_accents),
            )
            if chosen is not None
        ],
    )
    if warning:
        report(warning)
    return found


def _scheme(tags: Sequence[str], logits: Sequence[Logits], sequences: Sequence[PieceSequence]) -> str:
    """Returns the scheme of the tags. If tags alone can't tell IOB1 from IOB2, the model's answers do."""
    scheme = scheme_of(tags)
    answers = (
        [tags[tag] for tag in found[part.first].argmax(axis=1)] for found, part in zip(logits, sequences, strict=True)
    )
    return "IOB1" if scheme == "IOB2" and opens_with_i(answers) else scheme


def _make_int8(
    description: Description,
    weights: AlbertWeights,
    reader: CorpusReader,
    options: ExportOptions,
    gold: Sequence[ConllSentence],
    report: Report,
) -> tuple[Manifest, dict[str, bytes]]:
    """Quantizes the model and judges the result. Returns what `Description.complete` returns.

    Raises:
        ExportError: int8 answers too differently from float32.
    """
    report("calibrating and quantizing")
    config = description.checkpoint.config
    embedding_bits = options.embedding_bits or EMBEDDING_BITS[0]
    sequences = [part.ids for part in reader.calibration(config.max_position_embeddings)]
    quantized = quantize_weights(weights, observe_ranges(config, weights, sequences), embedding_bits)
    quantized = refine(config, weights, quantized, sequences)
    float32 = build_model(config, weights, interface=description.interface)
    int8 = build_model(config, quantized, interface=description.interface)

    report("comparing int8 with float32")
    least = MIN_AGREEMENT if options.min_agreement is None else float(options.min_agreement)
    quality = _measure(description, float32, int8, reader, least)
    if warning := judge(quality):
        report(warning)
    quantization = Quantization(
        activations=ACTIVATIONS,
        weights=describe_rounding(quantized),
        calibration=reader.corpus.name,
        float_parts=float_parts(quantized),
        embedding_bits=embedding_bits,
        float32_bytes=len(float32),
        int8_bytes=len(int8),
        quality=quality,
    )
    if options.gold and gold:
        models = {"float32": description.complete(float32)[1], "int8": description.complete(int8, quantization)[1]}
        scores = score_gold(models, gold, options.gold.name)
        quantization = replace(quantization, quality=replace(quality, gold=scores))
    return description.complete(int8, quantization)


def _measure(description: Description, float32: bytes, int8: bytes, reader: CorpusReader, least: float) -> Quality:
    """Runs both graphs on the held-out text and measures how far int8 is from float32."""
    sequences = reader.held_out(description.max_pieces)
    ids, first = [part.ids for part in sequences], [part.first for part in sequences]
    words = Words.of_first_pieces(run_model(float32, ids), run_model(int8, ids), first)
    find_spans = _rules(description.checkpoint, description.scheme, description.tokenizer.markers).find_spans
    tags = description.checkpoint.config.read_tags
    return measure_quality(words, tags, find_spans, reader.corpus.name, least, reader.unknown_share(sequences))

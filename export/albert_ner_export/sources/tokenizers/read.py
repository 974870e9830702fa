"""The tokenizer of a folder, in whichever of three forms it is there, read as transformers' AutoTokenizer reads it."""

from __future__ import annotations

import json

from albert_ner_export.checkpoint import SourceOptions
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.tokenizers.accents import describe_difference
from albert_ner_export.sources.tokenizers.added_tokens import add_tokens
from albert_ner_export.sources.tokenizers.normalizers import (
    apply_bert_settings,
    is_case_sensitive,
    keeps_accents,
    set_accents,
    set_case,
)
from albert_ner_export.sources.tokenizers.sentencepiece import SentencePieceModel, tokenizer_from_sentencepiece
from albert_ner_export.sources.tokenizers.settings import (
    ALBERT,
    BERT,
    GENERIC,
    SETTINGS,
    TOKENIZER,
    TokenizerSettings,
    read_settings,
)
from albert_ner_export.sources.tokenizers.word_piece import SPECIAL, tokenizer_from_vocabulary
from albert_ner_onnx.errors import ExportError

SENTENCEPIECE, VOCABULARY = "spiece.model", "vocab.txt"
TOKENIZER_FILES = (TOKENIZER, SENTENCEPIECE, VOCABULARY)
# A bare vocab.txt has no class: its model card says BertTokenizer
_FILES = {BERT: (VOCABULARY,), ALBERT: (SENTENCEPIECE,), GENERIC: (), None: (SENTENCEPIECE, VOCABULARY)}


def read_tokenizer(folder: Folder, options: SourceOptions) -> bytes:
    """Reads `tokenizer.json`, or builds one from `spiece.model` or `vocab.txt`, and applies the files beside it.

    `model_max_length` is ignored: it is often a placeholder, and the model's configuration knows the positions.

    Raises:
        ExportError: There is no tokenizer, it can't be read, or its class reads it in a way of its own.
    """
    settings = read_settings(folder, options)
    if folder.has(TOKENIZER):
        name, read = TOKENIZER, _from_tokenizer_json
    else:
        name = _find(folder, settings)
        read = _from_sentencepiece if name == SENTENCEPIECE else _from_vocabulary
    return add_tokens(read(folder, settings, options), settings, folder.locate(name))


def _find(folder: Folder, settings: TokenizerSettings) -> str:
    """Returns the file of a tokenizer without `tokenizer.json`."""
    expected = _FILES[None if settings.name is None else settings.kind]
    if found := next((name for name in expected if folder.has(name)), None):
        return found
    if others := [name for name in (SENTENCEPIECE, VOCABULARY) if folder.has(name)]:
        raise ExportError(
            f"{folder.path}: tokenizer_class {settings.name} reads {' or '.join((TOKENIZER, *expected))}, but only "
            f"{' and '.join(others)} is there; add the missing file, or remove tokenizer_class from {SETTINGS} if "
            f"{others[0]} is the tokenizer"
        )
    raise ExportError(
        f"{folder.path}: no tokenizer in it; expected one of {', '.join(TOKENIZER_FILES)} "
        "(AutoTokenizer.from_pretrained(…).save_pretrained(…) writes them)"
    )


def _from_tokenizer_json(folder: Folder, settings: TokenizerSettings, options: SourceOptions) -> bytes:
    path, data = folder.locate(TOKENIZER), folder.read(TOKENIZER)
    try:
        pre_tokenizer = json.loads(data).get("pre_tokenizer") or {}
    except (ValueError, AttributeError) as error:
        raise ExportError(f"{path}: can't be read ({error}); it is damaged: copy or save it again") from None
    prefix = settings.config.get("add_prefix_space", False)
    if pre_tokenizer.get("type") == "ByteLevel" and pre_tokenizer.get("add_prefix_space") != prefix:
        raise ExportError(
            f"{path}: add_prefix_space is {pre_tokenizer['add_prefix_space']} there and {prefix} in {SETTINGS}, and "
            "versions of transformers differ in which counts; write the one that the model was trained with in both"
        )
    if settings.kind == BERT:
        data = apply_bert_settings(data, settings)
    if options.case_sensitive is not None:
        data = set_case(data, path, case_sensitive=options.case_sensitive)
    if options.keep_accents is not None:
        data = set_accents(data, path, keep=options.keep_accents)
    if settings.kind == ALBERT:
        _warn_of_ignored(folder, data, settings, options)
    return data


def _warn_of_ignored(folder: Folder, data: bytes, settings: TokenizerSettings, options: SourceOptions) -> None:
    """Says which settings of an AlbertTokenizerFast contradict its `tokenizer.json`."""
    path, place = folder.locate(TOKENIZER), folder.locate(SETTINGS)
    readings = (
        ("do_lower_case", "--case-sensitive", options.case_sensitive, not is_case_sensitive(data, path)),
        ("keep_accents", "--keep-accents", options.keep_accents, keeps_accents(data, path)),
    )
    for name, option, chosen, found in readings:
        said = settings.config.get(name)
        if said is not None and chosen is None and said != found:
            options.warn(
                f"{place}: {name} is {str(said).lower()}, but {TOKENIZER} reads as with {str(found).lower()}; kept, as "
                f"transformers 4 goes by {TOKENIZER} (5 goes by the setting): {option} true|false decides"
            )


def _from_sentencepiece(folder: Folder, settings: TokenizerSettings, options: SourceOptions) -> bytes:
    path = folder.locate(SENTENCEPIECE)
    model = SentencePieceModel.parse(folder.read(SENTENCEPIECE), path)
    tokenizer = tokenizer_from_sentencepiece(model, lower_case=settings.lower_case, keep_accents=settings.keep_accents)
    if not settings.lower_case and not is_case_sensitive(tokenizer, path):
        options.warn(f"{path}: its own normalization lower-cases, so the tokenizer ignores case all the same")
    undecided = options.keep_accents is None and not settings.keep_accents
    if undecided and (difference := describe_difference(model, options.texts)):
        options.warn(
            f"{path}: {difference}, as AlbertTokenizerFast drops accents and vowel signs (AlbertTokenizer and Google's "
            "code keep vowel signs, SentencePiece and Spark NLP keep all): if the model was trained with them, give "
            "--keep-accents true; if not, --keep-accents false"
        )
    if model.user_defined:
        symbols = " ".join(model.pieces[index][0] for index in model.user_defined)
        options.warn(
            f"{path}: its user-defined symbols ({symbols}) are read as SentencePiece does; transformers without a "
            "tokenizer.json splits texts at them first, which gives other pieces after them"
        )
    return tokenizer


def _from_vocabulary(folder: Folder, settings: TokenizerSettings, options: SourceOptions) -> bytes:
    return tokenizer_from_vocabulary(
        folder.read(VOCABULARY),
        folder.locate(VOCABULARY),
        lower_case=settings.lower_case,
        strip_accents=settings.strip_accents,
        chinese_characters=settings.chinese_characters,
        special={use: piece for use, piece in settings.special.items() if use in SPECIAL},
    )

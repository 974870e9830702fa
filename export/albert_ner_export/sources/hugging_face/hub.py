"""A model on the Hugging Face Hub, `owner/name` or `owner/name@revision` -> the folder of one commit in the cache."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from albert_ner_export.sources.config_files import CONFIG
from albert_ner_export.sources.files import Folder
from albert_ner_export.sources.hugging_face.folder import WEIGHTS, read_weight_map
from albert_ner_export.sources.hugging_face.model_card import CARD
from albert_ner_export.sources.tokenizers.read import TOKENIZER_FILES
from albert_ner_export.sources.tokenizers.settings import ADDED, SETTINGS, SPECIAL_MAP, TOKENIZER
from albert_ner_onnx.errors import ExportError
from albert_ner_onnx.hub.failures import explain_download
from albert_ner_onnx.hub.fetch import ask_hub
from albert_ner_onnx.hub.ids import parse_hub_id

_WEIGHTS = (*WEIGHTS, "tf_model.h5")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The needed files of one commit.

    Attributes:
        folder: Where they are, in huggingface_hub's cache.
        name: `owner/name@commit`, with the full commit.
    """

    folder: Path
    name: str


@dataclass(frozen=True, slots=True)
class _Repository:
    """A repository on a Hub, and the cache; `None` means what the environment says."""

    name: str
    endpoint: str | None
    cache: Path | None

    def files(self, revision: str | None) -> Collection[str] | None:
        """Asks the Hub for the names of a revision's files; returns `None` if the Hub can't be reached."""
        info = ask_hub(self.name, revision, self.endpoint)
        return None if info is None else {sibling.rfilename for sibling in info.siblings or ()}

    def fetch(self, file: str, revision: str | None) -> Path:
        """Downloads a file unless the cache has it."""
        from huggingface_hub import hf_hub_download

        path = hf_hub_download(self.name, file, revision=revision, endpoint=self.endpoint, cache_dir=self.cache)
        return Path(path)

    def find_cached(self, file: str, revision: str | None) -> Path:
        """Looks for a file in the cache."""
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(self.name, file, revision=revision, cache_dir=self.cache, local_files_only=True))


def download(
    text: str,
    warn: Callable[[str], None] = lambda line: None,
    *,
    endpoint: str | None = None,
    cache: Path | None = None,
) -> Snapshot:
    """Downloads the files of a model that are needed and that the cache lacks.

    Args:
        text: `owner/name`, or `owner/name@revision` with a branch, tag or commit.
        warn: Receives a line if the Hub can't be reached and the revision's commit in the cache is used instead.
        endpoint: Address of the Hub; by default from the environment (`HF_ENDPOINT`).
        cache: Folder of the cache; by default from the environment (`HF_HUB_CACHE`).

    Raises:
        ExportError: The Hub refuses, or can't be reached and the cache lacks the model.
    """
    model = parse_hub_id(text)
    if model is None:
        raise ExportError(f"{text}: not a model on the Hub; expected owner/name or owner/name@revision")
    repository, revision = _Repository(model.repository, endpoint, cache), model.revision
    try:
        files = repository.files(revision)
        if files is None:
            folder = repository.find_cached(CONFIG, revision).parent
            warn(f"{text}: the Hub can't be reached; using commit {folder.name} from the cache")
            if not (folder / SETTINGS).is_file():
                warn(f"{text}: if the model has a {SETTINGS}, it isn't in the cache, and is missed; connect once")
        else:
            folder = _fetch_files(repository, revision, files, text)
    except ExportError:
        raise
    except Exception as error:  # HTTP libraries' errors too, and these differ between versions of huggingface_hub
        raise ExportError(f"{text}: {explain_download(error, model, 'a transformers model')}") from None
    return Snapshot(folder, f"{repository.name}@{folder.name}")


def _fetch_files(repository: _Repository, revision: str | None, files: Collection[str], text: str) -> Path:
    """Downloads the files that the reader of a Hugging Face folder will ask for; returns the commit's folder."""
    # The first file by the revision's name, so that the cache learns which commit that is; the others by the commit
    folder = repository.fetch(CONFIG, revision).parent
    commit = folder.name
    tokenizer = (TOKENIZER,) if TOKENIZER in files else TOKENIZER_FILES
    for name in (CARD, *tokenizer, SETTINGS, SPECIAL_MAP, ADDED):
        if name in files:
            repository.fetch(name, commit)
    # The weights last: a folder without them is an incomplete download
    weights = next((name for name in _WEIGHTS if name in files), None)
    if weights is None:
        raise ExportError(f"{text}: found none of {', '.join(_WEIGHTS)} in its commit {commit} on the Hub")
    repository.fetch(weights, commit)
    if weights.endswith(".index.json"):
        for shard in sorted(set(read_weight_map(Folder(folder), weights).values())):
            repository.fetch(shard, commit)
    return folder

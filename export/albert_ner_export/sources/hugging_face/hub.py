"""A model of the Hugging Face Hub: `owner/name`, or `owner/name@revision` -> the folder of one commit in the cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from albert_ner_export.sources.folder import Folder
from albert_ner_export.sources.hugging_face.folder import CONFIG, WEIGHTS, read_weight_map
from albert_ner_export.sources.hugging_face.model_card import CARD
from albert_ner_export.sources.tokenizers.files import ADDED, SETTINGS, TOKENIZER, TOKENIZER_FILES
from albert_ner_onnx.errors import ExportError

_HUB_ID = re.compile(r"(?P<repository>[a-zA-Z0-9][\w.-]*/[a-zA-Z0-9][\w.-]*)(@(?P<revision>[\w.-]+(/[\w.-]+)*))?", re.A)
_FILE = re.compile(r".*\.(zip|onnx|h5|bin|safetensors|index|pb|json)")
_WEIGHTS = (*WEIGHTS, "tf_model.h5")
_TIMEOUT = 10.0  # seconds, as huggingface_hub's own for a file's header


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The needed files of one commit.

    Attributes:
        folder: Where they are, in huggingface_hub's cache.
        name: `owner/name@commit`, the commit in full.
    """

    folder: Path
    name: str


def is_hub_id(text: str) -> bool:
    """Whether it is written as a model of the Hub, and is neither a path that exists nor the name of a weights file."""
    return bool(_HUB_ID.fullmatch(text)) and not _FILE.fullmatch(text) and not Path(text).exists()


def download(
    text: str,
    warn: Callable[[str], None] = lambda line: None,
    *,
    endpoint: str | None = None,
    cache: Path | None = None,
) -> Snapshot:
    """Downloads what is needed of a model and isn't in the cache.

    Args:
        text: `owner/name`, or `owner/name@revision`: a branch, tag or commit.
        warn: Gets a line if the Hub can't be asked, and the cache's commit of that revision is taken.
        endpoint: The Hub; by default as the environment says (`HF_ENDPOINT`).
        cache: Folder of the cache; the same (`HF_HUB_CACHE`).

    Raises:
        ExportError: The Hub doesn't give it, or can't be reached and the cache hasn't it.
    """
    match = _HUB_ID.fullmatch(text)
    if match is None:
        raise ExportError(f"{text}: no model of the Hub; expected owner/name or owner/name@revision")
    repository, revision = match["repository"], match["revision"]
    try:
        folder = _download(repository, revision, endpoint, cache)
        if folder is None:
            folder = _fetch(repository, CONFIG, revision, cache_dir=cache, local_files_only=True).parent
            warn(f"{text}: the Hub can't be reached; taking commit {folder.name} from the cache")
    except ExportError as error:
        raise ExportError(f"{text}: {error}") from None
    except Exception as error:  # also those of the HTTP library, which isn't the same in all versions
        raise ExportError(f"{text}: {_explain(error, repository, revision)}") from None
    return Snapshot(folder, f"{repository}@{folder.name}")


def _download(repository: str, revision: str | None, endpoint: str | None, cache: Path | None) -> Path | None:
    """The folder of the revision's commit with all that is needed; `None` if the Hub can't be reached."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        info = HfApi(endpoint=endpoint).model_info(repository, revision=revision, timeout=_TIMEOUT)
    except HfHubHTTPError as error:
        if error.response is not None and error.response.status_code >= 500:
            return None
        raise
    except ValueError:  # no valid id
        raise
    except Exception:  # no connection
        return None
    there = {sibling.rfilename for sibling in info.siblings or ()}
    # The first file by the revision's name, so that the cache then knows it; the others by the commit
    folder = _fetch(repository, CONFIG, revision, endpoint=endpoint, cache_dir=cache).parent
    fetch = partial(_fetch, repository, revision=folder.name, endpoint=endpoint, cache_dir=cache)
    for name in _needed(there, folder, fetch):
        fetch(name)
    return folder


def _fetch(repository: str, name: str, revision: str | None, **options: Any) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(repository, name, revision=revision, **options))


def _needed(there: Collection[str], folder: Path, fetch: Callable[[str], object]) -> Iterator[str]:
    """The files that the reader of a Hugging Face folder will ask for; the weights last, so that none means not all."""
    tokenizer = (TOKENIZER,) if TOKENIZER in there else (*TOKENIZER_FILES, SETTINGS, ADDED)
    yield from (name for name in (CARD, *tokenizer) if name in there)
    weights = next((name for name in _WEIGHTS if name in there), None)
    if weights is None:
        raise ExportError(f"no {' and no '.join(_WEIGHTS)} in its commit {folder.name} on the Hub")
    if weights.endswith(".index.json"):
        fetch(weights)
        yield from sorted(set(read_weight_map(Folder(folder), weights).values()))
    yield weights


def _explain(error: Exception, repository: str, revision: str | None) -> str:
    """What went wrong with the Hub, and the way out."""
    from huggingface_hub import errors

    log_in = "log in with `hf auth login`, or set HF_TOKEN"
    if isinstance(error, errors.GatedRepoError):
        return f"gated on the Hub; accept its terms on the page of {repository} there, and {log_in}"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"no such folder here and no such model on the Hub (if it is private, {log_in})"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"the Hub's {repository} has no revision {revision!r}; expected a branch, a tag or a commit"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return "no such folder here, it isn't in the cache, and the Hub can't be reached; connect once"
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, errors.EntryNotFoundError):
        return f"the Hub's {repository} lacks a file that is needed ({reason}); is it a transformers model?"
    return f"can't be downloaded from the Hub ({reason})"

"""A model on the Hugging Face Hub, `owner/name` or `owner/name@revision` -> its folder in huggingface_hub's cache."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from albert_ner_onnx.errors import ModelError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.hub.failures import explain_download
from albert_ner_onnx.hub.ids import HubId, is_hub_id, parse_hub_id
from albert_ner_onnx.model.folder import default_model
from albert_ner_onnx.model.manifest import MANIFEST, Manifest

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TIMEOUT = 10.0  # seconds; huggingface_hub's own default for a file's header
_OTHER = "if it is an ALBERT checkpoint, make a model of it: `albert-ner export {} FOLDER`, then load FOLDER"


def find_model(model: str | os.PathLike[str] | None) -> Path:
    """Returns the folder of a model, and downloads it if need be.

    Args:
        model: A folder; or a model on the Hub, `owner/name` or `owner/name@revision`, if there is no such folder. The
            default, `None`, is the model that comes with this package. A `Path` is always a folder.

    Raises:
        ModelError: The Hub has no such model, or can't be reached, and the cache lacks it.
        MissingExtraError: The Hub is needed, and huggingface_hub isn't installed.
    """
    if model is None:
        return default_model()
    if isinstance(model, str) and is_hub_id(model):
        return fetch(model)
    return Path(model)


def fetch(text: str) -> Path:
    """Downloads the files of a model that the cache lacks.

    Only the files that the manifest names are downloaded. Their checksums are checked when they are read. Whatever the
    environment says to huggingface_hub holds: `HF_HUB_OFFLINE`, `HF_HUB_CACHE`, `HF_TOKEN`, `HF_ENDPOINT`.

    Args:
        text: `owner/name`, or `owner/name@revision` with a branch, tag or commit.

    Returns:
        The folder of one commit in the cache. If the Hub can't be reached, that is the last one that was downloaded.

    Raises:
        ModelError: There is no such model, or it can't be downloaded, and the cache lacks it.
        MissingExtraError: huggingface_hub isn't installed.
    """
    model = parse_hub_id(text)
    if model is None:
        raise ModelError(f"{text}: not a model on the Hub; expected owner/name or owner/name@revision")
    with extra("hub", f"there is no folder {text} here, and loading it from the Hugging Face Hub"):
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
    try:
        path = _fetch_manifest(model)
    except Exception as error:  # HTTP libraries' errors too, and these differ between versions of huggingface_hub
        if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
            raise ModelError(f"{text}: has no {MANIFEST} on the Hub; {_OTHER.format(text)}") from None
        raise _failure(error, model, text) from None
    try:
        manifest = Manifest.from_json(path.read_bytes())
    except ModelError as error:
        raise ModelError(f"{text}: {MANIFEST}: {error}; {_OTHER.format(text)}") from None
    commit = HubId(model.repository, path.parent.name)
    try:
        for name in manifest.files:
            _download(commit, name)
    except Exception as error:
        raise _failure(error, model, text) from None
    return path.parent


def _fetch_manifest(model: HubId) -> Path:
    """Returns the manifest in the cache's folder of the revision's commit; a commit that is there needs no network."""
    from huggingface_hub import try_to_load_from_cache

    if _COMMIT.fullmatch(model.revision or ""):
        return _download(model, MANIFEST)
    info = ask_hub(model.repository, model.revision)
    if info is None:
        return _download(model, MANIFEST, from_cache=True)
    cached = try_to_load_from_cache(model.repository, MANIFEST, revision=model.revision)
    if isinstance(cached, str) and Path(cached).parent.name == info.sha:
        return Path(cached)
    return _download(model, MANIFEST)  # by the revision's name, so that the cache learns which commit that is


def ask_hub(repository: str, revision: str | None, endpoint: str | None = None) -> ModelInfo | None:
    """Asks the Hub about a model; returns `None` if the Hub can't be reached.

    `hf_hub_download` would ask, too, but it tries for 23 seconds before it takes what is in the cache.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return HfApi(endpoint=endpoint).model_info(repository, revision=revision, timeout=_TIMEOUT)
    except HfHubHTTPError as error:
        if error.response is not None and error.response.status_code >= 500:
            return None
        raise
    except ValueError:  # an invalid id
        raise
    except Exception:  # no connection
        return None


def _download(model: HubId, file: str, *, from_cache: bool = False) -> Path:
    """Downloads a file unless the cache has it."""
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(model.repository, file, revision=model.revision, local_files_only=from_cache))


def _failure(error: Exception, model: HubId, text: str) -> ModelError:
    return ModelError(f"{text}: {explain_download(error, model, 'a model that `albert-ner push` published')}")

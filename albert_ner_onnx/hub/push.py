"""A model folder -> a model on the Hugging Face Hub: its files in the Hub's layout, with a card, in one commit."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from albert_ner_onnx.errors import InputError, ModelError
from albert_ner_onnx.extras import extra
from albert_ner_onnx.hub.card import CARD, write_card
from albert_ner_onnx.hub.failures import explain_upload
from albert_ner_onnx.hub.ids import HubId, parse_hub_id
from albert_ner_onnx.model.folder import ModelFolder
from albert_ner_onnx.model.manifest import HUB_MODEL, MANIFEST


def hub_files(folder: ModelFolder, repository: str) -> dict[str, bytes]:
    """Makes the files to publish, by their path in the repository: the graph in `onnx/`, everything else at the root.

    The model is loaded first, so that no model is published that doesn't run. A `README.md` in the folder is taken as
    the card; otherwise one is written.

    Args:
        folder: The model.
        repository: `owner/name`.

    Raises:
        ModelError: A file of the model is missing or damaged, or doesn't fit the manifest.
        InputError: `repository` isn't written like that.
        MissingExtraError: PyYAML isn't installed.
    """
    _check_repository(repository)
    from albert_ner_onnx.recognizer import EntityRecognizer  # late, because it imports NumPy and ONNX Runtime

    labels = EntityRecognizer(folder).labels
    manifest = folder.manifest
    names = {name: HUB_MODEL if name == manifest.model_file else name for name in manifest.files}
    files = {published: folder.read(name) for name, published in names.items()}
    # As JSON, because a newer manifest may have fields that this version doesn't know
    content = json.loads(folder.locate(MANIFEST).read_bytes())
    content["files"] = {names[name]: checksum for name, checksum in content["files"].items()}
    files[MANIFEST] = (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
    own = folder.locate(CARD)
    files[CARD] = own.read_bytes() if own.is_file() else write_card(manifest, repository, labels).encode()
    return files


def push(
    files: Mapping[str, bytes],
    repository: str,
    *,
    private: bool = False,
    revision: str | None = None,
    message: str | None = None,
) -> str:
    """Publishes files in one commit, and makes the repository and the branch if they don't exist.

    Args:
        files: The files of `hub_files`.
        repository: `owner/name`.
        private: Whether the repository must be private. One that exists and is public is refused, not changed.
        revision: The branch; by default the main one.
        message: The commit's message.

    Returns:
        The address of the commit.

    Raises:
        ModelError: The Hub refuses or can't be reached.
        InputError: `repository` isn't written like that.
        MissingExtraError: huggingface_hub isn't installed.
    """
    model = _check_repository(repository)
    with extra("hub", "publishing a model on the Hugging Face Hub"):
        from huggingface_hub import CommitOperationAdd, HfApi
    api = HfApi()
    try:
        api.create_repo(repository, private=private or None, exist_ok=True)
        if private and not api.model_info(repository).private:
            raise ModelError(
                f"{repository}: is public on the Hub; make it private in its settings there, or choose another name"
            )
        if revision:
            api.create_branch(repository, branch=revision, exist_ok=True)
        commit = api.create_commit(
            repository,
            [CommitOperationAdd(name, content) for name, content in files.items()],
            commit_message=message or "A model of albert-ner-onnx",
            revision=revision,
        )
    except ModelError:
        raise
    except Exception as error:  # HTTP libraries' errors too, and these differ between versions of huggingface_hub
        raise ModelError(f"{repository}: {explain_upload(error, model)}") from None
    return commit.commit_url


def write_folder(files: Mapping[str, bytes], out: str | os.PathLike[str]) -> None:
    """Writes files into a new folder instead of publishing them.

    Raises:
        InputError: The folder exists, or can't be written.
    """
    out = Path(out)
    try:
        out.mkdir()
        for name, content in files.items():
            path = out / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    except FileExistsError:
        raise InputError(f"{out}: exists; choose another name") from None
    except OSError as error:
        raise InputError(f"{error.filename or out}: can't be written ({error.strerror})") from None


def _check_repository(repository: str) -> HubId:
    model = parse_hub_id(repository)
    if model is None or model.revision is not None:
        raise InputError(f"{repository}: not a repository on the Hub; expected owner/name")
    return model

"""What went wrong with the Hugging Face Hub, in one line, with the way out."""

from __future__ import annotations

from albert_ner_onnx.hub.ids import HubId

_LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"


def explain_download(error: Exception, model: HubId, expected: str) -> str:
    """Says why a model can't be downloaded.

    Args:
        error: What huggingface_hub raised, or the HTTP library under it: these differ between its versions.
        model: The model.
        expected: What the repository should hold, such as `a transformers model`.
    """
    from huggingface_hub import constants, errors

    if isinstance(error, errors.GatedRepoError):
        return f"gated on the Hub; accept its terms on the page of {model.repository} there, and {_LOG_IN}"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"no such folder here and no such model on the Hub (if it is private, {_LOG_IN})"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{model.repository} has no revision {model.revision!r} on the Hub; expected a branch, a tag or a commit"
    if isinstance(error, errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled):
        if constants.HF_HUB_OFFLINE:
            return "no such folder here, not in the cache, and HF_HUB_OFFLINE is set; unset it once to download it"
        return "no such folder here, not in the cache, and the Hub can't be reached; connect once to download it"
    if isinstance(error, errors.EntryNotFoundError):
        return f"{model.repository} lacks a needed file on the Hub ({_reason(error)}); expected {expected}"
    return f"can't be downloaded from the Hub ({_reason(error)})"


def explain_upload(error: Exception, model: HubId) -> str:
    """Says why a model can't be uploaded; the arguments are those of `explain_download`."""
    from huggingface_hub import errors

    if isinstance(error, errors.OfflineModeIsEnabled):
        return "can't be uploaded while HF_HUB_OFFLINE is set; unset it"
    response = getattr(error, "response", None)
    match getattr(response, "status_code", None):
        case 401:
            return f"the Hub doesn't know who you are; {_LOG_IN}, with a token that may write"
        case 403:
            return (
                f"you may not write to {model.repository}; use your name or an organization's, and a token for writing"
            )
        case 404:
            return "no such repository or branch on the Hub that you may write to"
    return f"can't be uploaded to the Hub ({_reason(error)})"


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

"""The Hub through `huggingface_hub`: what it sets, HF_TOKEN, HF_HOME, HF_HUB_OFFLINE, holds here too.

Files are downloaded into its cache, where other programs find them. `CORPUSKIT_OFFLINE=1` forbids the network
as `HF_HUB_OFFLINE=1` does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from huggingface_hub import (
    _CACHED_NO_EXIST,
    constants,
    get_token,
    hf_hub_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from corpuskit.errors import CorpuskitError, FetchError, reason_of
from corpuskit.plugin import is_offline as corpuskit_is_offline

#: What an answer of the Hub means, and what to do.
_REMEDIES = {
    400: "does not take the request{words}: mend what it names, or upgrade huggingface_hub",
    401: "asks who you are: set HF_TOKEN or run 'hf auth login', and renew a token that has expired",
    403: "does not allow that with this token: make one that may, in your settings there, and set HF_TOKEN",
    404: "has nothing there{words}: check the name and the revision, and HF_ENDPOINT if it is set",
    409: "says that something else is done there at the moment{words}: try again when it is done",
    412: "says that it was changed meanwhile{words}: try again",
    413: "says that what was sent is too large{words}: make smaller files, with a smaller --shard-bytes",
    422: "cannot use what was sent{words}: mend what it names, or upgrade huggingface_hub",
    429: "says that these are too many requests: wait some minutes; with HF_TOKEN it allows more",
}
_TROUBLE = "has trouble of its own, status {status}{words}: try again in some minutes; it keeps what it got"
_OTHER = "answered with status {status}{words}: try again later, or upgrade huggingface_hub"


def is_offline() -> bool:
    """Whether the network is forbidden."""
    return bool(constants.HF_HUB_OFFLINE) or corpuskit_is_offline()


def download(repo: str, path: str, *, revision: str | None, repo_type: str | None = None) -> Path:
    """A file of a repository, in the cache of `huggingface_hub`.

    Raises:
        FetchError: If it cannot be had; `missing` is True where the repository has no such file.
    """
    what = f"{path} of {repo}"
    if is_offline() and (
        try_to_load_from_cache(repo, path, revision=revision, repo_type=repo_type) is _CACHED_NO_EXIST
    ):
        raise FetchError(f"{what}: there is no such file", path=repo, missing=True)
    with explained(what, repo):
        return Path(
            hf_hub_download(repo, path, revision=revision, repo_type=repo_type, local_files_only=is_offline())
        )


@contextlib.contextmanager
def explained(what: str, repo: str) -> Iterator[None]:
    """Turn the errors of `huggingface_hub` into one line that says what to do.

    Raises:
        FetchError: For each of them, and for errors of the network below.
    """

    def error(reason: str, **facts: Any) -> FetchError:
        return FetchError(f"{what}: {reason}", path=repo, **facts)

    if not is_offline() and not _is_sendable(get_token() or ""):
        raise error(
            "HF_TOKEN, or the token that 'hf auth login' saved, has characters that no token has; copy it "
            "again from your settings there"
        )
    try:
        yield
    except GatedRepoError as cause:
        raise error(
            f"access is gated; accept its terms at {constants.ENDPOINT}/{repo} and set HF_TOKEN"
        ) from cause
    except RevisionNotFoundError as cause:
        raise error("there is no such revision; see its branches and tags on the Hub") from cause
    except RepositoryNotFoundError as cause:
        raise error("no such repository, or it is private: check the name, and set HF_TOKEN") from cause
    except (OfflineModeIsEnabled, LocalEntryNotFoundError) as cause:
        if is_offline():
            remedy = "not in the cache, and HF_HUB_OFFLINE or CORPUSKIT_OFFLINE forbids the network"
            raise error(f"{remedy}; unset them once to download it") from cause
        raise error(_answer(cause) or f"cannot be downloaded: {_reason(cause)}; check the network") from cause
    except EntryNotFoundError as cause:
        raise error("there is no such file", missing=True) from cause
    except HFValidationError as cause:
        raise error(f"not a repository's name: {reason_of(cause):.300}") from cause
    except (HTTPError, OSError) as cause:
        if isinstance(cause, CorpuskitError):
            raise
        found = _answer(cause) or f"cannot be had from {constants.ENDPOINT}: {reason_of(cause):.300}"
        raise error(found) from cause


def _answer(error: BaseException) -> str | None:
    """What the Hub answered, and what to do; None if there was no answer."""
    for one in (error, error.__cause__):
        status = getattr(getattr(one, "response", None), "status_code", None)
        if status is not None:
            said = " ".join(str(getattr(one, "server_message", None) or "").split())
            what = _REMEDIES.get(status, _TROUBLE if status >= 500 else _OTHER)
            words = f" ({said:.200})" if said else ""
            return f"{constants.ENDPOINT} {what.format(status=status, words=words)}"
    return None


def _reason(error: BaseException) -> str:
    """Why there was no answer: what is below an error says it, and the error that nothing was found."""
    return f"{reason_of(error.__cause__ or error):.300}"


def _is_sendable(token: str) -> bool:
    """Whether a token can be sent: a header holds no other characters."""
    return token.isascii() and token.isprintable()


@contextlib.contextmanager
def without_bars() -> Iterator[None]:
    """Have `huggingface_hub` show no progress of its own."""
    were_disabled = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not were_disabled:
            enable_progress_bars()


def optional(get: Callable[[], Path]) -> Path | None:
    """What `download` gives, or None where the repository has no such file."""
    try:
        return get()
    except FetchError as error:
        if error.missing:
            return None
        raise

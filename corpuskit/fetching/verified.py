"""A URL and a sha256 to a verified file on this machine.

A file is looked for in this order: a local path is used where it is; then the cache; then what corpuskit
itself brings; then CORPUSKIT_MIRRORS; then its URL and its mirrors. Everything is hashed before it is
returned, the cache's files too. Environment:

- `CORPUSKIT_CACHE_DIR`: the cache folder.
- `CORPUSKIT_OFFLINE=1`: never use the network but for what CORPUSKIT_MIRRORS names; a file that is missing is
  an error that says how to get it.
- `CORPUSKIT_DENY_PRIVATE=1`: never download from an address that is not public, wherever a URL or a redirect
  leads; a proxy decides for itself.
- `CORPUSKIT_MIRRORS`: folders or URLs, separated by white space or commas, that hold files under their
  sha256 (`<mirror>/<sha256>` or `<mirror>/<first two digits>/<sha256>`, as the cache's own `files` folder).
  A bundle is one; its index says what URLs without a published sha256 are.
- `HTTPS_PROXY`, `NO_PROXY`, `REQUESTS_CA_BUNDLE`, `~/.netrc`: as requests has them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from corpuskit import cache, storage
from corpuskit.cache import default_cache_dir
from corpuskit.errors import ConfigError, FetchError, HashMismatch
from corpuskit.fetching import keep, mirrors, packaged, places, recording, trust
from corpuskit.fetching.claims import Claims
from corpuskit.fetching.options import FetchedFile, FetchOptions
from corpuskit.locks import lock_or_go_on
from corpuskit.on_progress import OnProgress, Progress
from corpuskit.paths import local_path, user_path
from corpuskit.registry.specs import RemoteFile
from corpuskit.urls import is_offline_scheme, redact_url, url_id

__all__ = ["FetchOptions", "FetchedFile", "default_cache_dir", "fetch", "is_at_hand"]

log = logging.getLogger(__name__)


def fetch(
    file: RemoteFile,
    *,
    cache_dir: Path | None = None,
    on_progress: OnProgress | None = None,
    options: FetchOptions | None = None,
    location: str | None = None,
) -> FetchedFile:
    """Make a file available on this machine, and check that it is the right one.

    Args:
        file: Where it is and what it must be.
        cache_dir: The cache; by default `default_cache_dir()`.
        on_progress: Called often, such as the bars of `with corpuskit.progress() as bars`.
        options: Timeouts, retries and limits.
        location: A path or URL to take the bytes from instead; they must still be the right ones.

    Returns:
        Where the file is, and what it is recorded as. A local path is used in place; where it was given for a
        file whose sha256 is known, the cache has it from then on too.

    Raises:
        ConfigError: If the sha256 is not one.
        HashMismatch: If the bytes are not the expected ones.
        FetchError: If the file cannot be had.
        StorageError: If the cache cannot be written.
    """
    if not isinstance(file, RemoteFile):
        raise ConfigError(
            f"fetch takes a corpuskit.RemoteFile, such as RemoteFile({str(file)!r:.80}); found {file!r:.80}",
            found=file,
        )
    if file.sha256 is not None and not re.fullmatch("[0-9A-Fa-f]{64}", file.sha256):
        raise ConfigError(f"{redact_url(file.url)}: {file.sha256!r} is not a sha256: 64 hexadecimal digits")
    request = _Request(
        file,
        sources=file.urls if location is None else (location,),
        sha256=file.sha256.lower() if file.sha256 else None,
        cache_dir=user_path(cache_dir, what="cache_dir") if cache_dir is not None else default_cache_dir(),
        options=options or FetchOptions(),
        on_progress=on_progress,
    )
    found = request.run()
    recording.note(recording.Recorded(file, found.sha256, found.size_bytes, found.url, path=found.path))
    return found


def is_at_hand(file: RemoteFile) -> bool:
    """Whether the cache or a mirror on this machine seems to have a file; nothing of it is read."""
    if not file.sha256:
        return False
    sha256 = file.sha256.lower()
    places_of = (path for place in mirrors.places_of(sha256) if (path := local_path(place)) is not None)
    return any(path.is_file() for path in (cache.file_path(default_cache_dir(), sha256), *places_of))


@dataclasses.dataclass(slots=True)
class _Request:
    """One call of `fetch`.

    Args:
        file: What was asked for.
        sources: The paths and URLs to try in order.
        sha256: What the file must be, as the caller says or as it was the first time.
        cache_dir: The cache.
        options: The limits.
        on_progress: Called as bytes arrive.
        trusted: The URL whose first use said what the file must be.
        first_use: What that first use was.
    """

    file: RemoteFile
    sources: tuple[str, ...]
    sha256: str | None
    cache_dir: Path
    options: FetchOptions
    on_progress: OnProgress | None
    trusted: str | None = None
    first_use: trust.FirstUse | None = None

    def run(self) -> FetchedFile:
        path = local_path(self.sources[0])
        if path is not None and len(self.sources) == 1:
            return self._local(path, self.sources[0])
        cache.check_owner(self.cache_dir)
        if self.sha256 is None:
            self._recall()
        sources = self.sources
        if path is None:
            if (found := self._cached()) is not None:
                return found
            if self.sha256 is not None:
                sources = (*mirrors.places_of(self.sha256), *sources)
        with self._one_at_a_time():
            if path is None and (found := self._cached()) is not None:
                return found  # another process was downloading it
            if path is None and (found := self._packaged()) is not None:
                return found
            return self._first_of(sources)

    def _first_of(self, sources: tuple[str, ...]) -> FetchedFile:
        """The file from the first source that has it; what the others said, if none does."""
        deadline = self.options.clock() + self.options.total_timeout_s
        claims = Claims(checked=self.sha256 is not None or self.file.size_bytes is not None)
        offline, failures, wrong = self._forbidden_by is not None, list[FetchError](), list[FetchError]()
        num_extra = len(sources) - len(self.sources)
        for number, source in enumerate(sources):
            try:
                path = local_path(source)
                if path is not None:
                    if number >= num_extra or path.is_file():
                        return self._local(path, source)
                elif not offline or number < num_extra or is_offline_scheme(source):
                    claims = claims.of_another_place()
                    return self._download(source, deadline, claims)
            except FetchError as error:
                if number >= num_extra:
                    failures.append(error)
                elif isinstance(error, HashMismatch):
                    wrong.append(error)
                if number + 1 < len(sources):
                    log.log(logging.WARNING if number >= num_extra else logging.INFO, "%s", error)
        if len(failures) == 1:
            raise failures[0]
        if not failures:  # nobody else may be asked, so a mirror's damaged file is what is wrong
            raise wrong[0] if wrong else self._missing_offline()
        reasons = "; ".join(str(error) for error in failures)
        kind = HashMismatch if all(isinstance(error, HashMismatch) for error in failures) else FetchError
        raise kind(
            f"{self._label} could be had from none of {len(failures)} places: {reasons}",
            path=self._url,
            missing=all(error.missing for error in failures),
        )

    @property
    def _url(self) -> str:
        return redact_url(self.file.url)

    @property
    def _label(self) -> str:
        """The file's name, for people."""
        path = self._url
        if local_path(path) is None:
            path = re.split(r"[?#]", path.partition("://")[2].partition("::")[0])[0].partition("/")[2]
        return unquote(PurePosixPath(path).name) or self._url

    def _origin(self, source: str) -> tuple[str, bool]:
        """What to record as the origin of bytes that were read at a source; and whether they are unverified.

        The file's own URL is recorded where it was read, or where something says that it has these bytes.
        """
        if self.file.sha256 is not None:
            return self._url, False
        if self.first_use is not None:
            return self.first_use.origin, self.trusted != self.file.url
        path = local_path(source) if self._is_given else None
        if path is None:
            return redact_url(source), self._is_given
        return os.fsencode(path.name).decode("utf-8", "backslashreplace"), True

    @property
    def _is_given(self) -> bool:
        """Whether the bytes come from where the caller says, instead of the file's own places."""
        return self.sources != self.file.urls

    def _local(self, path: Path, source: str) -> FetchedFile:
        total_bytes = path.stat().st_size if path.is_file() else None

        def on_bytes(done: int) -> None:
            if self.on_progress is not None:
                self.on_progress(Progress("fetch", self._label, done, total_bytes))

        sha256, size_bytes = places.hash_file(path, on_bytes)
        for what, found, expected in (
            ("sha256 is", sha256, self.sha256),
            ("size in bytes is", size_bytes, self.file.size_bytes),
        ):
            if expected is not None and found != expected:
                why = "; give the right file, or prepare this one by its path" if self._is_given else ""
                why = f"; {trust.changed(self.trusted)}" if self.trusted else why
                raise HashMismatch(
                    f"{path}: its {what} {found} and {expected} is expected{why}",
                    path=path,
                    expected=expected,
                    found=found,
                )
        if self._is_given and self.file.sha256 is not None:
            keep.keep(path, sha256, self.cache_dir)
        elif self._is_given and self.first_use is None:
            self._recognize(sha256)
        return FetchedFile(path, sha256, size_bytes, *self._origin(source))

    def _recognize(self, sha256: str) -> None:
        """Notice that bytes are what the file's own URL gave the first time."""
        record = trust.load(self.cache_dir, self.file.url)
        if record is not None and record.sha256 == sha256:
            self.first_use, self.trusted = record, self.file.url

    def _recall(self) -> None:
        """Take what the file must be from its first use, if there was one."""
        for url in (self.file.url, self.sources[0]):
            record = trust.load(self.cache_dir, url)
            if record is not None:
                self.sha256, self.trusted, self.first_use = record.sha256, url, record
                return
        if not self._is_given and (record := mirrors.first_use(self.file.url)) is not None:
            self.sha256, self.trusted, self.first_use = record.sha256, self.file.url, record

    def _cached(self) -> FetchedFile | None:
        if self.sha256 is None:
            self._recall()
        if self.sha256 is None:
            return None
        path = cache.file_path(self.cache_dir, self.sha256)
        if not path.is_file():
            return None
        with contextlib.suppress(FetchError):
            sha256, size_bytes = places.hash_file(path)
            if sha256 == self.sha256:
                return FetchedFile(path, sha256, size_bytes, *self._origin(self.sources[0]))
        log.warning("%s is damaged and is fetched again", path)
        storage.remove_file(path)
        return None

    def _packaged(self) -> FetchedFile | None:
        """A file that corpuskit brings, put into the cache; None if it brings none of this sha256."""
        data = packaged.read(self.sha256) if self.sha256 is not None else None
        if data is None or self.sha256 is None:
            return None
        path = cache.file_path(self.cache_dir, self.sha256)
        cache.make_folder(self.cache_dir, "files", self.sha256[:2])
        storage.write_bytes(path, data)
        return self._cached()

    def _download(self, url: str, deadline: float, claims: Claims) -> FetchedFile:
        # It imports requests, which a file that is local or in the cache does not need.
        from corpuskit.fetching.download import Download, download

        what = Download(
            url,
            key=self._key,
            label=self._label,
            sha256=self.sha256,
            size_bytes=self.file.size_bytes,
            cache_dir=self.cache_dir,
            options=self.options,
            deadline=deadline,
            claims=claims,
            on_progress=self.on_progress,
            remedy=trust.changed(self.trusted) if self.trusted else None,
        )
        done = download(what)
        if self.sha256 is None:
            self._remember(done.sha256, done.size_bytes, length_verified=done.length_verified, source=url)
        path = cache.file_path(self.cache_dir, done.sha256)
        return FetchedFile(path, done.sha256, done.size_bytes, *self._origin(url))

    def _remember(self, sha256: str, size_bytes: int, *, length_verified: bool, source: str) -> None:
        """Record a first use. Bytes from elsewhere (`location`) say nothing about the file's own URL."""
        url = self.sources[0] if self._is_given else self.file.url
        if not length_verified:
            log.warning("nothing says how long %s is; it may have been cut short", redact_url(url))
        record = trust.save(
            self.cache_dir,
            url,
            sha256=sha256,
            size_bytes=size_bytes,
            length_verified=length_verified,
            read_from=source,
        )
        if record.sha256 != sha256:
            raise HashMismatch(
                f"{redact_url(url)}: its sha256 is {sha256} and {record.sha256} is expected; "
                f"{trust.changed(url)}",
                path=redact_url(url),
                expected=record.sha256,
                found=sha256,
            )

    @property
    def _key(self) -> str:
        return self.sha256 or f"url-{url_id(self.sources[0])}"

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Let one process at a time download a file. Where locks do not work, several do, and all is well."""
        folder = cache.make_folder(self.cache_dir, "locks")
        with lock_or_go_on(folder / f"{self._key}.lock", timeout_s=self.options.total_timeout_s):
            yield

    @property
    def _forbidden_by(self) -> str | None:
        """What forbids the network."""
        return "CORPUSKIT_OFFLINE" if places.is_offline() else self.options.offline_by

    def _missing_offline(self) -> FetchError:
        facts = [f"{self.file.size_bytes:,} bytes"] if self.file.size_bytes is not None else []
        copy = "take a copy of it, by its path or with 'corpuskit prepare --from PATH'"
        if self.sha256 is not None:
            facts.insert(0, f"sha256 {self.sha256}")
            copy = "add a copy with 'corpuskit cache add FILE'"
        return FetchError(
            f"{self._label} is not on this machine and {self._forbidden_by} forbids the network "
            f"({', '.join([*facts, self._url])}): unset {self._forbidden_by} once, name a folder that has it "
            f"in CORPUSKIT_MIRRORS ('corpuskit fetch' makes one), or {copy}",
            path=self._url,
        )

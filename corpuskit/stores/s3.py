"""What S3 has over other stores: conditional puts, sha256 sums that it computes, uploads in several parts.

An object's ETag is never compared with an MD5: it is none for uploads in parts, nor with encryption.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from corpuskit.stores.base import Comparison, PreconditionFailed, Store, Stored

log = logging.getLogger(__name__)

#: Larger files go up in parts of this size, so that a lost connection costs no more than one.
PART_BYTES = 16 * 2**20
_MAX_PARTS = 10_000
_PARTS_AT_ONCE = 4
_MIB = 2**20


class S3Store(Store):
    """Objects in S3 and in stores that speak its protocol."""

    def compare(self, name: str, file: Path, *, sha256: str) -> Comparison:
        """What an object is to a local file with that sha256."""
        answer = self.attempts("look for", name, lambda: self._head(name))
        if answer is None:
            return "missing"
        if answer["ContentLength"] != file.stat().st_size:
            return "different"
        if not (stated := answer.get("ChecksumSHA256")):
            return "same size"
        checksum = str(stated).partition("-")[0]
        if checksum == _encoded(bytes.fromhex(sha256)):
            return "same"
        # Of an object in parts, it is the digest of the parts' digests, with or without how many there are.
        return "same" if checksum == _encoded(_digest_of_parts(file)) else "different"

    def upload(self, file: Path, name: str, *, sha256: str) -> None:
        """Put a local file, whatever has the name; S3 refuses bytes that do not have their sha256."""
        if file.stat().st_size <= PART_BYTES:
            checksum = _encoded(bytes.fromhex(sha256))
            self.attempts("write", name, lambda: self._put(name, file.read_bytes(), ChecksumSHA256=checksum))
        else:
            self.attempts("write", name, lambda: self._upload_in_parts(file, name, sha256))

    def put(self, name: str, data: bytes, *, replaces: Stored | None) -> None:
        """Put a small object where there is none, or in the place of one version."""
        condition = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": replaces.version}

        def put() -> None:
            try:
                self._put(name, data, **condition)
            except OSError as error:
                if _code(error) in ("PreconditionFailed", "412"):
                    raise PreconditionFailed from None
                raise

        self.attempts("write", name, put)

    def abort_uploads(self, names: Collection[str]) -> None:
        """Have S3 forget unfinished uploads of objects, whose parts would be kept and charged for."""
        try:
            filesystem, bucket, folder = self._open("")
            keys = {f"{folder}/{name}".lstrip("/") for name in names}
            answer = filesystem.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=folder)
            for upload in answer.get("Uploads") or ():
                if upload["Key"] in keys:
                    target = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                    filesystem.call_s3("abort_multipart_upload", **target)
        except Exception as error:  # not everybody may list them, and nothing depends on it
            log.debug("unfinished uploads to %s are left alone: %s", self.place, type(error).__name__)

    def _open(self, name: str) -> tuple[Any, str, str]:
        filesystem, path = self.open(name)
        bucket, key, _ = filesystem.split_path(path)
        return filesystem, bucket, key

    def _head(self, name: str) -> dict[str, Any] | None:
        filesystem, bucket, key = self._open(name)
        try:
            answer: dict[str, Any] = filesystem.call_s3(
                "head_object", Bucket=bucket, Key=key, ChecksumMode="ENABLED"
            )
        except FileNotFoundError:
            return None
        return answer

    def _put(self, name: str, data: bytes, **arguments: Any) -> None:
        filesystem, bucket, key = self._open(name)
        filesystem.call_s3("put_object", Bucket=bucket, Key=key, Body=data, **arguments)

    def _upload_in_parts(self, file: Path, name: str, sha256: str) -> None:
        filesystem, bucket, key = self._open(name)
        target = {"Bucket": bucket, "Key": key}
        begun = filesystem.call_s3("create_multipart_upload", **target, ChecksumAlgorithm="SHA256")
        target["UploadId"] = begun["UploadId"]
        try:
            parts = self._put_parts(name, target, file)
            try:
                filesystem.call_s3("complete_multipart_upload", **target, MultipartUpload={"Parts": parts})
            except FileNotFoundError:
                # It was completed and the answer got lost, or somebody with the same file was faster.
                if self.compare(name, file, sha256=sha256) not in ("same", "same size"):
                    raise
        except BaseException:
            with contextlib.suppress(Exception):  # the first error is the one to tell
                filesystem.call_s3("abort_multipart_upload", **target)
            raise

    def _put_parts(self, name: str, target: dict[str, Any], file: Path) -> list[dict[str, Any]]:
        """Upload a file's parts, a few at once; no part is sent any more when this returns or raises."""
        filesystem, _, _ = self._open(name)

        def put(number: int, data: bytes) -> dict[str, Any]:
            checksum = _encoded(hashlib.sha256(data).digest())
            arguments = {**target, "PartNumber": number, "Body": data, "ChecksumSHA256": checksum}
            answer = self.attempts("write", name, lambda: filesystem.call_s3("upload_part", **arguments))
            return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

        waiting: list[Future[dict[str, Any]]] = []
        with ThreadPoolExecutor(_PARTS_AT_ONCE, thread_name_prefix="corpuskit-upload") as pool:
            try:
                for number, data in enumerate(_pieces(file), start=1):
                    waiting.append(pool.submit(put, number, data))
                    if number >= _PARTS_AT_ONCE:
                        waiting[number - _PARTS_AT_ONCE].result()  # no more than so many are in memory
                return [future.result() for future in waiting]
            finally:
                for future in waiting:
                    future.cancel()


def part_bytes_of(size_bytes: int) -> int:
    """How large a file's parts are: whole MiB, and no more parts than S3 allows."""
    least = -(-size_bytes // _MAX_PARTS)
    return max(PART_BYTES, -(-least // _MIB) * _MIB)


def _pieces(file: Path) -> Iterator[bytes]:
    part_bytes = part_bytes_of(file.stat().st_size)
    with file.open("rb") as opened:
        while data := opened.read(part_bytes):
            yield data


def _digest_of_parts(file: Path) -> bytes:
    return hashlib.sha256(b"".join(hashlib.sha256(data).digest() for data in _pieces(file))).digest()


def _encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _code(error: OSError) -> str | None:
    """S3's own code of an error."""
    if isinstance(error, FileExistsError):
        return "PreconditionFailed"
    response = getattr(error.__cause__, "response", None)
    return str(response["Error"].get("Code")) if response else None

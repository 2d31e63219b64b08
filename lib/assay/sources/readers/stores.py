"""Where files are: the landing bucket, an HTTPS address, a folder on an SFTP server."""

from __future__ import annotations

import contextlib
import hashlib
import posixpath
import tempfile
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from assay.errors import InputError, TerminalError, TransientError
from assay.runtime import clients
from assay.sources.readers.base import Asked
from assay.sources.readers.web import Site, shown
from assay.spec.source import Files, Web

if TYPE_CHECKING:
    import paramiko

MAX_BYTES = 1 << 30
"""What a file may have; larger data are for a database, or for Parquet in the lake, read in place."""
_IN_MEMORY = 8 << 20
_CHUNK = 1 << 20
_PORT = 22


@dataclass(frozen=True, slots=True)
class Remote:
    """A file.

    Attributes:
        address: Where it is, without secrets.
        path: What `open` takes.
        version: Another text when the file is another.
    """

    address: str
    path: str
    version: str


class Store(ABC):
    """A place with files."""

    @abstractmethod
    def files(self) -> list[Remote]:
        """The files that the source declares, in order of name.

        Raises:
            TransientError: The place does not answer.
            TerminalError: It refuses.
        """

    @abstractmethod
    def open(self, path: str) -> contextlib.AbstractContextManager[IO[bytes]]:
        """A file's bytes, from its beginning; errors as for `files`."""

    def close(self) -> None:  # noqa: B027 not every store opens something
        """Give back what was opened."""


def store(source: Files, asked: Asked) -> Store:
    """The place that a source's `at` names."""
    if source.at.startswith("dropped/"):
        return _Landing(source, asked)
    return _Sftp(source, asked) if source.at.startswith("sftp://") else _Web(source, asked)


class _Landing(Store):
    def __init__(self, source: Files, asked: Asked) -> None:
        self._source, self._bucket = source, asked.landing

    def files(self) -> list[Remote]:
        pattern = self._source.at
        begin = pattern[: min((pattern.find(c) for c in "*?[" if c in pattern), default=len(pattern))]
        found = []
        with clients.calling(f"list s3://{self._bucket}/{begin}"):
            pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=begin)
            for page in pages:
                for each in page.get("Contents", ()):
                    if fnmatchcase(each["Key"], pattern):
                        address = f"s3://{self._bucket}/{each['Key']}"
                        _refuse_large(self._source, address, each["Size"])
                        found.append(Remote(address, each["Key"], each["ETag"].strip('"')))
        return sorted(found, key=lambda file: file.address)

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        with spooled() as stream:
            with clients.calling(f"read s3://{self._bucket}/{path}"):
                clients.s3().download_fileobj(self._bucket, path, stream)
            stream.seek(0)
            yield stream


class _Web(Store):
    """One address. Its version is its content's hash: few sites say reliably whether a file has changed."""

    def __init__(self, source: Files, asked: Asked) -> None:
        parts = urlsplit(source.at)
        base = f"{parts.scheme}://{parts.netloc}"
        self._source = source
        site = Web(name=source.name, table=source.table, url=base, limits=source.limits)
        self._site = Site(site, asked)
        self._held: IO[bytes] | None = None

    def files(self) -> list[Remote]:
        self._held = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 closed by `close`
        digest, size = hashlib.sha256(), 0
        answer = self._site.get(self._source.at, {})
        for chunk in answer.iter_content(_CHUNK):
            size += len(chunk)
            _refuse_large(self._source, shown(self._source.at), size)
            digest.update(chunk)
            self._held.write(chunk)
        return [Remote(shown(self._source.at), self._source.at, digest.hexdigest())]

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        if self._held is None:
            raise ValueError(f"{path} was not listed")
        self._held.seek(0)
        yield self._held

    def close(self) -> None:
        self._site.close()
        if self._held is not None:
            self._held.close()


class _Sftp(Store):
    def __init__(self, source: Files, asked: Asked) -> None:
        parts = urlsplit(source.at)
        self._source, self._asked = source, asked
        self._host, self._port = parts.hostname or "", parts.port or _PORT
        self._folder, self._pattern = posixpath.split(unquote(parts.path))
        self._open = contextlib.ExitStack()
        self._client: Any = None

    def files(self) -> list[Remote]:
        with self._told():
            entries = self._connected().listdir_attr(self._folder or "/")
        found = []
        for entry in sorted(entries, key=lambda entry: entry.filename):
            if fnmatchcase(entry.filename, self._pattern):
                path = posixpath.join(self._folder, entry.filename)
                address = f"sftp://{self._host}:{self._port}{path}"
                _refuse_large(self._source, address, entry.st_size or 0)
                found.append(Remote(address, path, f"{entry.st_size}@{entry.st_mtime}"))
        return found

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        with spooled() as stream:
            with self._told():
                self._connected().getfo(path, stream)
            stream.seek(0)
            yield stream

    def close(self) -> None:
        self._open.close()

    def _connected(self) -> Any:
        import paramiko

        if self._client is None:
            user, password, text = self._asked.of_secret(self._source, "username", "password", "host_key")
            key = self._host_key(text)
            ssh = self._open.enter_context(paramiko.SSHClient())
            # Whoever answers must be the host that was meant: its key stands in the secret.
            name = self._host if self._port == _PORT else f"[{self._host}]:{self._port}"
            ssh.get_host_keys().add(name, key.get_name(), key)
            ssh.set_missing_host_key_policy(paramiko.RejectPolicy())
            seconds = self._source.limits.timeout
            ssh.connect(
                self._host, self._port, user, password, timeout=seconds, banner_timeout=seconds,
                auth_timeout=seconds, look_for_keys=False, allow_agent=False,
            )  # fmt: skip
            self._client = self._open.enter_context(ssh.open_sftp())
        return self._client

    def _host_key(self, text: str) -> paramiko.PKey:
        import paramiko

        kind, _, encoded = text.partition(" ")
        try:
            return paramiko.PKey.from_type_string(kind, b64decode(encoded, validate=True))
        except (ValueError, paramiko.SSHException) as error:
            raise InputError(
                f"source {self._source.name}: host_key in secret {self._source.secret} is none; store it as "
                "'ssh-ed25519 AAAA...', as ssh-keyscan shows it"
            ) from error

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        import paramiko

        what = f"source {self._source.name}: {self._host}"
        try:
            yield
        except paramiko.BadHostKeyException as error:
            raise TerminalError(
                f"{what} shows another host key than secret {self._source.secret} has; ask its owner before "
                "you store the new one"
            ) from error
        except paramiko.AuthenticationException as error:
            raise TerminalError(
                f"{what} does not let us in; put the username and password into secret {self._source.secret}"
            ) from error
        except FileNotFoundError as error:
            raise TerminalError(f"{what} has no folder {self._folder!r}; correct 'at'") from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise TransientError(
                f"{what} did not answer as a whole ({type(error).__name__}); is it up? Run the source again"
            ) from error


@contextlib.contextmanager
def spooled() -> Iterator[IO[bytes]]:
    """A file in memory while it is small, and on disk else."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as stream:
        yield stream


def _refuse_large(source: Files, address: str, size: int) -> None:
    if size > MAX_BYTES:
        raise TerminalError(
            f"source {source.name}: {address} has more than {MAX_BYTES:,} bytes; split it, or store it as "
            "Parquet in the lake and use it in place"
        )

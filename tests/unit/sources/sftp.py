"""An SFTP server on this machine that shows a folder, read only."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Self

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface


class Server:
    """Serves one folder to one user."""

    def __init__(self, folder: Path, user: str, password: str) -> None:
        self._folder, self._user, self._password = folder, user, password
        self._key = paramiko.ECDSAKey.generate()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._transports: list[paramiko.Transport] = []
        self.port = self._socket.getsockname()[1]
        self.host_key = f"{self._key.get_name()} {self._key.get_base64()}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        for transport in self._transports:
            transport.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            self._transports.append(transport)
            transport.add_server_key(self._key)
            transport.set_subsystem_handler("sftp", SFTPServer, _Folder, self._folder)
            transport.start_server(server=_Door(self._user, self._password), event=threading.Event())


class _Door(paramiko.ServerInterface):
    def __init__(self, user: str, password: str) -> None:
        self._known = (user, password)

    def check_auth_password(self, username: str, password: str) -> int:
        return (
            paramiko.common.AUTH_SUCCESSFUL
            if (username, password) == self._known
            else paramiko.common.AUTH_FAILED
        )

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del kind, chanid
        return paramiko.common.OPEN_SUCCEEDED


class _Folder(SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, folder: Path) -> None:
        super().__init__(server)
        self._folder = folder

    def list_folder(self, path: str) -> list[SFTPAttributes] | int:
        try:
            return [SFTPAttributes.from_stat(each.stat(), each.name) for each in self._at(path).iterdir()]
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> SFTPAttributes | int:
        try:
            return SFTPAttributes.from_stat(self._at(path).stat())
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> SFTPHandle | int:
        del attr
        handle = SFTPHandle(flags)
        handle.readfile = os.fdopen(os.open(self._at(path), os.O_RDONLY), "rb")
        return handle

    def _at(self, path: str) -> Path:
        return self._folder / path.lstrip("/")

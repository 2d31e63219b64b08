"""From AWS's reason to what to do: the failures that a first deployment meets, in one sentence each."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from assay.errors import AssayError
from assay.runtime import clients

_ABSENT = (
    r"Unrecognized resource types|is not supported in this region|not available in .*region"
    r"|Could not connect to the endpoint|OptInRequired|SubscriptionRequired"
)
_USED_UP = r"LimitExceeded|limit exceeded|quota|TooManyBuckets|maximum number of"
_REMEDIES = {
    r"ExpiredToken|RequestExpired|security token .* expired": (
        "your credentials have expired: sign in again, then repeat the command"
    ),
    r"InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|security token .* invalid": (
        "AWS does not know these credentials: check AWS_PROFILE or AWS_ACCESS_KEY_ID"
    ),
    r"explicit deny": "a policy of your organisation forbids it: ask who keeps the account's policies",
    r"not authorized to perform|AccessDenied|UnauthorizedOperation|is not authorized": (
        "the caller lacks this permission: let an administrator grant it, or use another AWS_PROFILE"
    ),
    r"already exists|AlreadyExists|BucketAlreadyOwnedByYou": (
        "the name is taken: if an earlier installation of yours left it, repeat with --adopt; "
        "else choose another --name"
    ),
    r"cannot be deleted as it is in use|in use by|is imported by": (
        "another stack still uses it: destroy that one first, or everything without --only"
    ),
    r"deletion protection|protected": (
        "it is protected: `assay deploy apply --only database --set database.DeletionProtection=false` first"
    ),
    r"bucket .* is not empty|BucketNotEmpty": "empty the bucket, then repeat the command",
    _ABSENT: "the region has no such service: choose another --region",
    _USED_UP: (
        "a quota of the account is used up: ask for more in Service Quotas, or remove what is not needed"
    ),
    r"Throttling|Rate exceeded|TooManyRequests": ("AWS asks for patience: repeat the command in a minute"),
    r"No export named|Export .* not found": "an earlier stack is missing: deploy without --only",
    r"does not exist in the bucket|NoSuchKey|S3 Error Code": (
        "the release is not in the artifacts bucket: repeat the command, which uploads it"
    ),
}
_UNKNOWN = "correct the cause, then repeat the command"


def remedy(reason: str) -> str:
    """What to do about a reason that AWS gives.

    Args:
        reason: AWS's own words.

    Example:
        >>> remedy("assay-lake already exists in stack arn:aws:...").split(":")[0]
        'the name is taken'
    """
    for pattern, sentence in _REMEDIES.items():
        if re.search(pattern, reason, re.IGNORECASE):
            return sentence
    return _UNKNOWN


@contextlib.contextmanager
def asking(purpose: str) -> Iterator[None]:
    """`clients.calling`, with what to do when AWS's reason is a known one.

    Args:
        purpose: What the call is for, as the end of "cannot ...".

    Raises:
        AssayError: Of the kind that `clients.calling` chooses.
    """
    try:
        with clients.calling(purpose):
            yield
    except AssayError as error:
        advice = remedy(error.message)
        if advice == _UNKNOWN:
            raise
        raise type(error)(f"{error.message}; {advice}") from error

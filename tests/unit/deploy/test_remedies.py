# ruff: noqa: E501 - AWS's sentences as they are
"""AWS's own words, as it and its emulator say them, and what to do."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from assay.deploy.remedies import asking, remedy
from assay.errors import InputError, TerminalError, TransientError


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("The security token included in the request is expired", "sign in again"),
        ("cannot look at stack x: Request has expired (ExpiredToken)", "sign in again"),
        ("The security token included in the request is invalid. (InvalidClientTokenId)", "AWS_PROFILE"),
        ("User: arn:aws:iam::1:user/x is not authorized to perform: s3:CreateBucket", "lacks this permission"),
        ("... is not authorized to perform: kms:CreateKey with an explicit deny in a service control policy",
         "policy of your organisation"),
        ("assay-lake already exists", "--adopt"),
        ("Resource of type 'AWS::S3::Bucket' with identifier 'assay-lake' already exists.", "--adopt"),
        ("Export assay-vpc cannot be deleted as it is in use by assay-database", "destroy that one first"),
        ("Cannot delete protected DB Instance, please disable deletion protection", "DeletionProtection=false"),
        ("The bucket you tried to delete is not empty", "empty the bucket"),
        ("Template format error: Unrecognized resource types: [AWS::DMS::ReplicationConfig]", "another --region"),
        ('Could not connect to the endpoint URL: "https://glue.eu-isoe-west-1..."', "another --region"),
        ("The maximum number of VPCs has been reached. (Service: Ec2, Error Code: VpcLimitExceeded)", "quota"),
        ("Rate exceeded (Throttling)", "in a minute"),
        ("No export named assay-vpc found", "without --only"),
        ("Error occurred while GetObject. S3 Error Code: NoSuchKey", "repeat the command"),
        ("Something that nobody has seen", "correct the cause"),
    ],
)  # fmt: skip
def test_a_reason_has_a_remedy(reason: str, advice: str) -> None:
    assert advice in remedy(reason)


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


def test_an_answer_of_aws_comes_with_its_remedy() -> None:
    with (
        pytest.raises(TerminalError, match=r"cannot look: .* \(AccessDenied\); the caller lacks"),
        asking("look"),
    ):
        raise refusal("AccessDenied", "User x is not authorized to perform: cloudformation:DescribeStacks")
    with (
        pytest.raises(TransientError, match=r"cannot look: Rate exceeded \(Throttling\); AWS asks"),
        asking("look"),
    ):
        raise refusal("Throttling", "Rate exceeded")


def test_an_unknown_answer_is_left_as_it_is() -> None:
    with pytest.raises(TerminalError) as caught, asking("look"):
        raise refusal("Strange", "no idea")
    assert caught.value.message == "cannot look: no idea (Strange)"


def test_errors_of_ours_pass() -> None:
    with pytest.raises(InputError, match=r"^mine$"), asking("look"):
        raise InputError("mine")

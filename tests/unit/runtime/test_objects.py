"""Objects by address: files and URIs, and what is refused. S3 itself: tests/stack."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from assay.errors import InputError, TerminalError
from assay.runtime import clients, objects


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with Stubber(clients.s3()) as stub:
        yield stub
        stub.assert_no_pending_responses()


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("name: é", encoding="utf-8")
    assert objects.read_text(str(tmp_path / "b.yaml")) == "name: é"


def test_an_object_is_read(s3: Stubber) -> None:
    body = StreamingBody(io.BytesIO("é".encode()), 2)
    s3.add_response("get_object", {"Body": body}, {"Bucket": "b", "Key": "k/x.yaml"})
    assert objects.read_text("s3://b/k/x.yaml") == "é"


@pytest.mark.parametrize("address", ["s3://", "s3://b", "s3://b/", "s3:///k"])
def test_a_uri_without_bucket_or_key_is_refused(address: str) -> None:
    with pytest.raises(
        InputError, match=f"'{address}' is no address of an object; it must be s3://bucket/key"
    ):
        objects.read_text(address)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.yaml: No such file or directory; give a file or s3://"):
        objects.read_text(str(tmp_path / "none.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9")
    with pytest.raises(InputError, match=r"latin.yaml: byte 6 is not UTF-8"):
        objects.read_text(str(tmp_path / "latin.yaml"))


def test_the_newest_of_many_pages_is_found(s3: Stubber) -> None:
    page = {"IsTruncated": True, "NextContinuationToken": "t", "Contents": [{"Key": "p/v2"}, {"Key": "p/v1"}]}
    asked = {"Bucket": "b", "Prefix": "p/v", "StartAfter": "p/v0"}
    s3.add_response("list_objects_v2", page, asked)
    more = {**asked, "ContinuationToken": "t"}
    s3.add_response("list_objects_v2", {"Contents": [{"Key": "p/v3"}]}, more)
    assert objects.newest("b", "p/v", after="p/v0") == "p/v3"


@pytest.mark.parametrize("status", [409, 412])
def test_a_taken_key_is_not_written(s3: Stubber, status: int) -> None:
    s3.add_client_error("put_object", "PreconditionFailed", http_status_code=status)
    assert not objects.put_new("b", "k", b"", content_type="text/plain")


def test_another_refusal_is_an_error(s3: Stubber) -> None:
    s3.add_client_error("put_object", "AccessDenied", http_status_code=403)
    with pytest.raises(TerminalError, match=r"cannot write s3://b/k: .*AccessDenied") as refused:
        objects.put_new("b", "k", b"", content_type="text/plain")
    assert isinstance(refused.value.__cause__, ClientError)


# -- old versions ----------------------------------------------------------------------------------
def test_old_versions_and_markers_go_and_the_newest_stays(s3: Stubber) -> None:
    listed = {
        "Versions": [
            {"Key": "k/a", "VersionId": "2", "IsLatest": True},
            {"Key": "k/a", "VersionId": "1", "IsLatest": False},
        ],
        "DeleteMarkers": [{"Key": "k/b", "VersionId": "9", "IsLatest": True}],
    }
    s3.add_response("list_object_versions", listed, {"Bucket": "b", "Prefix": "k/"})
    gone = [{"Key": "k/a", "VersionId": "1"}, {"Key": "k/b", "VersionId": "9"}]
    s3.add_response("delete_objects", {}, {"Bucket": "b", "Delete": {"Objects": gone, "Quiet": True}})
    assert objects.purge("b", "k/") == 2


def test_a_bucket_without_versions_has_none(s3: Stubber) -> None:
    s3.add_response("list_object_versions", {}, {"Bucket": "b", "Prefix": "k/"})
    assert objects.purge("b", "k/") == 0


def test_what_s3_keeps_is_said(s3: Stubber) -> None:
    listed = {"Versions": [{"Key": "k/a", "VersionId": "1", "IsLatest": False}]}
    s3.add_response("list_object_versions", listed, {"Bucket": "b", "Prefix": "k/"})
    s3.add_response("delete_objects", {"Errors": [{"Key": "k/a", "Code": "AccessDenied"}]})
    with pytest.raises(TerminalError, match=r"S3 kept 1 old versions in s3://b/k/ \(AccessDenied\); allow"):
        objects.purge("b", "k/")

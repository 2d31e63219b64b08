"""Several templates read in order: exports passed on, parameters shared out."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import InputError
from assay.stacks import chain

LOWER = """
Parameters: {Name: {Type: String}, Depth: {Type: Number, Default: 1}}
Resources:
  Bucket: {Type: "AWS::S3::Bucket", Properties: {BucketName: !Sub "${Name}-${Depth}"}}
Conditions: {Never: !Equals [a, b]}
Outputs:
  Bucket: {Value: !Ref Bucket, Export: {Name: !Sub "${Name}-bucket"}}
  Private: {Value: !Ref Bucket}
  Absent: {Value: !Ref Nothing, Condition: Never, Export: {Name: absent}}
"""
UPPER = """
Parameters: {Name: {Type: String}, Colour: {Type: String, Default: red}}
Resources:
  It:
    Type: T
    Properties:
      V: !Join
        - /
        - [!ImportValue {"Fn::Sub": "${Name}-bucket"}, !ImportValue below, !Ref Colour, !Ref AWS::Region]
"""


def write(folder: Path) -> list[Path]:
    files = [folder / "lower.yaml", folder / "upper.yaml"]
    for file, text in zip(files, (LOWER, UPPER), strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def test_a_template_imports_what_those_before_it_export(tmp_path: Path) -> None:
    given = {"Name": "a", "Depth": "7", "Colour": "blue"}
    lower, upper = chain.read(
        write(tmp_path), given, exports={"below": "b"}, pseudo={"AWS::Region": "us-east-1"}
    )
    assert lower.exports() == {"a-bucket": "a-7"}
    assert upper.resources("T")[0].properties["V"] == "a-7/b/blue/us-east-1"
    assert upper.exports() == {}


def test_the_order_matters(tmp_path: Path) -> None:
    lower, upper = write(tmp_path)
    found = chain.read([upper, lower], {"Name": "a"}, exports={"below": "b"})
    with pytest.raises(InputError, match=r"upper.yaml: no export 'a-bucket'"):
        found[0].resources("T")


def test_a_parameter_that_no_template_declares_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"lower.yaml, upper.yaml: no parameter 'Color'; did you mean 'Colour'"
    ):
        chain.read(write(tmp_path), {"Name": "a", "Color": "blue"})


def test_a_parameter_without_a_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lower.yaml: parameter Name has no value"):
        chain.read(write(tmp_path))

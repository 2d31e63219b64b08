"""CloudFormation templates: YAML's dialect, parameters, conditions, functions, refusals."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from assay.errors import InputError
from assay.stacks import template_yaml
from assay.stacks.template import Template

HEAD = """
    AWSTemplateFormatVersion: 2010-09-09
    Parameters:
      Env: {Type: String, Default: dev, AllowedValues: [dev, prod]}
      Zones: {Type: CommaDelimitedList, Default: "a,b"}
      Count: {Type: Number, Default: 3, AllowedValues: [3, 5]}
      Flag: {Type: String, Default: "true", AllowedValues: ["true", "false"]}
      Role: {Type: String, AllowedPattern: "arn:.*", Default: "arn:x"}
    Mappings:
      Size: {dev: {Workers: 2}, prod: {Workers: 6}}
    Conditions:
      IsProd: !Equals [!Ref Env, prod]
      IsDev: !Not [!Condition IsProd]
      Both: !And [!Condition IsProd, !Condition IsDev]
      HasThree: !Equals [!Ref Count, 3]
      IsTrue: !Equals [!Ref Flag, true]
      Either: !Or [!Condition IsProd, !Condition IsDev]
    Resources:
"""


def write(path: Path, text: str) -> Path:
    file = path / "stack.yaml"
    file.write_text(dedent(text), encoding="utf-8")
    return file


def template(path: Path, resources: str, parameters: dict[str, str] | None = None, **more: Any) -> Template:
    body = dedent(HEAD) + "\n".join("  " + line for line in dedent(resources).splitlines())
    file = path / "stack.yaml"
    file.write_text(body, encoding="utf-8")
    return Template(file, parameters, **more)


def value(path: Path, expression: str, parameters: dict[str, str] | None = None, **more: Any) -> Any:
    """What a property of a resource resolves to."""
    text = f"It: {{Type: T, Properties: {{V: {expression}}}}}\n{OTHERS}"
    return template(path, text, parameters, **more).resources("T")[0].properties["V"]


OTHERS = """\
Bucket: {Type: "AWS::S3::Bucket", Properties: {BucketName: !Sub "b-${Env}"}}
Unnamed: {Type: "AWS::S3::Bucket"}
Logs: {Type: "AWS::Logs::LogGroup", Properties: {LogGroupName: !Sub "/a/${Env}"}}
Database: {Type: "AWS::Glue::Database", Properties: {DatabaseInput: {Name: gold}}}
Queue: {Type: "AWS::SQS::Queue"}
OnlyProd: {Type: "AWS::SQS::Queue", Condition: IsProd}
"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Ref Env", "dev"),
        ("{Ref: Env}", "dev"),
        ("!Ref Zones", ["a", "b"]),
        ("!Ref Count", "3"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref Bucket", "b-dev"),
        ("!Ref Unnamed", "stack-Unnamed"),
        ("!Ref Database", "gold"),
        ('!Sub "${Env}/${AWS::AccountId}/${Bucket}"', "dev/000000000000/b-dev"),
        ('!Sub ["${X}-${!Literal}", {X: !Ref Env}]', "dev-${Literal}"),
        ('!Sub "${Bucket.Arn}"', "arn:aws:s3:::b-dev"),
        ("!GetAtt Bucket.Arn", "arn:aws:s3:::b-dev"),
        ("!GetAtt Logs.Arn", "arn:aws:logs:eu-west-1:000000000000:log-group:/a/dev:*"),
        ('{"Fn::Base64": !Sub "é ${Env}"}', "w6kgZGV2"),
        ('{"Fn::GetAtt": [Bucket, Arn]}', "arn:aws:s3:::b-dev"),
        ('!Join ["-", [a, !Ref Env, !Ref "AWS::NoValue"]]', "a-dev"),
        ('!Select [1, !Split [",", "x,y,z"]]', "y"),
        ("!Select [0, !Ref Zones]", "a"),
        ("!FindInMap [Size, !Ref Env, Workers]", 2),
        ("!If [IsProd, yes-prod, no-prod]", "no-prod"),
        ("!If [Both, 1, 2]", 2),
        ("!If [Either, 1, 2]", 1),
        ("!If [HasThree, 1, 2]", 1),
        ("!If [IsTrue, 1, 2]", 1),
        ("{a: 1, b: !Ref AWS::NoValue}", {"a": 1}),
        ("[1, !If [IsProd, 2, !Ref AWS::NoValue]]", [1]),
        ('!ImportValue {"Fn::Sub": "x-${Env}"}', "imported"),
        ("{Version: 2012-10-17}", {"Version": "2012-10-17"}),
        ("true", True),
    ],
)
def test_functions(tmp_path: Path, expression: str, expected: object) -> None:
    assert value(tmp_path, expression, exports={"x-dev": "imported"}) == expected


def test_parameters_and_pseudo_parameters_change_what_is_resolved(tmp_path: Path) -> None:
    prod = {"Env": "prod"}
    assert value(tmp_path, "!If [IsProd, 1, 2]", prod) == 1
    assert value(tmp_path, "!FindInMap [Size, !Ref Env, Workers]", prod) == 6
    assert value(tmp_path, "!Ref AWS::Region", pseudo={"AWS::Region": "us-east-1"}) == "us-east-1"


def test_conditions_keep_and_drop_resources(tmp_path: Path) -> None:
    def kept(parameters: dict[str, str]) -> list[str]:
        return [r.logical_id for r in template(tmp_path, OTHERS, parameters).resources("AWS::SQS::Queue")]

    assert kept({"Env": "dev"}) == ["Queue"]
    assert kept({"Env": "prod"}) == ["Queue", "OnlyProd"]


def test_metadata_and_outputs(tmp_path: Path) -> None:
    text = """
    Resources:
      A: {Type: T, Metadata: {Cap: 1}, Properties: {Name: n}}
    Conditions: {Never: !Equals [a, b]}
    Outputs:
      Kept: {Value: !Ref A}
      Dropped: {Value: !Ref Nothing, Condition: Never}
    """
    read = Template(write(tmp_path, text))
    assert read.resources("T")[0].metadata == {"Cap": 1}
    assert read.outputs() == {"Kept": "n"}


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("!Ref Evn", "stack.yaml: no parameter or resource 'Evn'"),
        ("!Ref OnlyProd", "no parameter or resource 'OnlyProd'"),
        ("!GetAtt Queue.Arn", "Queue.Arn of AWS::SQS::Queue is known only to a deployed stack"),
        ("!GetAtt Bucket.DomainName", "Bucket.DomainName of AWS::S3::Bucket is known only"),
        ("!GetAtt Nothing.Arn", "no resource 'Nothing'"),
        ("!FindInMap [Size, test, Workers]", "no mapping key 'test'; allowed: 'dev', 'prod'"),
        ("!ImportValue nothing", "no export 'nothing'; none is allowed here"),
        ("!Select [5, [a]]", "Fn::Select asks for item 5 of 1"),
        ("!Cidr [x, 1, 2]", "Fn::Cidr is not supported here"),
        ("!If [IsTest, 1, 2]", "no condition 'IsTest'"),
        ('!If [{"Fn::Exists": [1]}, 1, 2]', "Fn::Exists is no condition function"),
    ],
)
def test_what_points_at_nothing_is_refused(tmp_path: Path, expression: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        value(tmp_path, expression)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"Env": "test"}, "parameter Env is 'test'; .*'dev'"),
        ({"Role": "me"}, "parameter Role is 'me'; it must match arn:"),
        ({"Enw": "dev"}, "no parameter 'Enw'; did you mean 'Env'"),
    ],
)
def test_parameters_are_checked(tmp_path: Path, parameters: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        template(tmp_path, OTHERS, parameters)


def test_a_parameter_without_a_value_is_refused(tmp_path: Path) -> None:
    text = "Parameters: {P: {Type: String}}\nResources: {A: {Type: T}}"
    with pytest.raises(InputError, match="parameter P has no value and no default"):
        Template(write(tmp_path, text))


# --- the dialect ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Resources:\n  A: {Type: T}\n  A: {Type: T}", r"stack.yaml, line 3: duplicate key 'A'"),
        ("Resources: {A: [", "line 1: "),
        ("- a", "no 'Resources'"),
        ("Resources: 7", "no 'Resources'"),
        ("Resources: {? [a]: 1}", "unhashable"),
        ("a: \x00", "a template is a YAML text"),
    ],
)
def test_files_that_are_no_template(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        template_yaml.read(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory; name a CloudFormation template"):
        template_yaml.read(tmp_path / "none.yaml")


def test_a_function_over_a_mapping(tmp_path: Path) -> None:
    text = "Resources: {A: {Type: T, V: !Transform {Name: x}}}"
    assert template_yaml.read(write(tmp_path, text))["Resources"]["A"]["V"] == {
        "Fn::Transform": {"Name": "x"}
    }

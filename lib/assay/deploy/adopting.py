"""Takes what an earlier installation left into the stacks of a new one.

`assay deploy destroy` leaves buckets and tables. CloudFormation finds them again by their names, but only
where the template has a name as a plain text: `${Name}-landing-${AWS::AccountId}` is none. So names are
written out in the copy of the template that is sent.

References:
    AWS CloudFormation API reference, "CreateChangeSet", ImportExistingResources.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from assay.deploy.order import Stack
from assay.runtime import clients
from assay.stacks.template import Template

_NAMING = {"AWS::S3::Bucket": "BucketName", "AWS::DynamoDB::Table": "TableName"}


def body(stack: Stack) -> str:
    """The template with the names of what holds data written out.

    Args:
        stack: The stack as it is to be.

    Raises:
        AssayError: AWS does not say whose account this is.
    """
    pseudo = {
        "AWS::AccountId": clients.account(),
        "AWS::Region": clients.region(),
        "AWS::StackName": stack.name,
    }
    template = Template(stack.path, stack.parameters, pseudo=pseudo)
    document: dict[str, Any] = copy.deepcopy(dict(stack.document))
    for resource in document["Resources"].values():
        naming = _NAMING.get(resource["Type"])
        if naming in resource.get("Properties", {}):
            resource["Properties"][naming] = template.resolve(resource["Properties"][naming])
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)

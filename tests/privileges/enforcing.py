"""Makes the emulator refuse what policies do not allow, as AWS would.

With AUTH=true ministack 1.5.33 checks signatures and policies, with two gaps that are closed here: calls of
Glue's catalog are checked against one ARN instead of catalog, database and table, and dynamodb:LeadingKeys is
missing. Its evaluator and its naming of S3's and DynamoDB's actions are its own: they check ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator

from assay.local import asgi
from assay.local.asgi import Application, Receive, Scope, Send
from privileges.actions import asked, leading_keys
from privileges.request import ACCOUNT, Asked, Request, signer

_SEPARATOR = "\n"
_FORBIDDEN = 403
_TYPE = "application/x-amz-json-1.1"
_OURS = re.compile(r"AWSGlue\.\w*(Workflow|Job|Trigger)\w*")


def install(application: Application) -> Application:
    """Close the gaps in this process, and check also what our own layer answers in the emulator's place.

    Args:
        application: The emulator with our layers.

    Returns:
        The application to serve.
    """
    extract, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce
    context_of = iam_actions.dynamodb_service_context

    def all_arns(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        if service != "glue":
            return str(extract(service, method, path, headers, body, *rest))
        return _SEPARATOR.join(each.resource for each in asked(Request(method, path, "", headers, body)))

    def every_arn(key: str, action: str, service: str, region: str, **more: Any) -> Any:
        arns = str(more.pop("resource_arn", "*")).split(_SEPARATOR)
        refusals = (enforce(key, action, service, region, resource_arn=arn, **more) for arn in arns)
        return next((refusal for refusal in refusals if refusal is not None), None)

    def with_leading_keys(body: bytes) -> dict[str, Any]:
        return {**context_of(body), "dynamodb:LeadingKeys": list(leading_keys(json.loads(body or b"{}")))}

    iam_actions.extract_resource_arn, iam_evaluator.enforce = all_arns, every_arn
    iam_actions.dynamodb_service_context = with_leading_keys
    return _guarded(application)


def _guarded(application: Application) -> Application:
    """Check calls about workflows and jobs: no emulator runs them, our own layers answer."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if not _OURS.match(asgi.target(scope) or ""):
            await application(scope, receive, send)
            return
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        body = await asgi.read_body(receive)
        request = Request(scope["method"], scope["path"], "", headers, body)
        if all(_allows(headers, each) for each in asked(request)):
            await application(scope, asgi.replay(body), send)
        else:
            refusal = json.dumps({"__type": "AccessDeniedException", "Message": "no policy allows it"})
            await asgi.answer(send, _FORBIDDEN, refusal.encode(), {"content-type": _TYPE})

    return guarded


def _allows(headers: Mapping[str, str], wanted: Asked) -> bool:
    signed = signer(headers)
    assert signed is not None
    principal = iam_evaluator.resolve_principal(signed[0], ACCOUNT, None)
    if principal.policies is None:
        return True
    context = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=wanted.action,
        resource_arn=wanted.resource,
        region=signed[1],
    )
    return bool(iam_evaluator.evaluate(context, principal.policies).decision == "Allow")

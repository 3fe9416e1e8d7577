"""The client authenticator `sample_key`: the header `X-Api-Key: CLIENT:KEY`.

It says which client the request names. Whether KEY is that client's secret is a condition that the host settles: no
secret and no hash of one is ever in here, and an unknown client takes as long as a wrong key.
"""

import functools
import traceback

from wit_world.exports.client_authenticator import Description
from wit_world.imports import log
from wit_world.imports.types import (
    Authenticated,
    Client,
    Condition,
    Outcome_Authenticated,
    Outcome_Rejected,
    Outcome_Unclaimed,
    Problem,
    Rejection,
    Requirement_Secret,
)

METHOD = "sample_key"
HEADER = "x-api-key"


def sent(request):
    """The values of the header."""
    return [header.value for header in request.headers if header.name == HEADER]


def rejected(error, reason, detail):
    return Outcome_Rejected(Rejection(error, reason, detail))


def reporting(method):
    """Writes what is raised to the server's log, and raises it: the request is refused with 500, never let through."""

    @functools.wraps(method)
    def reported(*given):
        try:
            return method(*given)
        except Exception:
            log.emit(log.Level.ERROR, " ".join(traceback.format_exc().split()))
            raise

    return reported


class ClientAuthenticator:
    @reporting
    def describe(self):
        return Description(METHOD, [], "0.1.0", "A key in a header.", [METHOD], [f"header:{HEADER}"], [])

    @reporting
    def check_config(self, properties):
        return [Problem(field.name, f"is not known; {METHOD} has no properties") for field in properties]

    @reporting
    def algorithms(self, properties):
        return []

    @reporting
    def can_authenticate(self, properties, request):
        return bool(sent(request))

    @reporting
    def client_id(self, request):
        return next((key.split(":")[0] for key in sent(request)), None)

    @reporting
    def authenticate(self, properties, request):
        keys = sent(request)
        if not keys:
            return Outcome_Unclaimed()
        if len(keys) > 1:
            return rejected("invalid_request", "repeated-header", f"expected one {HEADER}; received {len(keys)}")
        client, _, key = keys[0].partition(":")
        if not client or not key:
            return rejected("invalid_request", "malformed-key", "expected CLIENT:KEY; received something else")
        condition = Condition("wrong-key", Requirement_Secret(key))
        return Outcome_Authenticated(Authenticated(Client(client, METHOD, []), [condition]))

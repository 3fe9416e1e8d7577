"""An authenticator in Python: the header `x-api-key: CLIENT:SECRET`. The host compares the secret."""

from wit_world.exports.client_authenticator import Description
from wit_world.imports.types import (
    Authenticated, Client, Condition, Outcome_Authenticated, Outcome_Rejected, Rejection, Requirement_Secret)

METHOD = "api_key_python"


def sent(request):
    return next((header.value for header in request.headers if header.name == "x-api-key"), None)


class ClientAuthenticator:
    def describe(self):
        return Description(METHOD, [], "1.0.0", "A key in a header.", [METHOD], ["header:x-api-key"], [])

    def check_config(self, properties):
        return []

    def algorithms(self, properties):
        return []

    def can_authenticate(self, properties, request):
        return sent(request) is not None

    def client_id(self, request):
        return (sent(request) or "").split(":")[0]

    def authenticate(self, properties, request):
        client, _, secret = (sent(request) or "").partition(":")
        if not secret:
            return Outcome_Rejected(Rejection("invalid_client", "malformed-key", "expected CLIENT:SECRET"))
        condition = Condition("wrong-key", Requirement_Secret(secret))
        return Outcome_Authenticated(Authenticated(Client(client, METHOD, []), [condition]))

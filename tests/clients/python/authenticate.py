"""Authlib against a running server: metadata, a token for every client, and a replay.

Usage: python authenticate.py JOB, a JSON file {issuer, authority, clients: [{client_id, key_file, alg}]}; prints what
happened as JSON. The script is what a client developer would write: nothing in it is of the project.
"""

import json
import sys
from pathlib import Path

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

KEY_TYPES = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}


def authenticate(job, metadata, keys, client):
    key = KEY_TYPES[client["alg"][:2]].import_key(Path(client["key_file"]).read_text())

    def session(claims=None):
        session = OAuth2Session(client["client_id"], key, token_endpoint_auth_method="private_key_jwt")
        session.verify = job["authority"]
        session.trust_env = False
        method = PrivateKeyJWT(metadata["token_endpoint"], claims=claims, alg=client["alg"])
        session.register_client_auth_method(method)
        return session

    def fetch(session):
        return session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")

    token = jwt.decode(fetch(session())["access_token"], keys, algorithms=["ES256"])
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": job["issuer"]},
        sub={"essential": True, "value": client["client_id"]},
        aud={"essential": True, "value": job["issuer"]},
        exp={"essential": True},
    )
    registry.validate(token.claims)

    repeating = session({"jti": f"the same every time, {client['client_id']}"})
    fetch(repeating)
    try:
        fetch(repeating)
        replay = "accepted"
    except OAuthError as error:
        replay = error.error
    return {**client, "header": token.header, "claims": token.claims, "replay": replay}


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    with OAuth2Session() as session:
        session.verify = job["authority"]
        session.trust_env = False
        location = job["issuer"] + "/.well-known/oauth-authorization-server"
        metadata = session.get(location, withhold_token=True).json()
        keys = KeySet.import_key_set(session.get(metadata["jwks_uri"], withhold_token=True).json())
    print(json.dumps([authenticate(job, metadata, keys, client) for client in job["clients"]]))


main()

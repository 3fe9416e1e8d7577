"""Client libraries in their default settings, each with a token by client credentials: the server notes which audience
each of them sends.

Usage: python audience.py JOB, a JSON file {issuer, authority, clients: {LIBRARY: {client_id, key_file}}}.
"""

import json
import sys
from pathlib import Path

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey
from jwskate import Jwk
from requests_oauth2client import OAuth2Client, PrivateKeyJwt


def authlib(job, endpoint, client):
    key = ECKey.import_key(Path(client["key_file"]).read_text())
    session = OAuth2Session(client["client_id"], key, token_endpoint_auth_method="private_key_jwt")
    session.verify = job["authority"]
    session.trust_env = False
    session.register_client_auth_method(PrivateKeyJWT(endpoint, alg="ES256"))
    return session.fetch_token(endpoint, grant_type="client_credentials")["access_token"]


def requests_oauth2client(job, endpoint, client):
    key = Jwk.from_pem(Path(client["key_file"]).read_text()).with_kid_thumbprint()
    session = requests.Session()
    session.verify = job["authority"]
    session.trust_env = False
    auth = PrivateKeyJwt(client["client_id"], key, alg="ES256")
    return OAuth2Client(token_endpoint=endpoint, auth=auth, session=session).client_credentials().access_token


LIBRARIES = {"Authlib 1": authlib, "requests_oauth2client 1": requests_oauth2client}


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    endpoint = job["issuer"] + "/oauth2/token"
    for library, authenticate in LIBRARIES.items():
        assert authenticate(job, endpoint, job["clients"][library]), library


main()

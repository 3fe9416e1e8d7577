# A token for {{client}}, with a fresh assertion for each request.
# pip install pyjwt[crypto] requests
import time
import uuid
from pathlib import Path

import jwt
import requests

client_id = {{client}}
now = int(time.time())
claims = {
    "iss": client_id,
    "sub": client_id,
    "aud": {{audience}},
    "iat": now,
    "exp": now + {{lifetime}},
    "jti": str(uuid.uuid4()),
}
header = {{header}}
assertion = jwt.encode(claims, Path({{key}}).read_bytes(), algorithm=header["alg"], headers=header)

response = requests.post(
    {{token_endpoint}},
    data={
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    },
    verify={{authority}},
    timeout=10,
)
print(response.text)

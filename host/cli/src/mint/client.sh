#!/bin/sh
# A token for {{client}}. This assertion is accepted once and expires; a fresh one for each request:
#   dropins assertion mint {{client}} --key {{key}} --audience {{audience}}
curl --silent --show-error {{cacert}}{{token_endpoint}} \
    --data-urlencode grant_type=client_credentials \
    --data-urlencode client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
    --data-urlencode client_assertion={{assertion}}

#!/bin/sh
# Builds the component: the tool, bindings made from the contract (for editors and tests, too), then the plug-in.
set -eu
cd "$(dirname "$0")"
[ -d venv ] || python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
rm -rf bindings
venv/bin/componentize-py --wit-path wit --world authenticator-plugin bindings bindings
venv/bin/componentize-py --wit-path wit --world authenticator-plugin componentize --stub-wasi \
    --python-path app --output sample_key.wasm plugin

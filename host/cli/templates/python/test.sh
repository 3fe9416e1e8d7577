#!/bin/sh
# Runs the tests under CPython, against the bindings that build.sh made.
set -eu
cd "$(dirname "$0")"
PYTHONPATH=app:bindings venv/bin/python -m unittest discover --start-directory tests

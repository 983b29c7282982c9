#!/bin/sh
# Resolves both locks for every supported Python and system. They name no index: a site's own mirror serves as well.
# Development is resolved after, and constrained by, what runs, so that the tests test what is shipped.
set -eu
cd "$(dirname "$0")/.."

resolve() {
    .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --extra embedded --extra office --group build \
        --generate-hashes --no-emit-index-url --no-emit-find-links --quiet --custom-compile-command "make lock" "$@"
}
resolve --output-file requirements.lock
resolve --group dev --constraints requirements.lock --output-file requirements-dev.lock

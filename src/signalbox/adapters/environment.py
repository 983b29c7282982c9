"""Credentials from the environment."""

from collections.abc import Mapping


class EnvironmentSecrets:
    """Implements `ports.secrets.Secrets`. Read at each use, so that a rotated value counts at once."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def get(self, name: str) -> str | None:
        return self._env.get(name) or None

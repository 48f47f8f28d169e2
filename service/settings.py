"""Settings of a running service, each an environment variable of the same name; the defaults are safe on one machine."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Settings:
    HOST: str = "127.0.0.1"
    PORT: int = 8000
    API_KEY: str = ""  # asked for in the header X-API-Key; empty: nobody is asked
    ALLOW_OPEN: bool = False  # listen on another address than loopback without an API key
    PREDICTION_LOG: str = "sqlite:///data/log/predictions.db"  # or postgresql://user:password@host/database
    LOG_REQUIRED: bool = True  # false: where the log cannot be written, answer all the same ("logged": false)
    LOG_SYNC: str = "normal"  # SQLite: "full" also survives a power cut, at a disk write for each batch of answers
    MAX_BODY_BYTES: int = 8_000_000
    MAX_ROWS: int = 10_000  # in one request
    MAX_WAITING_ROWS: int = 100_000  # of all requests not yet answered; beyond it 503

    @classmethod
    def from_environment(cls) -> Settings:
        """Raises ValueError naming the variable that cannot be read."""
        given = {}
        for field in fields(cls):
            text = os.environ.get(field.name)
            if text is None or text == "" and field.name != "API_KEY":
                continue
            kind = type(field.default)
            try:
                given[field.name] = _flag(text) if kind is bool else kind(text)
            except ValueError:
                wanted = {bool: "true or false", int: "a whole number"}[kind]
                raise ValueError(f"{field.name} is {text!r}; it takes {wanted}") from None
        settings = cls(**given)
        if settings.LOG_SYNC not in ("normal", "full"):
            raise ValueError(f"LOG_SYNC is {settings.LOG_SYNC!r}; it takes normal or full")
        return settings

    def refusal(self) -> str:
        """Why the service must not start so, or an empty string."""
        if self.API_KEY or self.ALLOW_OPEN or self.HOST in ("127.0.0.1", "::1", "localhost"):
            return ""
        return f"HOST is {self.HOST}, which others reach, and there is no API_KEY; set one, or ALLOW_OPEN=true where a proxy asks for it"


def _flag(text: str) -> bool:
    if text.lower() not in ("1", "0", "true", "false", "yes", "no"):
        raise ValueError(text)
    return text.lower() in ("1", "true", "yes")

"""Settings of a running service, each an environment variable of the same name; the defaults are safe on one machine."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Settings:
    HOST: str = "127.0.0.1"
    PORT: int = 8000
    WORKERS: int = 1  # processes that share the port, the log and the metrics
    API_KEY: str = ""  # asked for in the header X-API-Key; empty: nobody is asked
    ALLOW_OPEN: bool = False  # listen on another address than loopback without an API key
    ALLOWED_HOSTS: str = ""  # further names, by commas, that requests without an API key may call a loopback service by
    PREDICTION_LOG: str = "sqlite:///data/log/predictions.db"  # or postgresql://user:password@host/database
    LOG_REQUIRED: bool = True  # false: where the log cannot be written, answer all the same ("logged": false)
    LOG_SYNC: str = "normal"  # SQLite: "full" also survives a power cut, at a disk write for each batch of answers
    LOG_KEEP_DAYS: int = 0  # older days leave the log, whole; 0: nothing is ever removed
    MAX_BODY_BYTES: int = 8_000_000
    MAX_ROWS: int = 10_000  # in one request
    MAX_WAITING_ROWS: int = 100_000  # of all requests not yet answered; beyond it 503
    MAX_CONNECTIONS: int = 1_000  # at once, in each process; beyond it 503
    HEADER_SECONDS: int = 10  # for a request's headers to arrive
    BODY_SECONDS: int = 30  # for its body to arrive, and for the client to take in an answer that it is sent
    IDLE_SECONDS: int = 60  # between two requests of one connection

    @classmethod
    def from_environment(cls) -> Settings:
        """Raises ValueError naming the variable that cannot be read."""
        given: dict[str, Any] = {}
        for field in fields(cls):
            text = os.environ.get(field.name)
            if text is None or (text == "" and field.name != "API_KEY"):
                continue
            given[field.name] = _value(field.name, text, type(field.default))
        settings = cls(**given)
        settings._check()
        return settings

    def _check(self) -> None:
        if self.LOG_SYNC not in ("normal", "full"):
            raise ValueError(f"LOG_SYNC is {self.LOG_SYNC!r}; it takes normal or full")
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in ("LOG_KEEP_DAYS", "PORT") else 1
            if type(field.default) is int and value < least:
                raise ValueError(f"{field.name} is {value}; it takes {least} or more")

    @property
    def loopback(self) -> bool:
        return self.HOST in LOOPBACK

    def allowed_hosts(self) -> set[str]:
        """Names that a request's Host header may give; empty: any.

        A page of another site can have its own name answered with 127.0.0.1 and so read a service that asks for no key
        (DNS rebinding); the browser tells the name in the header Host. Behind a key, or on an address that others reach,
        the names are the operator's own.
        """
        if self.API_KEY or not self.loopback:
            return set()
        further = (name.strip().lower() for name in self.ALLOWED_HOSTS.split(","))
        return {*LOOPBACK, *(name for name in further if name)}

    def refusal(self) -> str:
        """Why the service must not start so, or an empty string."""
        if self.API_KEY or self.ALLOW_OPEN or self.loopback:
            return ""
        return f"HOST is {self.HOST}, which others reach, and there is no API_KEY; set one, or ALLOW_OPEN=true where a proxy asks for it"


def _value(name: str, text: str, kind: type) -> Any:
    try:
        return _flag(text) if kind is bool else kind(text)
    except ValueError:
        wanted = "true or false" if kind is bool else "a whole number"
        raise ValueError(f"{name} is {text!r}; it takes {wanted}") from None


def _flag(text: str) -> bool:
    if text.lower() not in ("1", "0", "true", "false", "yes", "no"):
        raise ValueError(text)
    return text.lower() in ("1", "true", "yes")

"""Bundles that the tests serve: of a classification and of a regression; a service in this process."""

import contextlib

import httpx
import pytest

from service.app import create_app
from service.bundle import Bundle
from service.settings import Settings
from tests.once import once
from tests.service import build


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The classification's folder after all stages; not to be changed (`copy_of` makes one that may be)."""
    return once(tmp_path_factory, "flats", lambda place: build.run(build.project(place, "let"), *build.STAGES))


@pytest.fixture(scope="session")
def regression(tmp_path_factory):
    return once(tmp_path_factory, "prices", lambda place: build.run(build.project(place, "price"), *build.STAGES))


@pytest.fixture(scope="session")
def folder(project):
    return project / "models" / "bundle"


@pytest.fixture(scope="session")
def bundle(folder):
    return Bundle(folder, "v1.0.0")


@pytest.fixture
def serve(bundle, tmp_path):
    """serve(**settings): an HTTP client of a service in this process, its log in a file of its own."""
    with contextlib.ExitStack() as stack:

        def start(bundle=bundle, **settings):
            settings = {"PREDICTION_LOG": f"sqlite:///{tmp_path}/log/predictions.db"} | settings
            app = create_app(bundle, Settings(**settings), "flats")
            stack.callback(app.state.service.engine.close)
            return Client(app)

        yield start


class Client:
    """httpx over the app itself, called like a function."""

    def __init__(self, app):
        self.service = app.state.service
        self.transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    def request(self, method, path, **more):
        import asyncio

        async def call():
            async with httpx.AsyncClient(transport=self.transport, base_url="http://127.0.0.1:8000") as client:
                return await client.request(method, path, **more)

        return asyncio.run(call())

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, content=None, **more):
        if isinstance(content, str | bytes):
            more.setdefault("headers", {"content-type": "application/json"})
            return self.request("POST", path, content=content, **more)
        return self.request("POST", path, json=content, **more)

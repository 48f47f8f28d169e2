"""The service against its own OpenAPI document, by schemathesis: no 5xx, answers as described, what is invalid refused."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import checks

from service.app import create_app
from service.settings import Settings

EXAMPLES = 25  # a route; `make slow` tries more


@pytest.fixture(scope="module")
def app(bundle, tmp_path_factory):
    log = f"sqlite:///{tmp_path_factory.mktemp('log')}/predictions.db"
    names = "testserver"  # schemathesis calls it so
    settings = Settings(PREDICTION_LOG=log, MAX_ROWS=50, MAX_BODY_BYTES=10**9, ALLOWED_HOSTS=names)
    app = create_app(bundle, settings, "flats")
    yield app
    app.state.service.engine.close()


OPERATIONS = [
    ("POST", "/predict"), ("POST", "/feedback"), ("POST", "/v2/models/flats/infer"), ("GET", "/model"), ("GET", "/health/live"),
    ("GET", "/health/ready"), ("GET", "/v2"), ("GET", "/v2/models/flats"), ("GET", "/v2/models/flats/ready"),
]  # fmt: skip


def judge(app, method, path, examples):
    operation = schemathesis.openapi.from_asgi("/openapi.json", app)[path][method]
    # a date is a text to the schema: that a text is no date, no schema can say, so what fits it may yet be refused
    left = [checks.CHECKS.get_one("positive_data_acceptance")]

    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
    )
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)))
    def run(case):
        case.call_and_validate(excluded_checks=left)

    run()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_it_does_what_its_document_says(app, method, path):
    judge(app, method, path, EXAMPLES if method == "POST" else 2)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), OPERATIONS[:3])
def test_it_does_what_its_document_says_at_length(app, method, path):
    judge(app, method, path, 500)

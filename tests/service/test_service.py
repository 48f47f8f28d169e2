"""The REST service: what is answered, what is flagged, what is refused and how."""

import asyncio
import json
import math
import shutil
import sqlite3

import httpx
import pandas as pd
import pytest

from service.bundle import Bundle, BundleError
from tests.service.build import ROW, golden


def test_one_row_is_answered_with_probabilities_version_and_request_id(serve):
    said = serve().post("/predict", {"rows": [ROW]}).json()
    (one,) = said["predictions"]
    assert one["prediction"] in ("yes", "no")
    assert set(one["probabilities"]) == {"yes", "no"} and abs(sum(one["probabilities"].values()) - 1) < 1e-12
    assert len(one["id"]) == 32 and one["flags"] == {}
    assert said["version"] == "v1.0.0" and said["model"] == "flats" and said["request_id"] and said["logged"] is True


def test_many_rows_are_answered_in_their_order_and_as_the_pipeline_answers(serve, folder):
    told = golden(folder)
    said = serve().post("/predict", {"rows": told["rows"]}).json()["predictions"]
    assert [[p["probabilities"]["no"], p["probabilities"]["yes"]] for p in said] == told["answers"]
    assert [p["prediction"] for p in said] == told["labels"]


def test_a_regression_answers_with_numbers(serve, regression):
    client = serve(Bundle(regression / "models" / "bundle"))
    (one,) = client.post("/predict", {"rows": [ROW]}).json()["predictions"]
    assert isinstance(one["prediction"], float) and "probabilities" not in one
    assert client.post("/feedback", {"labels": [{"id": one["id"], "value": 120}]}).status_code == 200
    assert client.post("/feedback", {"labels": [{"id": one["id"], "value": "120"}]}).status_code == 422


def test_unseen_missing_and_far_out_cells_are_answered_and_flagged(serve):
    client = serve()
    odd = ROW | {"place": "moon", "rooms": 500, "size": 9999, "note": None}
    (one,) = client.post("/predict", {"rows": [odd]}).json()["predictions"]
    assert one["flags"] == {"place": "unseen", "rooms": "out_of_range", "size": "missing", "note": "missing"}
    text = client.get("/metrics").text
    assert 'lifecycle_flagged_cells_total{column="place",flag="unseen"} 1.0' in text
    (record,) = next(client.service.log.read_day(client.service.log.days()[0]))
    assert json.loads(record["flags"]) == one["flags"] and json.loads(record["row"])["size"] == 9999


def test_the_tables_own_words_for_yes_and_no_are_read(serve):
    said = (
        serve().post("/predict", {"rows": [ROW, ROW | {"heated": "Yes"}, ROW | {"heated": "no"}]}).json()["predictions"]
    )
    assert said[0]["probabilities"] == said[1]["probabilities"] != said[2]["probabilities"]


def test_columns_that_are_not_used_may_come_along(serve):
    assert serve().post("/predict", {"rows": [ROW | {"flat": "F-1"}, ROW | {"flat": 17}]}).status_code == 200


BROKEN = {
    "a text for a number": ({"rooms": "3"}, "rooms", "takes a number"),
    "true for a number": ({"rooms": True}, "rooms", "takes a number"),
    "a number for a category": ({"place": 3}, "place", "takes a text"),
    "neither yes nor no": ({"heated": "maybe"}, "heated", "takes true or false"),
    "no date": ({"day": "soon"}, "day", "not a date"),
    "an unknown column": ({"colour": "red"}, "colour", "not a column"),
    "the target": ({"let": "yes"}, "let", "not a column"),
    "a NUL character": ({"place": "a\0b"}, "place", "NUL"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_row_that_breaks_the_contract_is_refused_by_row_and_column(serve, name):
    change, column, says = BROKEN[name]
    client = serve()
    answer = client.post("/predict", {"rows": [ROW, ROW | change]})
    assert answer.status_code == 422
    (fault,) = answer.json()["faults"]
    assert (fault["row"], fault["column"]) == (1, column) and says in fault["fault"]
    assert client.service.log.count() == 0, "what is refused is not logged"


def test_every_fault_is_named_at_once(serve):
    row = {k: v for k, v in ROW.items() if k != "day"}
    answer = serve().post("/predict", {"rows": [row | {"rooms": "x", "colour": 1}, ROW | {"size": []}]})
    assert {(f["row"], f["column"]) for f in answer.json()["faults"]} == {
        (0, "day"),
        (0, "rooms"),
        (0, "colour"),
        (1, "size"),
    }


def test_one_client_s_broken_row_does_not_touch_another_s(serve):
    engine = serve().service.engine

    async def both():
        good, bad = engine.answer([ROW] * 3, "a"), engine.answer([ROW, ROW | {"heated": "maybe"}], "b")
        return await asyncio.gather(good, bad, engine.answer([ROW], "c"), return_exceptions=True)

    (good,), bad, (other,) = asyncio.run(both())
    assert len(good.ids) == 3 and len(other.ids) == 1
    assert bad.faults == [{"row": 1, "column": "heated", "fault": bad.faults[0]["fault"]}]


def test_a_long_request_lets_short_ones_pass(serve):
    engine = serve().service.engine
    ended = []

    async def ask(name, rows):
        await engine.answer(rows, name)
        ended.append(name)

    async def all_of_them():
        await asyncio.gather(ask("long", [ROW] * 2000), ask("longer", [ROW] * 3000), ask("short", [ROW]))

    asyncio.run(all_of_them())
    assert ended == ["short", "long", "longer"]


def test_a_long_request_is_answered_as_its_parts_are(serve):
    client = serve()
    rows = [ROW | {"rooms": 1 + i % 6, "note": f'a {"very " * (i % 40)}quiet street; {{}}[]\\"'} for i in range(1500)]
    said = client.post("/predict", {"rows": rows}).json()
    parts = [client.post("/predict", {"rows": rows[i : i + 100]}).json()["predictions"] for i in range(0, 1500, 100)]
    answers = [p["probabilities"]["yes"] for part in parts for p in part]
    assert [p["probabilities"]["yes"] for p in said["predictions"]] == pytest.approx(answers, rel=1e-12)
    assert [p["id"] for p in said["predictions"]] == sorted(p["id"] for p in said["predictions"])
    assert client.service.log.count() == 3000 and said["logged"]


@pytest.mark.parametrize("odd", [{"heated": "maybe"}, {"rooms": "x"}, {"colour": 1}, {"size": []}])
def test_a_fault_in_the_last_row_of_a_long_request_keeps_it_out_of_the_log(serve, odd):
    client = serve()
    answer = client.post("/predict", {"rows": [ROW] * 1499 + [ROW | odd]})
    assert answer.status_code == 422 and client.service.log.count() == 0
    (fault,) = answer.json()["faults"]
    assert (fault["row"], fault["column"]) == (1499, next(iter(odd)))


@pytest.mark.parametrize(
    "spoiled", ['{"rows": [%s,]}', '{"rows": [%s] ', "[%s]", '{"rows": [%s], "more": 1}', '{"rows": [%s]]}']
)
def test_a_long_body_that_is_no_request_is_refused_as_a_short_one_is(serve, spoiled):
    client = serve()
    row = json.dumps(ROW)
    long, short = (spoiled % ", ".join([row] * n) for n in (1500, 1))
    said = [client.post("/predict", body) for body in (long, short)]
    assert [answer.status_code for answer in said] == [422, 422]
    assert (
        said[0].json()["faults"][0]["fault"].split(" at ")[0] == said[1].json()["faults"][0]["fault"].split(" at ")[0]
    )


def test_feedback_is_kept_by_id_and_the_last_one_counts(serve):
    client = serve()
    ids = [p["id"] for p in client.post("/predict", {"rows": [ROW, ROW]}).json()["predictions"]]
    for value in ("no", "yes"):
        assert client.post("/feedback", {"labels": [{"id": ids[0], "value": value}]}).json()["kept"] == 1
    records = {r["id"]: r["truth"] for part in client.service.log.read_day(client.service.log.days()[0]) for r in part}
    assert records == {ids[0]: '"yes"', ids[1]: None}


def test_feedback_that_fits_nothing_is_refused_whole(serve):
    client = serve()
    (one,) = client.post("/predict", {"rows": [ROW]}).json()["predictions"]
    answer = client.post("/feedback", {"labels": [{"id": one["id"], "value": "yes"}, {"id": "0" * 32, "value": "no"}]})
    assert answer.status_code == 404 and "0" * 32 in answer.json()["error"]
    answer = client.post("/feedback", {"labels": [{"id": one["id"], "value": "perhaps"}]})
    assert answer.status_code == 422 and "no, yes" in answer.json()["faults"][0]["fault"]
    assert next(client.service.log.read_day(client.service.log.days()[0]))[0]["truth"] is None


def test_openapi_shows_the_real_columns_types_and_categories(serve):
    document = serve().get("/openapi.json").json()
    row = document["components"]["schemas"]["Row"]
    assert set(row["required"]) == set(ROW)
    assert "north, south, west" in row["properties"]["place"]["description"]
    assert {"type": "number"} in row["properties"]["size"]["anyOf"] and {"type": "boolean"} in row["properties"][
        "heated"
    ]["anyOf"]


def test_model_tells_card_version_and_contract(serve):
    said = serve().get("/model").json()
    assert (
        said["version"] == "v1.0.0" and "## Limits" in said["card"] and said["contract"]["problem"]["target"] == "let"
    )


# ---- is it still the bundle that was released? ---------------------------------------------------------------


@pytest.fixture
def own(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "bundle")


def test_a_changed_file_is_never_loaded(own):
    (own / "model.joblib").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(BundleError, match=r"model\.joblib is not the file that the manifest names; `dvc checkout`"):
        Bundle(own)


def test_a_file_too_much_and_one_too_few_are_named(own):
    (own / "code" / "extra.py").write_text("", "utf-8")
    (own / "golden.json").unlink()
    with pytest.raises(BundleError) as error:
        Bundle(own)
    assert (
        len(error.value.faults) == 2 and "golden.json is missing" in str(error.value) and "extra.py" in str(error.value)
    )


def test_another_library_version_is_named(own):
    manifest = json.loads((own / "manifest.json").read_text("utf-8"))
    manifest["versions"]["numpy"] = "1.0"
    (own / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(
        BundleError, match=r"numpy is .*, the bundle was made with 1\.0; install the bundle's requirements\.txt"
    ):
        Bundle(own)


def test_a_refused_candidate_cannot_be_served(tmp_path):
    (tmp_path / "REFUSED.md").write_text("no", "utf-8")
    with pytest.raises(BundleError, match="failed the gate"):
        Bundle(tmp_path)


def look_again(client):
    """As some seconds later."""
    client.service.readiness.checked_at = client.service.engine.log_failed_at = -math.inf


def test_readiness_is_checked_while_it_runs(serve, own):
    client = serve(Bundle(own))
    assert client.get("/health/ready").json() == {"ready": True, "version": client.service.bundle.version, "faults": []}
    with (own / "MODEL_CARD.md").open("a", encoding="utf-8") as file:
        file.write("changed")
    look_again(client)
    answer = client.get("/health/ready")
    assert answer.status_code == 503 and "MODEL_CARD.md" in answer.json()["faults"][0]
    assert client.get("/health/live").status_code == 200


def test_many_who_ask_whether_it_is_ready_cost_one_look(serve, monkeypatch):
    client = serve()
    looked = []
    rehearse = client.service.engine.rehearse
    monkeypatch.setattr(client.service.engine, "rehearse", lambda rows: looked.append(rows) or rehearse(rows))

    async def all_at_once():
        return await asyncio.gather(*(client.service.readiness.faults() for _ in range(40)))

    assert asyncio.run(all_at_once()) == [[]] * 40 and len(looked) == 1


def test_ready_leaves_nothing_in_the_log_and_in_no_figure(serve):
    client = serve()
    assert client.get("/health/ready").status_code == 200
    assert client.service.log.count() == 0
    assert "lifecycle_predicted_rows_total 0.0" in client.get("/metrics").text


def test_an_answer_that_could_not_be_logged_is_remembered(serve):
    client = serve()
    broken(client.service.log)
    client.post("/predict", {"rows": [ROW]})
    client.service.log.path.rmdir()
    client.service.readiness.checked_at = -math.inf
    said = client.get("/health/ready")
    assert said.status_code == 503 and "prediction log" in said.json()["faults"][0]
    look_again(client)
    assert client.get("/health/ready").status_code == 200


def test_other_answers_than_at_release_are_not_ready(serve, own):
    client = serve(Bundle(own))
    client.service.bundle.golden["answers"][0][0] += 1e-6
    answer = client.get("/health/ready")
    assert answer.status_code == 503 and "golden rows" in answer.json()["faults"][0]


# ---- the log ---------------------------------------------------------------------------------------------------


def broken(log):
    log.engine.dispose()
    log.path.unlink()
    for more in ("-wal", "-shm"):
        log.path.with_name(log.path.name + more).unlink(missing_ok=True)
    log.path.mkdir()


def test_what_cannot_be_logged_is_not_answered(serve):
    client = serve()
    broken(client.service.log)
    answer = client.post("/predict", {"rows": [ROW]})
    assert (
        answer.status_code == 503
        and "log" in answer.json()["error"]
        and str(client.service.log.path) not in answer.text
    )
    assert client.get("/health/ready").status_code == 503
    client.service.log.path.rmdir()


def test_it_goes_on_unlogged_only_where_it_was_told_to(serve):
    client = serve(LOG_REQUIRED=False)
    broken(client.service.log)
    answer = client.post("/predict", {"rows": [ROW]})
    assert answer.status_code == 200 and answer.json()["logged"] is False
    assert client.get("/health/ready").status_code == 200


def test_the_log_comes_back(serve):
    client = serve()
    broken(client.service.log)
    assert client.post("/predict", {"rows": [ROW]}).status_code == 503
    client.service.log.path.rmdir()
    assert client.post("/predict", {"rows": [ROW]}).status_code == 200
    assert client.get("/health/ready").status_code == 200


def test_while_another_process_writes_to_the_log_nothing_else_waits(serve):
    client = serve()
    other = sqlite3.connect(client.service.log.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def both():
        async with httpx.AsyncClient(transport=client.transport, base_url="http://127.0.0.1:8000") as http:
            asked = [asyncio.create_task(http.post("/predict", json={"rows": [ROW]})) for _ in range(3)]
            lives = [(await http.get("/health/live")).status_code for _ in range(3)]
            await asyncio.sleep(0.05)
            waited = not any(one.done() for one in asked)
            other.execute("COMMIT")
            return lives, waited, [(await one).json() for one in asked]

    lives, waited, said = asyncio.run(both())
    other.close()
    assert lives == [200] * 3 and waited
    assert all(one["logged"] for one in said) and client.service.log.count() == 3


@pytest.mark.parametrize("slow", ["the log", "the user's own features"])
def test_what_may_have_to_wait_is_answered_by_a_thread(serve, slow):
    client = serve()
    expected = client.post("/predict", {"rows": [ROW]}).json()["predictions"][0]["probabilities"]
    if slow == "the log":
        client.service.log.quick = False
    else:
        client.service.engine.patient = True
    several = client.post("/predict", {"rows": [ROW] * 300}).json()
    assert all(one["probabilities"]["yes"] == pytest.approx(expected["yes"]) for one in several["predictions"])
    assert several["logged"] and client.service.log.count() == 301
    assert client.get("/health/ready").status_code == 200
    assert client.post("/predict", {"rows": [ROW | {"heated": "maybe"}]}).status_code == 422


def test_collect_writes_a_day_a_file_that_the_contract_s_reader_reads(serve, project, tmp_path, monkeypatch):
    from actions import collect
    from lifecycle.table.conform import conform
    from lifecycle.table.read import read_raw

    client = serve()
    rows = [ROW, ROW | {"heated": None, "size": 9999, "place": "moon"}, ROW | {"rooms": 2, "size": 1e-5}]
    said = client.post("/predict", {"rows": rows}).json()["predictions"]
    client.post("/feedback", {"labels": [{"id": said[0]["id"], "value": "yes"}]})
    monkeypatch.chdir(tmp_path)
    shutil.copytree(project / "data", tmp_path / "data")
    monkeypatch.setenv("PREDICTION_LOG", f"sqlite:///{tmp_path}/log/predictions.db")
    collect.main()
    (path,) = (tmp_path / "data" / "live").glob("*.parquet")
    raw = read_raw(path).frame
    typed = conform(raw, client.service.bundle.contract)
    assert typed.frame["let"].tolist()[0] == "yes" and typed.frame["let"].isna().tolist() == [False, True, True]
    answers = client.service.bundle.model.predictions(typed.frame)
    assert (answers == pd.read_parquet(path)[["__p_0__", "__p_1__"]].to_numpy()).all(), (
        "the snapshot has the rows that were answered"
    )
    before = path.stat().st_mtime_ns
    collect.main()
    assert path.stat().st_mtime_ns == before, "a day that did not change keeps its file"
    client.post("/feedback", {"labels": [{"id": said[1]["id"], "value": "no"}]})
    collect.main()
    assert pd.read_parquet(path)["let"].tolist() == ["yes", "no", ""]

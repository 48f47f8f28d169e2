"""Where the table came from is versioned, and one command brings its newest rows: from an address, or from a database."""

import datetime
import decimal
import hashlib
import http.server
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from actions import query, refresh
from actions.cluster_try import cluster
from lifecycle.ground.errors import UserError
from lifecycle.ground.params import SourceParams
from lifecycle.ground.workplace import ADDRESS
from tests.scratch import ROOT
from tests.service import build
from tests.service.running import free_port

ORDERED = "SELECT id, age, note FROM people ORDER BY id"


@pytest.fixture
def people(tmp_path, monkeypatch):
    """A SQLite database of 30 people, in a folder of its own, and the environment's variable that names it."""
    monkeypatch.chdir(tmp_path)
    database = sqlite3.connect(tmp_path / "people.db")
    database.execute("CREATE TABLE people (id INTEGER, age REAL, note TEXT, photo BLOB)")
    rows = [(i, i / 2, None if i % 3 else f"n:{i} 50%", bytes([0, i])) for i in range(30)]
    database.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", rows)
    database.commit()
    monkeypatch.setenv("PEOPLE", f"sqlite:///{tmp_path / 'people.db'}")
    return database


def ask(sql=ORDERED, variable="PEOPLE"):
    return query.fetch(SourceParams(sql, variable))


# ---- a query ----------------------------------------------------------------------------------------------


def test_a_query_lands_as_parquet_with_its_provenance(people, tmp_path):
    assert ask("SELECT * FROM people WHERE note IS NULL OR note LIKE 'n:%' ORDER BY id;") == query.TABLE
    table = pq.read_table(query.TABLE)
    assert table.schema.names == ["id", "age", "note", "photo"] and len(table) == 30
    assert [str(t) for t in table.schema.types] == ["int64", "double", "string", "binary"]
    facts = json.loads((tmp_path / "data/provenance/query.json").read_text("utf-8"))
    assert facts["rows"] == 30 and facts["schema"]["photo"] == "binary" and "LIKE 'n:%'" in facts["query"]
    assert facts["sha256"] == hashlib.sha256(query.TABLE.read_bytes()).hexdigest()
    assert datetime.datetime.fromisoformat(facts["fetched_at"]).tzinfo
    assert "people.db" not in json.dumps(facts)


def test_the_same_rows_are_the_same_bytes_and_nothing_new(people):
    ask()
    before = query.PROVENANCE.read_bytes()
    assert ask() is None and query.PROVENANCE.read_bytes() == before
    people.execute("INSERT INTO people VALUES (99, 7, 'new', NULL)")
    people.commit()
    assert ask() == query.TABLE and len(pq.read_table(query.TABLE)) == 31


def test_parts_of_any_size_give_one_table_in_types_that_hold_them_all(people, monkeypatch):
    sql = "SELECT id, CASE WHEN id < 15 THEN NULL WHEN id < 20 THEN 1 ELSE 1.5 END AS x FROM people ORDER BY id"
    monkeypatch.setattr(query, "PART", 7)
    ask(sql)
    table = pq.read_table(query.TABLE)
    assert table.schema.field("x").type == pa.float64() and table["x"].null_count == 15 and len(table) == 30


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT id FROM people", "no ORDER BY"),
        ("SELECT id, rank() OVER (ORDER BY id) FROM people -- ORDER BY id", "no ORDER BY"),
        ("SELECT id, 'order by' AS x FROM people", "no ORDER BY"),
        ("SELECT id FROM persons ORDER BY id", "no such table: persons"),
        ("SELECT id, age AS id FROM people ORDER BY 1", 'two columns called "id"'),
        ("SELECT id FROM people WHERE id > 99 ORDER BY id", "gave no rows"),
        (
            "SELECT CASE WHEN id % 2 THEN id ELSE 'x' END AS mixed FROM people ORDER BY id",
            'column "mixed" holds values',
        ),
    ],
)
def test_a_query_that_cannot_be_a_table_is_refused_in_one_line(people, sql, said):
    with pytest.raises(UserError, match=said) as refused:
        ask(sql)
    assert "\n" not in str(refused.value) and not query.TABLE.exists()


def test_a_query_only_reads(people):
    with pytest.raises(UserError):
        ask("DELETE FROM people WHERE id IN (SELECT id FROM people ORDER BY id) -- \n ORDER BY id")
    assert people.execute("SELECT count(*) FROM people").fetchone() == (30,)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://ada:s3cr%40t@127.0.0.1:9/x?sslkey=hidd3n&connect_timeout=1",
        "nosuchkind://ada:s3cr%40t@host/x?sslkey=hidd3n",
        "no url with s3cr%40t at all",
    ],
)
def test_no_error_has_the_url_or_its_password(people, monkeypatch, url):
    monkeypatch.setenv("PEOPLE", url)
    with pytest.raises(UserError) as refused:
        ask()
    said = str(refused.value)
    assert not any(secret in said for secret in ("s3cr", "hidd3n", url)) and "\n" not in said


def test_the_url_itself_has_no_place_in_params_yaml(people):
    with pytest.raises(UserError, match="takes the name of an environment variable") as refused:
        ask(variable="postgresql://ada:s3cret@host/x")
    assert "s3cret" not in str(refused.value)
    with pytest.raises(UserError, match="the environment variable NOWHERE is empty"):
        ask(variable="NOWHERE")


@pytest.mark.slow
def test_types_of_postgresql_are_kept(tmp_path, monkeypatch, tmp_path_factory):
    postgres = pytest.importorskip("tests.service.test_postgres")
    if not postgres.BIN:
        pytest.skip(postgres.SKIP)
    import tempfile

    import sqlalchemy

    with tempfile.TemporaryDirectory() as place:
        from pathlib import Path

        os.chmod(place, 0o777)
        server = postgres.Server(Path(place)).start()
        try:
            url = server.url.replace("postgresql://", "postgresql+psycopg://")
            made = (
                "CREATE TABLE bills AS SELECT g AS id, (g * 1.25)::numeric(10, 2) AS price, DATE '2024-01-01' + g AS day, "
                "TIMESTAMPTZ '2024-01-01 00:00+02' + g * interval '1 h' AS at, decode('00ff', 'hex') AS raw, mod(g, 2) = 0 AS paid "
                "FROM generate_series(1, 40) g"
            )
            with sqlalchemy.create_engine(url).begin() as connection:
                connection.exec_driver_sql(made)
            monkeypatch.chdir(tmp_path)
            monkeypatch.setenv("BILLS", url)
            ask("SELECT *, id::text AS name FROM bills ORDER BY id", "BILLS")
            table = pq.read_table(query.TABLE)
            types = {name: str(table.schema.field(name).type) for name in table.schema.names}
            assert types["price"].startswith("decimal128") and table["price"][0].as_py() == decimal.Decimal("1.25")
            assert types["day"] == "date32[day]" and types["at"] == "timestamp[us, tz=UTC]"
            assert types["raw"] == "binary" and types["paid"] == "bool" and types["name"] == "string"
            assert table["at"][0].as_py() == datetime.datetime(2023, 12, 31, 23, tzinfo=datetime.UTC)
            with pytest.raises(UserError, match="data-modifying|read-only"):
                ask("WITH gone AS (DELETE FROM bills RETURNING id) SELECT id FROM gone ORDER BY id", "BILLS")
        finally:
            server.stop()


# ---- an address -------------------------------------------------------------------------------------------


class Tables(http.server.BaseHTTPRequestHandler):
    """Gives the server's `body`, with its hash as the ETag where the server has `tagged`."""

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(self.server.body)

    def do_HEAD(self):
        self.send_response(200)
        if self.server.tagged:
            self.send_header("ETag", f'"{hashlib.md5(self.server.body).hexdigest()}"')
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()

    def log_message(self, *args):
        pass


def rows(n):
    return ("age,churn\n" + "".join(f"{i},{i % 2}\n" for i in range(n))).encode()


@pytest.fixture
def served():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tables)
    server.body, server.tagged = rows(30), True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server, f"http://127.0.0.1:{server.server_port}/churn.csv"
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository of Git and DVC with params.yaml, and nothing in data/raw."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, check=True, capture_output=True)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    (tmp_path / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    return tmp_path


def run(*arguments, env=None):
    here = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    if env:
        here["PYTHONPATH"] = os.pathsep.join([str(ROOT), env.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "actions.refresh", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=here)


@pytest.mark.slow
def test_an_address_is_imported_and_its_newer_rows_come_by_one_command(project, served):
    server, address = served
    first = run(address)
    assert first.returncode == 0, first.stderr
    assert (project / "data/raw/churn.csv").read_bytes() == rows(30) and (project / "data/raw.dvc").exists()
    pointer = yaml.safe_load((project / "data/source/churn.csv.dvc").read_text("utf-8"))
    assert pointer["deps"][0]["path"] == address and hashlib.md5(rows(30)).hexdigest() in pointer["deps"][0]["checksum"]
    ignored = subprocess.run(["git", "status", "--porcelain", "-uall"], capture_output=True, encoding="utf-8").stdout
    assert "data/source/churn.csv.dvc" in ignored and "churn.csv\n" not in ignored

    assert "nothing new at 1 source" in run().stdout
    server.body = rows(50)
    newer = run()
    assert "churn.csv in data/raw" in newer.stdout and (project / "data/raw/churn.csv").read_bytes() == rows(50)
    assert "is there already" in run(address).stderr


@pytest.mark.slow
def test_an_address_that_names_no_version_is_fetched_each_time(project, served):
    """DVC knows the size alone, and would not see a changed digit."""
    server, address = served
    server.tagged = False
    assert run(address).returncode == 0
    server.body = rows(30).replace(b"7,1", b"8,1")
    assert "churn.csv in data/raw" in run().stdout and b"8,1" in (project / "data/raw/churn.csv").read_bytes()
    assert "nothing new" in run().stdout
    server.shutdown()
    server.server_close()
    gone = run()
    assert gone.returncode == 1 and gone.stderr.count("\n") == 1 and "open in a browser" in gone.stderr
    assert b"8,1" in (project / "data/raw/churn.csv").read_bytes()


def test_a_store_whose_extra_is_not_installed_names_it():
    assert "python -m pip install dvc-gs" in refresh.cure("gs") and "dvc-azure" in refresh.cure("az")
    with pytest.raises(UserError, match="rows come from"):
        refresh.check_scheme("ftp://host/x.csv")


def test_with_nothing_to_refresh_it_says_what_can_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    monkeypatch.setattr(sys, "argv", ["refresh"])
    with pytest.raises(UserError, match=r"nothing is known to refresh.*source\.query"):
        refresh.main()


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """(the folder of what talks to S3, the environment that leads to moto's server)"""
    folder = tmp_path_factory.mktemp("s3")
    packages = ["dvc-s3>=3,<4", "moto[server]>=5,<6"]
    install = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), *packages]
    if subprocess.run(install, capture_output=True).returncode:
        pytest.skip("dvc-s3 and moto cannot be installed here (no package index within reach)")
    port = free_port()
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    env = keys | {"PYTHONPATH": str(folder), "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    moto = [sys.executable, "-m", "moto.server", "-p", str(port)]
    server = subprocess.Popen(moto, env={**os.environ, **env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=1)
                break
            except OSError:
                time.sleep(0.2)
        yield env
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def workers(bucket, tmp_path_factory):
    """The address of a scheduler with two workers, who reach the bucket."""
    pytest.importorskip("distributed")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in bucket.items():
            patch.setenv(name, value)
        with cluster(tmp_path_factory.mktemp("dask")) as address:
            yield address


@pytest.mark.slow
def test_a_bucket_s_tables_are_learned_from_and_scored_on_a_cluster_as_they_are_here(
    project, bucket, workers, tmp_path
):
    flats = build.project(tmp_path / "flats", "let")
    build.run(flats, *build.STAGES)
    (project / "params.yaml").write_bytes((flats / "params.yaml").read_bytes())
    table = (flats / "data/raw/flats.csv").read_bytes()
    few = b"".join(table.splitlines(keepends=True)[:100])

    put(bucket, "raw/flats.csv", few)
    first = run("s3://tables/raw/flats.csv", env=bucket)
    assert first.returncode == 0, first.stderr
    assert (project / "data/raw/flats.csv").read_bytes() == few
    put(bucket, "raw/flats.csv", table)
    assert "flats.csv in data/raw" in run(env=bucket).stdout
    for name in ("define", "clean"):
        env = build.environment(PYTHONPATH=ROOT, **{ADDRESS: workers})
        done = subprocess.run([sys.executable, "-m", f"stages.{name}"], env=env, capture_output=True, text=True)
        assert done.returncode == 0 and ("on 2 workers" in done.stdout) == (name == "clean"), done.stderr
    for name in ("data/contract.yaml", "data/clean.parquet", "data/quarantine.csv", "reports/cleaning.json"):
        assert (project / name).read_bytes() == (flats / name).read_bytes(), name

    bundle = flats / "models/bundle"
    (tmp_path / "new").mkdir()
    for name, seed in (("a.csv", 5), ("b.csv", 6)):
        build.table(40, seed=seed).drop(columns="price").to_csv(tmp_path / "new" / name, index=False)
        put(bucket, f"new/{name}", (tmp_path / "new" / name).read_bytes())
    here = score(bundle, tmp_path / "new", tmp_path / "scored")
    assert here.returncode == 0, here.stderr
    there = score(bundle, "s3://tables/new/", "s3://tables/scored/", bucket | {ADDRESS: workers})
    assert there.returncode == 0 and "80 rows of 2 tables" in there.stdout, there.stderr
    assert f"on 2 workers at {workers}" in there.stdout
    for name in ("a.csv", "b.csv"):
        assert got(bucket, f"scored/{name}") == (tmp_path / "scored" / name).read_bytes()
    lacking = score(bundle, "s3://tables/nowhere/", "s3://tables/scored/", bucket)
    assert lacking.returncode == 1 and len(lacking.stderr.strip().splitlines()) == 1, lacking.stderr


def score(folder, source, target, bucket=None):
    env = {**build.environment(), **(bucket or {})}
    env["PYTHONPATH"] = os.pathsep.join([str(folder / "code"), (bucket or {}).get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "service.score", folder, source, target]
    return subprocess.run(command, env=env, capture_output=True, text=True)


def put(env, key, body):
    code = (
        "import boto3, sys; s3 = boto3.client('s3'); s3.create_bucket(Bucket='tables'); "
        "s3.put_object(Bucket='tables', Key=sys.argv[1], Body=sys.stdin.buffer.read())"
    )
    subprocess.run([sys.executable, "-c", code, key], input=body, env={**os.environ, **env}, check=True)


def got(env, key):
    code = (
        "import boto3, sys; s3 = boto3.client('s3'); "
        "sys.stdout.buffer.write(s3.get_object(Bucket='tables', Key=sys.argv[1])['Body'].read())"
    )
    done = subprocess.run([sys.executable, "-c", code, key], env={**os.environ, **env}, check=True, capture_output=True)
    return done.stdout

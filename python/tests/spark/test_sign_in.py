"""Who signs in on executors: by a string alone, or by a token broker in the notebook, against those whom it is to stop."""

import base64
import contextlib
import json

import pytest

BROKER = """
broker = entra_odbc.spark.TokenBroker(spark, ADA)
frame = table("standin.pairs(100)", connection=SERVER, partitionColumn="id", lowerBound=1, upperBound=100, numPartitions=4,
              **broker.options)
"""

# What an executor does, without Spark.
ASK = """
import http.client, json, socket, ssl
from entra_odbc.spark._sign_in import _Pinned
application, address, certificate = broker.options["tokenBroker"].split(" ")
def ask(key=None, path="/token", source=None, **request):
    body = {"application": application, "scope": "https://database.windows.net/.default", **request}
    host, _, port = address.rpartition(":")
    connection = _Pinned(host, int(port), certificate)
    connection.source_address = source
    with connection:
        key = broker.options["tokenBrokerSecret"] if key is None else key
        connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        return [answer.status, json.loads(answer.read())]
"""


@pytest.fixture
def broker(cells):
    cells.run(BROKER + ASK)
    yield cells
    cells.run("broker.close()")


def who_signed_in(standins):
    return {login["outcome"]["accepted"] for login in standins.logins()}


def test_executors_sign_in_by_the_string_alone(cells, standins, machine):
    rows = cells.run(
        """
        result = table("standin.pairs(1000)", partitionColumn="id", lowerBound=1, upperBound=1000, numPartitions=8).count()
        """
    )
    assert rows == 1000
    # Two executors with a Python worker each, and the two processes that plan.
    assert len(standins.requests("token")) <= 4
    assert who_signed_in(standins) == {machine.msi}


def test_the_workers_of_a_machine_may_share_a_token(cells, standins):
    tasks = """
        shared = MSI + "TokenCache=shared;"
        result = table("standin.pairs(1000)", connection=shared, hashColumn="id", numPartitions=8).count()
        """
    assert cells.run(tasks) == 1000
    assert len(standins.requests("token")) <= 1


def test_a_secret_of_its_own_option_signs_in(cells, standins, machine):
    cells.run(
        """
        who, _, secret = PAYROLL.partition("PWD=")
        result = table("standin.ints(10)", connection=SERVER + who, connectionSecrets="PWD=" + secret).count()
        """
    )
    assert who_signed_in(standins) == {machine.app}


def test_the_person_signs_in_by_the_broker(broker, standins):
    assert broker.run("result = frame.count()") == 100
    assert who_signed_in(standins) == {"ada@contoso.com"}


def test_the_broker_renews_tokens_while_a_job_runs(broker, standins):
    standins.control("/lifetime", seconds=8)
    code = """
        renewed = entra_odbc.spark.TokenBroker(spark, GRACE)
        def slow(batches):
            import time
            for batch in batches:
                time.sleep(4)
                yield batch
        import time
        begun = time.monotonic()
        one = table("standin.pairs(100)", connection=SERVER, partitionColumn="id", lowerBound=1, upperBound=100,
                    numPartitions=8, **renewed.options)
        rows = one.mapInArrow(slow, one.schema).count()
        renewed.close()
        result = [rows, time.monotonic() - begun]
    """
    rows, took = broker.run(code)
    assert rows == 100
    # Longer than a token lived.
    assert took > 8
    assert len(standins.requests("token")) >= 2


def test_a_wrong_key_gets_nothing(broker):
    assert broker.run("result = ask(key='A' * 43)") == [401, {"error": "the key is not this broker's"}]
    assert broker.run("result = ask(key='')")[0] == 401
    message = broker.fails(
        """
        wrong = {**broker.options, "tokenBrokerSecret": "B" * 43}
        table("standin.pairs(100)", connection=SERVER, **wrong).count()
        """
    )
    assert "the token broker refused: the key is not this broker's" in message


def test_the_key_is_shown_to_nobody_with_another_certificate(broker):
    heard, message = broker.run(
        """
        from entra_odbc.spark import _tls
        thief, other = _tls.server_context()
        import socket, threading, ssl
        listener = socket.create_server(("127.0.0.1", 0))
        heard = []
        def listen():
            accepted, _ = listener.accept()
            try:
                with thief.wrap_socket(accepted, server_side=True) as secured:
                    heard.append(secured.recv(1).decode())
            except ssl.SSLError as error:
                heard.append(type(error).__name__)
        thread = threading.Thread(target=listen)
        thread.start()
        application, _, certificate = broker.options["tokenBroker"].split(" ")
        stolen = {**broker.options, "tokenBroker": f"{application} 127.0.0.1:{listener.getsockname()[1]} {certificate}"}
        try:
            table("standin.pairs(100)", connection=SERVER, **stolen)
        except Exception as error:
            message = str(error)
        thread.join()
        result = [heard, message]
        """
    )
    assert all(word in ("SSLError", "") for word in heard), heard
    assert "certificate verify failed" in message and "the token broker in the notebook's process" in message


def test_a_broker_of_another_application_is_refused(broker):
    assert broker.run("result = ask(application='app-of-others')") == [
        403,
        {"error": "the broker belongs to another Spark application"},
    ]
    message = broker.fails(
        """
        others = broker.options["tokenBroker"].replace(application, "app-20200101-0001")
        table("standin.pairs(100)", connection=SERVER, **{**broker.options, "tokenBroker": others})
        """
    )
    assert "the token broker belongs to another Spark application" in message


def test_there_are_tokens_for_one_audience_only(broker):
    status, answer = broker.run("result = ask(scope='https://vault.azure.net/.default')")
    assert status == 403 and "not for https://vault.azure.net/.default" in answer["error"]
    status, answer = broker.run("result = ask()")
    assert status == 200 and set(answer) == {"token", "expires_on"}


def test_only_hosts_of_the_application_are_answered(broker):
    status, answer = broker.run("result = ask(source=('127.0.0.77', 0))")
    assert status == 503 and "no executor of this application runs at 127.0.0.77" in answer["error"]
    assert "any_address=True" in answer["error"]


def test_whoever_sends_too_much_or_nothing_is_not_waited_for(broker):
    # No answer to what is no request for a token, not even that this is no place for it.
    assert "RemoteDisconnected" in broker.fails("ask(path='/')")
    assert broker.run("result = ask(padding='x' * 5000)")[0] in (401, 403)
    ended = broker.run(
        """
        from entra_odbc.spark import _broker
        patience, _broker._PATIENCE_S = _broker._PATIENCE_S, 1
        host, _, port = address.rpartition(":")
        silent = [socket.create_connection((host, int(port)), timeout=30) for _ in range(70)]
        # Ended by the broker: those beyond its limit at once, the others when their time is over.
        result = [each.recv(1).decode() for each in silent]
        for each in silent:
            each.close()
        _broker._PATIENCE_S = patience
        """
    )
    assert ended == [""] * 70
    assert broker.run("result = ask()")[0] == 200


def test_strangers_cannot_keep_executors_waiting(broker):
    closed, answer, held = broker.run(
        """
        import select
        from entra_odbc.spark import _broker
        host, _, port = address.rpartition(":")
        strangers, closed = set(), set()
        patience, _broker._PATIENCE_S = _broker._PATIENCE_S, 120
        try:
            for _ in range(20):
                strangers.add(socket.create_connection((host, int(port)), source_address=("127.0.0.77", 0)))
            while len(closed) < 12:
                ended, _, _ = select.select(strangers - closed, [], [], 60)
                assert ended, len(closed)
                closed.update(ended)
            # 8 of them wait for their handshake, and no more are served.
            answer = ask()[0]
            still, _, _ = select.select(strangers - closed, [], [], 0)
            result = [len(closed), answer, 20 - len(closed) - len(still)]
        finally:
            _broker._PATIENCE_S = patience
            for each in strangers:
                each.close()
        """
    )
    assert (closed, answer, held) == (12, 200, 8)


def test_nothing_secret_reaches_logs_events_plans_and_the_ui(broker, standins):
    shown = broker.run(
        """
        import urllib.request, glob
        frame.createOrReplaceTempView("pairs")
        counted = spark.sql("SELECT count(*) FROM pairs")
        counted.collect()
        plan = counted._jdf.queryExecution().toString()
        ui = spark.sparkContext.uiWebUrl
        pages = [urllib.request.urlopen(ui + page).read().decode() for page in ("/jobs/", "/environment/", "/SQL/")]
        pages += [urllib.request.urlopen(f"{ui}/SQL/execution/?id={id}").read().decode() for id in range(3)]
        token = ask()[1]["token"]
        result = [broker.options["tokenBrokerSecret"], token, plan, *pages]
        """
    )
    key, token, *texts = shown
    texts.append(broker.output())
    events = [path for path in broker.machine.directory.rglob("*") if path.is_file() and "events" in path.name]
    assert events
    texts += [path.read_text(errors="replace") for path in events]
    # Spark did show the option, as far as it shows options.
    assert any("tokenBrokerSecret=*" in text for text in texts)
    for text in texts:
        assert key not in text and token not in text and token.split(".")[2] not in text


def test_a_key_is_not_in_files(broker):
    key = broker.run("result = broker.options['tokenBrokerSecret']")
    broker.run("frame.count()")
    for path in broker.machine.directory.rglob("*"):
        with contextlib.suppress(OSError):
            assert not path.is_file() or key.encode() not in path.read_bytes(), path


def test_without_the_broker_tasks_fail_in_words(broker):
    broker.run("frame.count()")
    message = broker.fails(
        """
        gone = entra_odbc.spark.TokenBroker(spark, ADA)
        left = table("standin.pairs(50)", connection=SERVER, **gone.options)
        gone.close()
        left.count()
        """
    )
    assert "the token broker in the notebook's process" in message and "Is the session over" in message


def test_one_token_is_refused_before_it_would_end_too_early(cells, standins):
    standins.control("/lifetime", seconds=300)
    # For whom no token of a longer life is kept.
    cells.run("OTHER = signing_in('ServicePrincipal', standins['portal']['client_id'], standins['portal']['secret'])")
    message = cells.fails("entra_odbc.spark.token_options(spark, OTHER, needed_for=1800)")
    assert "and the job needs it for 1800 s" in message
    options = cells.run("result = entra_odbc.spark.token_options(spark, OTHER, needed_for=60)")
    assert cells.run("result = table('standin.ints(10)', connection=SERVER, **options).count()", options=options) == 10
    message = cells.fails("table('standin.ints(10)', connection=SERVER, **{**options, 'accessTokenNeededFor': '900'})")
    assert "the option accessTokenNeededFor" in message


def test_a_token_that_ended_is_told(cells):
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1}).encode()).rstrip(b"=").decode()
    message = cells.fails("table('standin.ints(10)', connection=SERVER, accessToken=old)", old=f"e30.{claims}.x")
    assert "the token lives for 0 s" in message


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("table('t', connection=MSI, **broker.options)", "only one of them can say who signs in"),
        ("table('t', connection=SERVER + 'FedAuth=ActiveDirectoryMsi', **broker.options)", "fedauth= in the connection string"),
        (
            "table('t', connection=SERVER, connectionSecrets='Authentication=ActiveDirectoryMsi', **broker.options)",
            "authentication= in the connection string",
        ),
        ("table('t', connection=SERVER, tokenBroker=broker.options['tokenBroker'])", "belong together"),
        ("table('t', connection=SERVER, **{**broker.options, 'tokenBrokerSecret': 'x\\n'})", "belong together"),
        ("table('t', connection=SERVER, accessToken='opaque')", "no access token of Entra's"),
        ("table('t', connection=SERVER + 'PWD=secret')", "connectionSecrets"),
        ("table('t', connection=SERVER, accessToken='encrypted:gAAAA')", "was encrypted for another session"),
        (
            """
            from cryptography.fernet import Fernet
            other = Fernet(Fernet.generate_key()).encrypt(b"PWD=x").decode()
            table("t", connection=MSI, connectionSecrets="encrypted:" + other)
            """,
            "the option connectionSecrets was encrypted for another session",
        ),
    ],
)
def test_contradictions_are_told(broker, code, message):
    assert message in broker.fails(code)


def test_a_broker_needs_the_driver_in_its_process(cells):
    message = cells.fails(
        """
        class Connected:
            @property
            def sparkContext(self):
                raise NotImplementedError
        entra_odbc.spark.TokenBroker(Connected(), ADA)
        """
    )
    assert "Spark Connect" in message and "token_options" in message


def test_a_cluster_may_start_at_once(broker):
    answers = broker.run(
        """
        import time
        from concurrent.futures import ThreadPoolExecutor
        from entra_odbc.spark._options import Options
        from entra_odbc.spark._sign_in import SignIn
        class Slow:
            asked = 0
            def get_token(self, *scopes, **_):
                Slow.asked += 1
                time.sleep(0.5)
                return credential.get_token(*scopes)
        credential = entra_odbc.Credential(ADA)
        slow = entra_odbc.spark.TokenBroker(spark, Slow())
        signing = SignIn.of(Options({"connection": SERVER, **slow.options}), spark.sparkContext.applicationId)
        scope = "https://database.windows.net/.default"
        with ThreadPoolExecutor(150) as pool:
            tokens = {token.token for token in pool.map(lambda _: signing._from_broker(scope), range(150))}
        slow.close()
        result = [len(tokens), Slow.asked]
        """
    )
    # One when the broker starts, and one for all of them.
    assert answers == [1, 2]


def test_the_broker_ends_with_its_application(new_machine, tmp_path):
    from conftest import Notebook

    machine = new_machine(tmp_path)
    machine.variables["SPARK_MASTER"] = "local[1]"
    notebook = Notebook(machine)
    try:
        notebook.run(
            ASK.replace("application, address", "broker = entra_odbc.spark.TokenBroker(spark, ADA)\napplication, address", 1)
        )
        assert notebook.run("result = ask()")[0] == 200
        notebook.run("spark.stop(); broker._thread.join(60)")
        assert "this Spark session has been stopped" in notebook.fails("entra_odbc.spark.register(spark)")
        assert "ConnectionRefusedError" in notebook.fails("ask()")
    finally:
        notebook.close()


def test_a_child_of_the_notebook_ends(broker):
    ended = broker.run(
        """
        import subprocess, sys, os
        child = os.fork()
        if child == 0:
            broker.close()
            os._exit(0)
        result = os.waitpid(child, 0)[1]
        """
    )
    assert ended == 0
    assert broker.run("result = ask()")[0] == 200

"""Token providers: Python's functions and credentials, called by the library. Whatever they do, the program goes on."""

# A provider that is to misbehave, and what the connect says then.
PROVIDER = """
import entra_odbc, pyodbc, threading, time
good = entra_odbc.Credential(**PRINCIPAL)
string = f"DRIVER={entra_odbc.driver()};{server}Authentication=TokenProvider;TokenProvider="
def connect(name, provider, timeout=30):
    entra_odbc.register_provider(name, provider)
    try:
        return pyodbc.connect(string + name, timeout=timeout).execute(WHO).fetchval()
    except pyodbc.Error as error:
        return f"{error.args[0]} {error.args[1]}"
"""


def test_functions_and_credentials_provide_tokens(machine):
    program = """
    scopes = []
    def function(scope):
        scopes.append(scope)
        return good.get_token(scope)
    print(connect("function", function))
    print(connect("text", lambda scope: good.get_token(scope).token))
    print(connect("azure", azure()))
    print(connect("ours", good))
    print(*scopes)
    """
    scope = "https://database.windows.net/.default"
    assert machine.python(PROVIDER + unindented(program)).split("\n") == [*[machine.app] * 4, scope]


def test_what_a_provider_raises_is_what_the_connect_fails_with(machine):
    program = """
    def raises(error):
        def provider(scope):
            raise error
        return provider
    for error in ValueError("no luck"), SystemExit("ended"), KeyboardInterrupt(), RecursionError("deep"), ValueError("\\0\\ud800"):
        print(connect("raises", raises(error)))
    """
    lines = machine.python(PROVIDER + unindented(program)).split("\n")
    for line, words in zip(lines, ("ValueError: no luck", "SystemExit: ended", "KeyboardInterrupt", "RecursionError: deep", "ValueError")):
        assert line.startswith("28000") and words in line, line
    assert len(lines) == 5


def test_what_a_provider_answers_wrongly_is_told(machine):
    program = """
    from types import SimpleNamespace
    ended = SimpleNamespace(token="opaque", expires_on=1)
    for answer in None, 7, "", "a\\0b", b"bytes", SimpleNamespace(token=None, expires_on=1), ended, SimpleNamespace(
            token="opaque", expires_on="soon"):
        print(connect("wrong", lambda scope: answer))
    print(connect("good", good))
    """
    *wrong, good = machine.python(PROVIDER + unindented(program)).split("\n")
    assert good == machine.app
    assert len(wrong) == 8
    assert all("[entra-odbc][TokenProvider]" in line for line in wrong), wrong


def test_a_provider_that_blocks_costs_a_login_timeout(machine):
    program = """
    release = threading.Event()
    start = time.monotonic()
    answer = connect("blocks", lambda scope: release.wait() and good.get_token(scope), timeout=1)
    print(answer[:5], time.monotonic() - start < 10)
    print(connect("good", good))
    release.set()
    """
    assert machine.python(PROVIDER + unindented(program)) == f"HYT00 True\n{machine.app}"


def test_a_provider_may_call_back(machine):
    program = """
    def provider(scope):
        entra_odbc.register_provider("other", good)
        inner = pyodbc.connect(string + "other").execute(WHO).fetchval()
        entra_odbc.register_provider("outer", None)
        entra_odbc.attrs_before(MSI)
        assert inner
        return entra_odbc.Credential(**PRINCIPAL).get_token(scope)
    print(connect("outer", provider))
    """
    assert machine.python(PROVIDER + unindented(program)) == machine.app


def test_a_provider_taken_away_is_unknown(machine):
    program = """
    print(connect("mine", good))
    print(connect("mine", None))
    entra_odbc.register_provider("never there", None)
    """
    first, second = machine.python(PROVIDER + unindented(program)).split("\n")
    assert first == machine.app
    assert "TokenProvider= names mine, which this program has not registered" in second


def test_a_credential_is_not_kept_and_its_name_is_never_anothers(machine):
    program = """
    import gc, weakref
    from entra_odbc._providers import _names, _providers, _registered, name_of
    names = set()
    for _ in range(3):
        credential = azure()
        entra_odbc.connect(server, credential=credential)
        names.add(name_of(credential))
        gone = weakref.ref(credential)
        del credential
        gc.collect()
        assert gone() is None
    print(len(names), _names, _providers, _registered)
    print(connect(names.pop(), None))
    """
    first, second = machine.python(PROVIDER + unindented(program)).split("\n")
    assert first == "3 {} {} {}"
    assert "which this program has not registered" in second


def test_a_forked_child_asks_its_own_copy_of_the_provider(machine):
    program = """
    import os
    parent = os.getpid()
    def provider(scope):
        if os.getpid() == parent:
            raise ValueError("asked in the parent")
        return good.get_token(scope)
    print(connect("mine", provider), flush=True)
    child = os.fork()
    if not child:
        os._exit(pyodbc.connect(string + "mine").execute(WHO).fetchval() != sys.argv[1])
    print(os.waitpid(child, 0)[1])
    """
    first, second = machine.python(PROVIDER + unindented(program), machine.app).split("\n")
    assert "asked in the parent" in first
    assert second == "0"


def test_an_open_connection_gets_renewed_tokens_of_the_same_one(machine):
    machine.standins.control("/lifetime", seconds=6)
    program = """
    asked = threading.Semaphore(0)
    def provider(scope):
        token = azure().get_token(scope)
        asked.release()
        return token
    entra_odbc.register_provider("mine", provider)
    connection = pyodbc.connect(string + "mine", autocommit=True)
    for _ in range(3):
        assert asked.acquire(timeout=60)
    print("renewed twice", flush=True)
    input()
    print(connection.execute(WHO).fetchval())
    """
    with machine.start(PROVIDER + unindented(program)) as process:
        assert process.stdout.readline() == "renewed twice\n", process.stderr.read()
        machine.standins.control("/connections/drop")
        out, err = process.communicate("\n", timeout=60)
        assert out == f"{machine.app}\n", err
    assert [login["reconnect"] for login in machine.standins.logins()] == [False, True]


def test_a_program_ends_while_providers_are_blocked_or_being_called(machine):
    program = """
    def blocks(scope):
        called.set()
        time.sleep(float(sys.argv[1]))
        return good.get_token(scope)
    entra_odbc.register_provider("blocks", blocks)
    credential = entra_odbc.Credential("Authentication=TokenProvider;TokenProvider=blocks")
    called = threading.Event()
    def again():
        while True:
            try:
                credential.get_token(timeout=1)
            except entra_odbc.Error:
                # It was taken away: the program ends.
                return
    for _ in range(4):
        threading.Thread(target=again, daemon=True).start()
    assert called.wait(60)
    print("end")
    """
    for seconds in ("1000", "0", "0.01", "0", "0.001", "0"):
        assert machine.run(PROVIDER + unindented(program), seconds) == ("end", "")


def unindented(text):
    import textwrap

    return textwrap.dedent(text)

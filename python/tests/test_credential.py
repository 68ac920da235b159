"""Credential: tokens by keywords, the shape of azure.core, and what goes wrong."""


def test_a_token_by_keywords_and_whom_it_names(machine):
    program = """
    import entra_odbc, time
    for credential in entra_odbc.Credential(MSI), entra_odbc.Credential(**PRINCIPAL):
        token = credential.get_token("https://database.windows.net/.default")
        assert 3000 < token.expires_on - time.time() < 90000, token
        identity = credential.identity()
        assert identity.tenant_id == standins["tenant_id"] and identity.object_id and identity.expires_on, identity
        print(token.token.count("."), identity.client_id)
    """
    about = machine.standins.description
    expected = f"2 {about['system_assigned']['client_id']}\n2 {about['app']['client_id']}"
    assert machine.python(program) == expected


def test_equal_keywords_cost_one_request_however_many_ask(machine):
    program = """
    import entra_odbc, threading
    scopes = [(), ("https://database.windows.net/",), ("https://database.windows.net/.default",)]
    def ask(number):
        entra_odbc.Credential(**PRINCIPAL).get_token(*scopes[number % 3])
        entra_odbc.attrs_before(**PRINCIPAL)
    threads = [threading.Thread(target=ask, args=[number]) for number in range(50)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    """
    machine.python(program)
    assert len(machine.standins.requests()) == 1


def test_azure_core_knows_it_as_a_credential(machine):
    program = """
    import entra_odbc
    from azure.core.credentials import SupportsTokenInfo, TokenCredential
    from azure.core.pipeline import PipelineRequest, PipelineContext
    from azure.core.pipeline.policies import BearerTokenCredentialPolicy
    from azure.core.rest import HttpRequest
    with entra_odbc.Credential(MSI) as credential:
        assert isinstance(credential, TokenCredential) and isinstance(credential, SupportsTokenInfo)
        policy = BearerTokenCredentialPolicy(credential, "https://database.windows.net/.default")
        request = PipelineRequest(HttpRequest("GET", "https://contoso.vault.azure.net/"), PipelineContext(None))
        policy.on_request(request)
        assert request.http_request.headers["Authorization"] == f"Bearer {credential.get_token().token}"
        info = credential.get_token_info(options={"enable_cae": True})
        print(info.token_type, info == (*credential.get_token(), "Bearer", None))
    """
    assert machine.python(program) == "Bearer True"


def test_a_tenant_that_is_asked_for_is_the_tokens_or_an_error(machine):
    program = """
    import entra_odbc
    credential = entra_odbc.Credential(MSI)
    # As Key Vault's clients ask (azure-keyvault-secrets, ChallengeAuthPolicy), whose challenge names the tenant.
    for tenant in standins["tenant_id"], standins["tenant_id"].upper():
        assert credential.get_token("https://vault.azure.net/.default", tenant_id=tenant).token
        assert credential.get_token_info("https://vault.azure.net/.default", options={"tenant_id": tenant}).token
    try:
        credential.get_token(tenant_id="3e8f0f8e-5c0e-4a4f-8d8a-2f4a7b1c9d00")
    except entra_odbc.Error as error:
        print(error)
    """
    assert machine.python(program) == (
        "[HYC00] the token is not of the tenant 3e8f0f8e-5c0e-4a4f-8d8a-2f4a7b1c9d00. "
        "Name that by TenantId= in the keywords."
    )


def test_an_asynchronous_credential_is_told_apart(machine):
    program = """
    import entra_odbc, warnings
    warnings.simplefilter("error")
    class Asynchronous:
        async def get_token(self, *scopes, **options):
            return None
    for call in (
        entra_odbc.Credential(Asynchronous()).get_token,
        lambda: entra_odbc.attrs_before(Asynchronous()),
        lambda: entra_odbc.connect(server, credential=Asynchronous()),
    ):
        try:
            call()
        except Exception as error:
            assert "asynchronous credential" in str(error), error
            print(type(error).__name__)
    """
    out, err = machine.run(program)
    assert (out.split("\n"), err) == (["TypeError", "TypeError", "InterfaceError"], "")


def test_a_refusal_says_what_to_do_and_no_secret(machine):
    program = """
    import entra_odbc
    try:
        entra_odbc.Credential(**{**PRINCIPAL, "PWD": "guessed;secret"}).get_token()
    except entra_odbc.Error as error:
        print(error.sqlstate, error.native)
        print(error)
    """
    first, rest = machine.python(program).split("\n", 1)
    assert first == "28000 7000215"
    assert "AADSTS7000215" in rest
    assert "guessed" not in rest


def test_bad_input_is_an_error_and_nothing_else(machine):
    program = r"""
    import copy, entra_odbc, pickle
    good = entra_odbc.Credential(MSI)
    for what, call in {
        "unknown kind": lambda: entra_odbc.Credential("Authentication=NoSuchThing").get_token(),
        "nothing to sign in with": lambda: entra_odbc.Credential("SERVER=localhost").get_token(),
        "missing keyword": lambda: entra_odbc.Credential("Authentication=ActiveDirectoryServicePrincipal").get_token(),
        "NUL": lambda: entra_odbc.Credential("Authentication=\0"),
        "half a character": lambda: entra_odbc.Credential("Authentication=\ud800"),
        "NUL in the scope": lambda: good.get_token("https://database.windows.net/\0"),
        "not a credential": lambda: entra_odbc.Credential(7),
        "both": lambda: entra_odbc.Credential(good, UID="x"),
        "both again": lambda: entra_odbc.attrs_before(good, UID="x"),
        "a scope that is none": lambda: good.get_token(7),
        "no timeout": lambda: good.get_token(timeout="5"),
        "a name that is none": lambda: entra_odbc.register_provider(7, good),
        "a string that is none": lambda: entra_odbc.stock_connection_string(b"SERVER=localhost"),
        "two scopes": lambda: good.get_token("a", "b"),
        "claims": lambda: good.get_token("https://database.windows.net/.default", claims="{}"),
        "pickle": lambda: pickle.dumps(good),
        "a string in the way": lambda: entra_odbc.Credential("x" * 10_000_000),
    }.items():
        try:
            print(what, "gave", call())
        except (entra_odbc.Error, TypeError, ValueError) as error:
            assert len(str(error)) < 1000 and "x" * 1000 not in str(error), what
    assert copy.copy(good) is good and copy.deepcopy(good) is good
    try:
        entra_odbc.Credential.__new__(entra_odbc.Credential).__del__
    except AttributeError:
        pass
    print(good.get_token().token.count("."), good)
    """
    assert machine.python(program) == "2 Credential(Authentication=ActiveDirectoryMsi)"


def test_a_timeout_is_kept_and_the_next_call_is_none_the_worse(machine):
    machine.standins.control("/fault", service="entra", path="/token", times=1, fault="hang_before")
    program = """
    import entra_odbc, time
    credential = entra_odbc.Credential(**PRINCIPAL)
    assert entra_odbc.Credential(MSI).get_token(timeout=float("inf")).token
    start = time.monotonic()
    try:
        credential.get_token(timeout=0.3)
    except entra_odbc.Error as error:
        print(error.sqlstate, time.monotonic() - start < 5)
    input()
    print(credential.get_token().token.count("."))
    """
    with machine.start(program) as process:
        assert process.stdout.readline() == "HYT00 True\n"
        machine.standins.control("/release")
        out, err = process.communicate("\n", timeout=60)
        assert (out, process.returncode) == ("2\n", 0), err


def test_ctrl_c_ends_the_wait_for_a_token(machine):
    machine.standins.control("/fault", service="entra", path="/token", times=1, fault="hang_before")
    program = """
    import entra_odbc, signal
    # Whoever runs the tests in the background of a shell bequeaths them an ignored SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    credential = entra_odbc.Credential(**PRINCIPAL)
    try:
        credential.get_token(timeout=100)
    except KeyboardInterrupt:
        print("interrupted")
    """
    with machine.start(program) as process:
        while not machine.standins.requests():
            assert process.poll() is None, process.stderr.read()
        process.send_signal(2)
        out, err = process.communicate(timeout=20)
    machine.standins.control("/release")
    assert (out, process.returncode) == ("interrupted\n", 0), err


def test_a_token_can_be_got_where_no_thread_can_be_started(machine):
    program = """
    import atexit, entra_odbc, threading
    def refuse(thread):
        # As Python 3.12 does from atexit on.
        raise RuntimeError("can't create new thread at interpreter shutdown")
    threading.Thread.start = refuse
    atexit.register(lambda: print(entra_odbc.Credential(**PRINCIPAL).get_token().token.count(".")))
    """
    assert machine.python(program) == "2"


def test_a_forked_child_goes_on_with_its_parents_credential(machine):
    program = """
    import entra_odbc, os, threading
    credential = entra_odbc.Credential(**PRINCIPAL)
    token = credential.get_token()
    ended = threading.Event()
    def busy():
        while not ended.is_set():
            credential.attrs_before()
    threads = [threading.Thread(target=busy) for _ in range(3)]
    [thread.start() for thread in threads]
    children = []
    for _ in range(20):
        child = os.fork()
        if not child:
            same = credential.get_token() == token and credential.attrs_before()
            other = entra_odbc.Credential(MSI).get_token()
            os._exit(0 if same and other else 1)
        children.append(child)
    codes = {os.waitpid(child, 0)[1] for child in children}
    ended.set()
    [thread.join() for thread in threads]
    print(codes)
    """
    assert machine.python(program) == "{0}"

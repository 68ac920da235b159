"""aio.Credential: tokens in an event loop, which goes on meanwhile, and what cancelling does."""

import pytest

# Indented as the programs are that begin with it.
BEGIN = """
    import asyncio, entra_odbc
    from entra_odbc.aio import Credential
"""


def waiting(machine):
    """Has Entra keep the next request to itself until the test releases it."""
    machine.standins.control("/fault", service="entra", path="/token", times=1, fault="hang_before")


def test_a_token_by_keywords_and_the_same_for_both_kinds_of_credential(machine):
    program = BEGIN + """
    async def main():
        for string, keywords in (MSI, {}), ("", PRINCIPAL):
            async with Credential(string, **keywords) as credential:
                token = await credential.get_token("https://database.windows.net/.default")
                same = entra_odbc.Credential(string, **keywords)
                assert token == same.get_token() == await Credential(same).get_token("https://database.windows.net")
                info = await credential.get_token_info(options={"enable_cae": True, "tenant_id": standins["tenant_id"]})
                assert info == (*token, "Bearer", None)
                print(type(token).__name__, token.token.count("."), repr(credential))
    asyncio.run(main())
    """
    assert machine.python(program).split("\n") == [
        "AccessToken 2 aio.Credential(Authentication=ActiveDirectoryMsi)",
        "AccessToken 2 aio.Credential(Authentication=ActiveDirectoryServicePrincipal)",
    ]
    # One for each of the two who sign in.
    assert len(machine.standins.requests()) == 2


def test_a_thousand_tasks_wait_for_one_request_without_a_thread_and_the_loop_goes_on(machine):
    waiting(machine)
    program = BEGIN + """
    async def main():
        credential = Credential(**PRINCIPAL)
        tasks = [asyncio.create_task(credential.get_token()) for _ in range(1000)]
        loop, go_on = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(0, go_on.set)
        await go_on.wait()
        loop.remove_reader(0)
        # The main thread and the library's one.
        print(len(os.listdir("/proc/self/task")), any(task.done() for task in tasks), flush=True)
        print(len({token.token for token in await asyncio.gather(*tasks)}))
    asyncio.run(main())
    """
    with machine.start(program) as process:
        while not machine.standins.requests():
            assert process.poll() is None, process.stderr.read()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "2 False\n"
        machine.standins.control("/release")
        out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("1\n", 0), err
    assert len(machine.standins.requests()) == 1


def test_cancelling_breaks_the_request_off_and_the_next_one_begins_afresh(machine):
    waiting(machine)
    program = BEGIN + """
    async def main():
        credential = Credential(**PRINCIPAL)
        broken_off = asyncio.create_task(credential.get_token(timeout=100))
        loop, go_on = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(0, go_on.set)
        await go_on.wait()
        broken_off.cancel()
        try:
            await broken_off
        except asyncio.CancelledError:
            print((await credential.get_token()).token.count("."))
    asyncio.run(main())
    """
    with machine.start(program) as process:
        while not machine.standins.requests():
            assert process.poll() is None, process.stderr.read()
        out, err = process.communicate("\n", timeout=60)
    machine.standins.control("/release")
    assert (out, process.returncode) == ("2\n", 0), err
    assert len(machine.standins.requests()) == 2


def test_who_is_cancelled_takes_nothing_from_the_others(machine):
    waiting(machine)
    program = BEGIN + """
    async def main():
        credential = Credential(**PRINCIPAL)
        one, other = (asyncio.create_task(credential.get_token()) for _ in range(2))
        try:
            await asyncio.wait_for(one, 0.05)
        except asyncio.TimeoutError:
            print("time is up", flush=True)
        print((await other).token.count("."))
    asyncio.run(main())
    """
    with machine.start(program) as process:
        assert process.stdout.readline() == "time is up\n", process.stderr.read()
        machine.standins.control("/release")
        out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("2\n", 0), err
    assert len(machine.standins.requests()) == 1


def test_failures_are_the_same_errors(machine):
    program = BEGIN + r"""
    async def main():
        for credential, arguments in (
            (Credential(**{**PRINCIPAL, "PWD": "guessed;secret"}), {}),
            (Credential(MSI), {"claims": "{}"}),
            (Credential(MSI), {"tenant_id": "3e8f0f8e-5c0e-4a4f-8d8a-2f4a7b1c9d00"}),
        ):
            try:
                await credential.get_token(**arguments)
            except entra_odbc.Error as error:
                assert "guessed" not in str(error)
                print(error.sqlstate, error.native)
        for scopes in ("one", "two"), (7,), ("a\0b",):
            try:
                await Credential(MSI).get_token(*scopes)
            except Exception as error:
                print(type(error).__name__)
    asyncio.run(main())
    """
    assert machine.python(program).split("\n") == [
        *("28000 7000215", "HYC00 0", "HYC00 0"),
        *("ValueError", "TypeError", "Error"),
    ]


def test_azure_core_knows_it_as_an_asynchronous_credential(machine):
    program = BEGIN + """
    from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential
    from azure.core.pipeline import PipelineRequest, PipelineContext
    from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
    from azure.core.rest import HttpRequest
    async def main():
        async with Credential(MSI) as credential:
            assert isinstance(credential, AsyncTokenCredential) and isinstance(credential, AsyncSupportsTokenInfo)
            policy = AsyncBearerTokenCredentialPolicy(credential, "https://database.windows.net/.default")
            request = PipelineRequest(HttpRequest("GET", "https://contoso.vault.azure.net/"), PipelineContext(None))
            await policy.on_request(request)
            token = await credential.get_token()
            print(request.http_request.headers["Authorization"] == f"Bearer {token.token}")
    asyncio.run(main())
    """
    assert machine.python(program) == "True"


def test_it_needs_nothing_of_azure(machine):
    program = """
    sys.modules["azure"] = None
    """ + BEGIN + """
    print(asyncio.run(Credential(MSI).get_token()).token.count("."))
    """
    assert machine.python(program) == "2"


def test_each_loop_has_its_own_answer(machine):
    program = BEGIN + """
    import threading
    credential = Credential(MSI)
    tokens = []
    async def ask():
        tokens.extend(await asyncio.gather(*(credential.get_token() for _ in range(20))))
    threads = [threading.Thread(target=asyncio.run, args=[ask()]) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(len(tokens), len(set(tokens)))
    """
    assert machine.python(program) == "160 1"


def test_a_forked_child_goes_on_with_its_parents_credential(machine):
    waiting(machine)
    program = BEGIN + """
    credential, slow = Credential(MSI), Credential(**PRINCIPAL)
    token = asyncio.run(credential.get_token())
    async def main():
        pending = asyncio.create_task(slow.get_token())
        await asyncio.sleep(0)
        child = os.fork()
        if not child:
            same = asyncio.run(credential.get_token()) == token
            other = asyncio.run(credential.get_token("https://vault.azure.net"))
            os._exit(0 if same and other else 1)
        print(os.waitpid(child, 0)[1], flush=True)
        print((await pending).token.count("."))
    asyncio.run(main())
    """
    with machine.start(program) as process:
        assert process.stdout.readline() == "0\n", process.stderr.read()
        machine.standins.control("/release")
        out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("2\n", 0), err


def test_a_program_may_end_while_requests_are_under_way(machine):
    waiting(machine)
    program = BEGIN + """
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(Credential(**PRINCIPAL).get_token(timeout=100)) for _ in range(50)]
    loop.run_until_complete(asyncio.sleep(0.05))
    if sys.argv[1] == "closed":
        [task.cancel() for task in tasks]
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()
    print("ends")
    """
    for how in "closed", "left":
        out, err = machine.run(program, how)
        assert out == "ends"
        assert "Error" not in err, err
    machine.standins.control("/release")


@pytest.mark.parametrize("what", ["7", "azure()", "entra_odbc.Credential(azure())", "entra_odbc.Credential(MSI), UID='x'"])
def test_what_is_no_credential_of_this_package_is_refused_at_once(machine, what):
    program = BEGIN + f"""
    try:
        Credential({what})
    except TypeError as error:
        print("refused")
    """
    assert machine.python(program) == "refused"

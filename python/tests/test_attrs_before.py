"""attrs_before(): tokens for programs that connect through Microsoft's own driver."""

import time

import pytest


@pytest.mark.parametrize("driver", ["STOCK", "f'DRIVER={entra_odbc.driver()};{server}'"])
def test_a_program_signs_in_through_either_driver(machine, driver):
    program = f"""
    import entra_odbc, pyodbc
    string = {driver}
    credential = entra_odbc.Credential(**PRINCIPAL)
    for attributes in [
        entra_odbc.attrs_before(credential),
        credential.attrs_before(),
        entra_odbc.attrs_before(**PRINCIPAL),
        entra_odbc.attrs_before(azure()),
        entra_odbc.attrs_before(entra_odbc.Credential(azure()), scope="https://database.windows.net"),
        entra_odbc.attrs_before(MSI),
    ]:
        print(pyodbc.connect(string, attrs_before=attributes).execute(WHO).fetchval())
    """
    assert machine.python(program).split("\n") == [*[machine.app] * 5, machine.msi]


def test_the_struct_is_the_one_that_everybody_packs(machine):
    program = """
    import entra_odbc, struct
    for credential in entra_odbc.Credential(MSI), entra_odbc.Credential(azure()):
        data = credential.get_token().token.encode("utf-16-le")
        (attribute, value), = credential.attrs_before().items()
        print(attribute, value == struct.pack(f"<I{len(data)}s", len(data), data))
    """
    assert machine.python(program) == "1256 True\n1256 True"


def test_one_struct_serves_all_connections_of_an_identity(machine):
    program = """
    import entra_odbc
    from entra_odbc import _structs
    credential = entra_odbc.Credential(MSI)
    structs = [credential.attrs_before()[1256] for _ in range(1000)]
    structs += [entra_odbc.attrs_before(MSI)[1256] for _ in range(10)]
    print(len({id(struct) for struct in structs}), _structs.held())
    """
    assert machine.python(program) == "1 1"


def test_microsofts_driver_restores_a_lost_connection_with_the_next_token(machine):
    machine.standins.control("/lifetime", seconds=4)
    program = """
    import entra_odbc, gc, pyodbc, time
    credential = entra_odbc.Credential(**PRINCIPAL)
    connection = pyodbc.connect(STOCK, attrs_before=entra_odbc.attrs_before(credential), autocommit=True)
    print(credential.identity().expires_on, flush=True)
    input()
    entra_odbc.attrs_before(credential)
    gc.collect()
    print("renewed", flush=True)
    input()
    print(connection.execute(WHO).fetchval())
    """
    with machine.start(program) as process:
        ends = int(process.stdout.readline())
        machine.standins.control("/lifetime", seconds=3600)
        while time.time() <= ends + 1:
            time.sleep(0.1)
        print("", file=process.stdin, flush=True)
        assert process.stdout.readline() == "renewed\n"
        machine.standins.control("/connections/drop")
        out, err = process.communicate("\n", timeout=60)
        assert out == f"{machine.app}\n", err
    assert [login["reconnect"] for login in machine.standins.logins()] == [False, True]


def test_the_code_that_people_have_keeps_working_on_our_driver(machine):
    program = """
    import entra_odbc, pyodbc, struct
    token = azure().get_token("https://database.windows.net/.default").token.encode("utf-16-le")
    token = struct.pack(f"<I{len(token)}s", len(token), token)
    connection = pyodbc.connect(f"DRIVER={entra_odbc.driver()};{server}", attrs_before={1256: token})
    print(connection.execute(WHO).fetchval())
    """
    assert machine.python(program) == machine.app


def test_a_pool_of_unixodbcs_keeps_strings_that_differ_apart(machine):
    (machine.directory / "odbcinst.ini").write_text(
        f"[ODBC]\nPooling=Yes\n\n[Stock]\nDriver={machine.variables['ENTRA_ODBC_DRIVER']}\nCPTimeout=60\n"
    )
    program = """
    import entra_odbc, pyodbc
    def who(application, credential):
        attributes = entra_odbc.attrs_before(credential)
        connection = pyodbc.connect(f"DRIVER={{Stock}};APP={application};{server}", attrs_before=attributes)
        name = connection.execute(WHO).fetchval()
        connection.close()
        return name
    msi, payroll = entra_odbc.Credential(MSI), entra_odbc.Credential(**PRINCIPAL)
    print(who("msi", msi), who("payroll", payroll))
    # What is warned of: equal strings.
    print(who("both", msi), who("both", payroll))
    """
    apart, together = machine.python(program).split("\n")
    assert apart.split() == [machine.msi, machine.app]
    assert together.split() == [machine.msi, machine.msi]


def test_no_token_gets_into_the_pool_of_unixodbc(machine):
    program = """
    import entra_odbc, entra_odbc.django, pyodbc
    credential = entra_odbc.Credential(**PRINCIPAL)
    for ask in [
        credential.attrs_before,
        lambda: entra_odbc.attrs_before(credential),
        lambda: entra_odbc.attrs_before(**PRINCIPAL),
        entra_odbc.django.token(credential).encode,
    ]:
        pyodbc.pooling = True
        ask()
        print(pyodbc.pooling)
    """
    assert machine.python(program).split() == ["False"] * 4

"""connect() and driver(): pyodbc through the driver of this package."""


def test_a_connection_string_signs_in(machine):
    program = """
    import entra_odbc
    for connection in [
        entra_odbc.connect(server + MSI),
        entra_odbc.connect(server=standins["server"], Authentication="ActiveDirectoryMsi", autocommit=True),
        entra_odbc.connect(server, **PRINCIPAL),
        entra_odbc.connect(server, credential=entra_odbc.Credential(**PRINCIPAL), timeout=20),
        entra_odbc.connect(f"DRIVER={entra_odbc.driver()};{server}{MSI}"),
        entra_odbc.connect("DRIVER={ODBC Driver 18 Entra for SQL Server};" + server, credential=entra_odbc.Credential(MSI)),
    ]:
        print(connection.execute(WHO).fetchval())
    """
    msi, app = machine.msi, machine.app
    assert machine.python(program).split("\n") == [msi, msi, app, app, msi, msi]


def test_a_credential_of_azure_identity_signs_in(machine):
    program = """
    import entra_odbc
    credential = azure()
    wrapped = entra_odbc.Credential(credential)
    for who in credential, wrapped, credential:
        print(entra_odbc.connect(server, credential=who).execute(WHO).fetchval())
    """
    assert machine.python(program).split("\n") == [machine.app] * 3


def test_keywords_that_say_who_are_not_mixed_with_a_credential(machine):
    program = """
    import entra_odbc
    credential = entra_odbc.Credential(MSI)
    for string, keywords in (
        (server + MSI, {}),
        (server, {"UID": app["client_id"]}),
        (server + "User Id=x;", {}),
        (server + "Client_Id=x;", {}),
    ):
        for who in credential, azure():
            try:
                entra_odbc.connect(string, credential=who, **keywords)
            except TypeError as error:
                print(error)
    for none in 7, MSI:
        try:
            entra_odbc.connect(server, credential=none)
        except TypeError as error:
            print(error)
    """
    mixed = [f"either credential= or {name}=: together they might sign in somebody else" for name in
             ("authentication", "authentication", "uid", "uid", "user id", "user id", "client_id", "client_id")]
    none = ["credential is a Credential, or an object with get_token(), such as azure-identity's"] * 2
    assert machine.python(program).split("\n") == mixed + none


def test_a_data_source_signs_in(machine):
    about = machine.standins.description
    (machine.directory / "odbc.ini").write_text(
        f"[payroll]\nDriver=ODBC Driver 18 Entra for SQL Server\nServer={about['server']}\n"
        "Authentication=ActiveDirectoryMsi\n"
    )
    program = "import entra_odbc; print(entra_odbc.connect('DSN=payroll').execute(WHO).fetchval())"
    assert machine.python(program) == machine.msi


def test_a_failure_is_pyodbcs_own_with_our_words(machine):
    program = """
    import entra_odbc, pyodbc
    try:
        entra_odbc.connect(server, **{**PRINCIPAL, "PWD": "guessed"})
    except pyodbc.Error as error:
        print(error.args[0], "AADSTS7000215" in str(error), "guessed" in str(error))
    """
    assert machine.python(program) == "28000 True False"


def test_the_stock_string_has_none_of_our_keywords(machine):
    program = """
    import entra_odbc
    print(entra_odbc.stock_connection_string("DRIVER={x};SERVER=s.database.windows.net;Trusted_Connection=Yes;UID=u;"
                                             "PWD={a;b};TenantId=t;Database=d;"
                                             "Authentication=ActiveDirectoryServicePrincipal;Encrypt=yes"))
    """
    stock = machine.python(program)
    assert all(word in stock for word in ("DRIVER={x}", "SERVER=s.database.windows.net", "Encrypt=yes", "Database=d"))
    assert not any(word in stock for word in ("UID", "PWD", "a;b", "TenantId", "Authentication"))
    assert "Trusted_Connection=no" in stock


def test_a_string_that_a_token_travels_with_is_checked_whoever_brings_the_token(machine):
    program = """
    import entra_odbc, sqlalchemy
    engine = sqlalchemy.create_engine("mssql+pyodbc://@evil.example/d?driver=x&TrustServerCertificate=yes")
    entra_odbc.sqlalchemy.register(engine, entra_odbc.Credential(**PRINCIPAL))
    try:
        engine.connect()
    except Exception as error:
        print("evil.example" in str(error), "entra-odbc explain trust" in str(error))
    """
    assert machine.python(program) == "True True"


def test_a_library_that_is_not_there_is_named(machine):
    machine.variables["ENTRA_ODBC_LIBRARY"] = "/nowhere/libentra_odbc.so"
    program = """
    import entra_odbc
    try:
        entra_odbc.driver()
    except entra_odbc.Error as error:
        print(error)
    """
    assert machine.python(program).startswith("[IM003] the library /nowhere/libentra_odbc.so does not exist.")


def test_pyodbc_that_is_not_there_is_named(machine):
    program = """
    import entra_odbc, sys
    sys.modules["pyodbc"] = None
    try:
        entra_odbc.connect(server + MSI)
    except entra_odbc.Error as error:
        print(error)
    """
    assert machine.python(program) == "[IM003] pyodbc is missing. Install it: pip install pyodbc"

// Connects by the stock ODBC driver with a token of entra-odbc's, and prints who the token and the server say we are.
//
//   connect <connection string with Authentication=...>

#include "entra.hpp"

#include <sql.h>
#include <sqlext.h>

#include <iostream>

namespace {

// An ODBC handle, freed by itself.
class Handle {
public:
    Handle(SQLSMALLINT type, SQLHANDLE parent) : type(type)
    {
        if (!SQL_SUCCEEDED(SQLAllocHandle(type, parent, &value)))
            throw std::runtime_error("no handle");
    }
    ~Handle() { SQLFreeHandle(type, value); }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    operator SQLHANDLE() const { return value; }

    void check(SQLRETURN answer) const
    {
        if (SQL_SUCCEEDED(answer))
            return;
        SQLCHAR state[6] = "", message[SQL_MAX_MESSAGE_LENGTH] = "";
        SQLGetDiagRec(type, value, 1, state, nullptr, message, sizeof message, nullptr);
        throw std::runtime_error(reinterpret_cast<char *>(message));
    }

private:
    SQLSMALLINT type;
    SQLHANDLE value = SQL_NULL_HANDLE;
};

SQLCHAR *text(const std::string &text) { return reinterpret_cast<SQLCHAR *>(const_cast<char *>(text.c_str())); }

// A connection that is open; closed before its token is given up.
class Connection {
public:
    Connection(const Handle &environment, const entra::Credential &credential, const std::string &stock)
        : handle(SQL_HANDLE_DBC, environment), token(handle, credential)
    {
        handle.check(SQLDriverConnect(handle, nullptr, text(stock), SQL_NTS, nullptr, 0, nullptr, SQL_DRIVER_NOPROMPT));
    }
    ~Connection() { SQLDisconnect(handle); }

    std::string ask(const std::string &question) const
    {
        Handle statement(SQL_HANDLE_STMT, handle);
        SQLCHAR answer[256] = "";
        statement.check(SQLExecDirect(statement, text(question), SQL_NTS));
        statement.check(SQLFetch(statement));
        statement.check(SQLGetData(statement, 1, SQL_C_CHAR, answer, sizeof answer, nullptr));
        return reinterpret_cast<char *>(answer);
    }

private:
    Handle handle;
    entra::ConnectionToken token;
};

void run(const std::string &connection_string)
{
    auto credential = entra::credential(connection_string);
    std::cout << entra_token_principal(entra::token(credential).get()) << '\n';

    Handle environment(SQL_HANDLE_ENV, SQL_NULL_HANDLE);
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, reinterpret_cast<SQLPOINTER>(SQL_OV_ODBC3), 0);
    Connection connection(environment, credential, entra::stock(connection_string));
    std::cout << connection.ask("SELECT SUSER_SNAME()") << '\n';
}

} // namespace

int main(int count, char **arguments)
try {
    if (count != 2) {
        std::cerr << "usage: connect <connection string>\n";
        return 2;
    }
    run(arguments[1]);
} catch (const entra::Error &error) {
    std::cerr << error.sqlstate << ' ' << error.what() << '\n';
    return 1;
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
}

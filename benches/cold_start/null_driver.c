/* A driver that says yes to everything and does nothing: what remains of a connect over it is the shim's own part. */
#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stddef.h>

static int handle;

SQLRETURN SQLAllocHandle(SQLSMALLINT type, SQLHANDLE input, SQLHANDLE *output)
{
    (void)type, (void)input;
    *output = (SQLHANDLE)((char *)&handle + type);
    return SQL_SUCCESS;
}
SQLRETURN SQLFreeHandle(SQLSMALLINT type, SQLHANDLE it)
{
    (void)type, (void)it;
    return SQL_SUCCESS;
}
SQLRETURN SQLSetEnvAttr(SQLHENV env, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    (void)env, (void)attribute, (void)value, (void)length;
    return SQL_SUCCESS;
}
SQLRETURN SQLSetConnectAttr(SQLHDBC dbc, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER length)
{
    (void)dbc, (void)attribute, (void)value, (void)length;
    return SQL_SUCCESS;
}
SQLRETURN SQLGetConnectAttrW(SQLHDBC dbc, SQLINTEGER attribute, SQLPOINTER value, SQLINTEGER room, SQLINTEGER *length)
{
    (void)dbc, (void)room, (void)length;
    if (attribute == SQL_ATTR_LOGIN_TIMEOUT)
        *(SQLUINTEGER *)value = 15;
    return SQL_SUCCESS;
}
SQLRETURN SQLGetDiagRecW(SQLSMALLINT type, SQLHANDLE it, SQLSMALLINT number, SQLWCHAR *state, SQLINTEGER *native,
                         SQLWCHAR *text, SQLSMALLINT room, SQLSMALLINT *length)
{
    (void)type, (void)it, (void)number, (void)state, (void)native, (void)text, (void)room, (void)length;
    return SQL_NO_DATA;
}
SQLRETURN SQLDriverConnectW(SQLHDBC dbc, SQLHWND window, SQLWCHAR *in, SQLSMALLINT in_length, SQLWCHAR *out,
                            SQLSMALLINT room, SQLSMALLINT *out_length, SQLUSMALLINT completion)
{
    (void)dbc, (void)window, (void)in, (void)in_length, (void)out, (void)room, (void)completion;
    if (out_length)
        *out_length = 0;
    return SQL_SUCCESS;
}
SQLRETURN SQLDisconnect(SQLHDBC dbc)
{
    (void)dbc;
    return SQL_SUCCESS;
}

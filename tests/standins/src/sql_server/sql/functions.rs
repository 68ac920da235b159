//! Functions and global variables: what the server says about itself and the session.

mod clock;
mod text;

use crate::sql_server::tokens::{SERVER_NAME, SqlError};
use crate::sql_server::value::{SqlType, Value};

/// As Azure SQL Database says it; libraries tell the product by "Microsoft SQL Azure".
pub(in crate::sql_server) const VERSION_TEXT: &str =
    "Microsoft SQL Azure (RTM) - 12.0.2000.8 \n\tentra-odbc stand-in\n";
const PRODUCT_VERSION: &str = "12.0.2000.8";
/// Azure SQL Database.
const ENGINE_EDITION: i32 = 5;

/// What functions may tell of the session.
#[derive(Debug, Clone, Default)]
pub(in crate::sql_server) struct Facts {
    pub(in crate::sql_server) login: String,
    /// Within the database: `dbo` for SQL logins.
    pub(in crate::sql_server) user: String,
    pub(in crate::sql_server) database: String,
    pub(in crate::sql_server) host: String,
    pub(in crate::sql_server) app: String,
    pub(in crate::sql_server) client_address: String,
    pub(in crate::sql_server) server_port: u16,
    pub(in crate::sql_server) spid: u16,
    pub(in crate::sql_server) transactions: u32,
    /// As sys.dm_exec_sessions numbers them: 2 is READ COMMITTED.
    pub(in crate::sql_server) isolation: u8,
    pub(in crate::sql_server) last_error: u32,
    pub(in crate::sql_server) row_count: u64,
}

pub(super) fn global(name: &str, facts: &Facts) -> Result<Value, SqlError> {
    let number = |value: u32| Value::int(i32::try_from(value).unwrap_or(i32::MAX));
    Ok(match name {
        "VERSION" => Value {
            sql_type: SqlType::NVarChar(Some(600)),
            ..Value::nvarchar(VERSION_TEXT)
        },
        "SPID" => small_int(facts.spid),
        "TRANCOUNT" => number(facts.transactions),
        "ERROR" => number(facts.last_error),
        "ROWCOUNT" => Value::int(i32::try_from(facts.row_count).unwrap_or(i32::MAX)),
        "SERVERNAME" | "SERVICENAME" => Value::sysname(SERVER_NAME),
        "LANGUAGE" => Value::sysname("us_english"),
        "LANGID" => small_int(0),
        "LOCK_TIMEOUT" => Value::int(-1),
        "MAX_PRECISION" => tiny_int(38),
        "DATEFIRST" => tiny_int(7),
        "MICROSOFTVERSION" => Value::int(0x0C00_07D0),
        "OPTIONS" => Value::int(5496),
        "TEXTSIZE" => Value::int(i32::MAX),
        "NESTLEVEL" | "FETCH_STATUS" => Value::int(0),
        "IDENTITY" => Value::null(SqlType::Decimal {
            precision: 38,
            scale: 0,
        }),
        _ => {
            let text = format!("Must declare the scalar variable \"@@{name}\".");
            return Err(SqlError::new(137, text).with_class(15));
        }
    })
}

pub(super) fn call(name: &str, arguments: Vec<Value>, facts: &Facts) -> Result<Value, SqlError> {
    let first_text = || arguments.first().and_then(Value::text).unwrap_or_default();
    Ok(match name {
        "SUSER_SNAME" | "SUSER_NAME" | "ORIGINAL_LOGIN" | "SYSTEM_USER" => Value::sysname(&facts.login),
        "USER_NAME" | "CURRENT_USER" | "SESSION_USER" | "USER" => Value::sysname(&facts.user),
        "DB_NAME" => Value::sysname(&facts.database),
        "DB_ID" => small_int(5),
        "SCHEMA_NAME" => Value::sysname("dbo"),
        "SCHEMA_ID" | "DATABASE_PRINCIPAL_ID" | "HAS_DBACCESS" => Value::int(1),
        "HOST_NAME" => Value::sysname(&facts.host),
        "APP_NAME" | "PROGRAM_NAME" => Value::sysname(&facts.app),
        "SERVERPROPERTY" => server_property(&first_text()),
        "CONNECTIONPROPERTY" => connection_property(&first_text(), facts),
        "DATABASEPROPERTYEX" => database_property(&first_text_at(&arguments, 1)),
        "OBJECT_ID" | "SESSION_CONTEXT" | "SESSIONPROPERTY" => Value::null(SqlType::Int),
        "IS_SRVROLEMEMBER" | "IS_MEMBER" | "IS_ROLEMEMBER" | "HAS_PERMS_BY_NAME" => Value::int(0),
        "XACT_STATE" => small_int(u16::from(facts.transactions > 0)),
        "GETDATE" | "GETUTCDATE" | "CURRENT_TIMESTAMP" => clock::datetime(),
        "SYSDATETIME" | "SYSUTCDATETIME" => clock::datetime2(),
        _ => text::call(name, arguments).ok_or_else(|| {
            let text = format!("'{name}' is not a recognized built-in function name.");
            SqlError::new(195, text).with_class(15)
        })?,
    })
}

fn first_text_at(arguments: &[Value], at: usize) -> String {
    arguments.get(at).and_then(Value::text).unwrap_or_default()
}

/// The real server answers with a sql_variant; the name's type is near enough, and what all hosts read.
fn server_property(name: &str) -> Value {
    match name.to_lowercase().as_str() {
        "productversion" => Value::sysname(PRODUCT_VERSION),
        "productmajorversion" => Value::sysname("12"),
        "productminorversion" => Value::sysname("0"),
        "productbuild" => Value::sysname("2000"),
        "productlevel" => Value::sysname("RTM"),
        "edition" => Value::sysname("SQL Azure"),
        "engineedition" => Value::int(ENGINE_EDITION),
        "servername" | "machinename" => Value::sysname(SERVER_NAME),
        "collation" => Value::sysname("SQL_Latin1_General_CP1_CI_AS"),
        "isclustered" | "issingleuser" | "ishadrenabled" | "isintegratedsecurityonly" => Value::int(0),
        _ => Value::null(SqlType::NVarChar(Some(256))),
    }
}

fn connection_property(name: &str, facts: &Facts) -> Value {
    match name.to_lowercase().as_str() {
        "net_transport" | "physical_net_transport" => Value::sysname("TCP"),
        "protocol_type" => Value::sysname("TSQL"),
        "auth_scheme" => Value::sysname("SQL"),
        "local_net_address" => Value::varchar("127.0.0.1"),
        "local_tcp_port" => Value::int(facts.server_port.into()),
        "client_net_address" => Value::varchar(&facts.client_address),
        _ => Value::null(SqlType::NVarChar(Some(256))),
    }
}

fn database_property(name: &str) -> Value {
    match name.to_lowercase().as_str() {
        "collation" => Value::sysname("SQL_Latin1_General_CP1_CI_AS"),
        "status" => Value::sysname("ONLINE"),
        "updateability" => Value::sysname("READ_WRITE"),
        _ => Value::null(SqlType::NVarChar(Some(256))),
    }
}

fn small_int(value: u16) -> Value {
    Value {
        sql_type: SqlType::SmallInt,
        ..Value::int(i32::from(value))
    }
}

fn tiny_int(value: u8) -> Value {
    Value {
        sql_type: SqlType::TinyInt,
        ..Value::int(i32::from(value))
    }
}

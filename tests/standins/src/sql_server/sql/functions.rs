//! Functions and global variables: what the server says about itself and the session.

mod clock;
mod dates;
mod numbers;
mod objects;
mod text;

use crate::sql_server::storage::View;
use crate::sql_server::tokens::{COLLATION_NAME, SERVER_NAME, SqlError};
use crate::sql_server::value::{Datum, SqlType, Value, guid};

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
    /// The tables that the session sees.
    pub(in crate::sql_server) view: View,
    /// The last value that an identity column was given.
    pub(in crate::sql_server) identity: Option<i64>,
    /// The error that a CATCH block is about.
    pub(in crate::sql_server) caught: Option<SqlError>,
    /// The transaction can only be rolled back.
    pub(in crate::sql_server) doomed: bool,
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
        "DBTS" => version(facts.view.storage().versions().last()),
        "IDENTITY" => identity(facts)?,
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
        "SCHEMA_NAME" => objects::schema_name(&arguments, facts),
        "SCHEMA_ID" => objects::schema_id(&arguments, facts),
        "OBJECT_ID" => objects::object_id(&arguments, facts),
        "OBJECT_NAME" | "OBJECT_SCHEMA_NAME" => objects::object_name(name, &arguments, facts),
        "DATABASE_PRINCIPAL_ID" | "HAS_DBACCESS" => Value::int(1),
        "MIN_ACTIVE_ROWVERSION" => version(facts.view.storage().versions().least_active()),
        "SCOPE_IDENTITY" => identity(facts)?,
        "NEWID" => Value {
            sql_type: SqlType::Guid,
            datum: Datum::Guid(guid::random()),
        },
        "ERROR_NUMBER" | "ERROR_SEVERITY" | "ERROR_STATE" | "ERROR_LINE" | "ERROR_MESSAGE"
        | "ERROR_PROCEDURE" => error_property(name, facts),
        "HOST_NAME" => Value::sysname(&facts.host),
        "APP_NAME" | "PROGRAM_NAME" => Value::sysname(&facts.app),
        "SERVERPROPERTY" => server_property(&first_text()),
        "CONNECTIONPROPERTY" => connection_property(&first_text(), facts),
        "DATABASEPROPERTYEX" => database_property(&first_text_at(&arguments, 1)),
        "SESSION_CONTEXT" | "SESSIONPROPERTY" => Value::null(SqlType::Int),
        "IS_SRVROLEMEMBER" | "IS_MEMBER" | "IS_ROLEMEMBER" | "HAS_PERMS_BY_NAME" => Value::int(0),
        "XACT_STATE" => {
            let state = if facts.doomed {
                -1
            } else {
                i32::from(facts.transactions > 0)
            };
            Value::int(state).cast(&SqlType::SmallInt)?
        }
        "GETDATE" | "GETUTCDATE" | "CURRENT_TIMESTAMP" => clock::now(SqlType::DateTime),
        "SYSDATETIME" | "SYSUTCDATETIME" => clock::now(SqlType::DateTime2(7)),
        "SYSDATETIMEOFFSET" => clock::now(SqlType::DateTimeOffset(7)),
        _ => {
            if let Some(value) = dates::call(name, &arguments).or_else(|| numbers::call(name, &arguments)) {
                return value;
            }
            text::call(name, arguments).ok_or_else(|| {
                let text = format!("'{name}' is not a recognized built-in function name.");
                SqlError::new(195, text).with_class(15)
            })?
        }
    })
}

/// A version as functions have it, which are not of the type of columns.
fn version(version: u64) -> Value {
    let value = Value::row_version(version);
    Value {
        sql_type: SqlType::Binary(size_of::<u64>()),
        ..value
    }
}

fn identity(facts: &Facts) -> Result<Value, SqlError> {
    let sql_type = SqlType::Decimal {
        precision: 38,
        scale: 0,
    };
    facts.identity.map_or_else(
        || Ok(Value::null(sql_type.clone())),
        |value| Value::big_int(value).cast(&sql_type),
    )
}

fn error_property(name: &str, facts: &Facts) -> Value {
    let is_text = matches!(name, "ERROR_MESSAGE" | "ERROR_PROCEDURE");
    let Some(error) = &facts.caught else {
        let text = SqlType::NVarChar(Some(8000));
        return Value::null(if is_text { text } else { SqlType::Int });
    };
    match name {
        "ERROR_MESSAGE" => Value::nvarchar(&error.message),
        "ERROR_PROCEDURE" => Value::null(SqlType::NVarChar(Some(256))),
        "ERROR_NUMBER" => Value::int(i32::try_from(error.number).unwrap_or(i32::MAX)),
        "ERROR_SEVERITY" => Value::int(error.class.into()),
        "ERROR_STATE" => Value::int(error.state.into()),
        _ => Value::int(1),
    }
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
        "collation" => Value::sysname(COLLATION_NAME),
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
        "collation" => Value::sysname(COLLATION_NAME),
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

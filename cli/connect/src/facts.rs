//! Facts of a connection: server, database and user.

use odbc_api::{Connection, Cursor as _};
use serde_json::{Value, json};

/// The `facts` event; a fact that cannot be queried is null.
pub fn event(connection: &Connection<'_>) -> Value {
    let query_scalar = |query: &str| scalar(connection, query);
    json!({
        "event": "facts",
        "product": connection.database_management_system_name().ok(),
        "database": connection.current_catalog().ok(),
        "server": query_scalar("SELECT CAST(@@SERVERNAME AS nvarchar(128))"),
        "version": query_scalar("SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128))"),
        "user": query_scalar("SELECT SUSER_SNAME()"),
        "database_user": query_scalar("SELECT USER_NAME()"),
        // Needs VIEW SERVER STATE or VIEW DATABASE STATE.
        "encrypted": query_scalar("SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"),
    })
}

/// The one value of a query's one row.
fn scalar(connection: &Connection<'_>, query: &str) -> Option<String> {
    let mut cursor = connection.execute(query, (), None).ok()??;
    let mut row = cursor.next_row().ok()??;
    let mut text = Vec::new();
    let is_value = row.get_wide_text(1, &mut text).ok()?;
    is_value.then(|| String::from_utf16_lossy(&text))
}

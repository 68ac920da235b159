//! Where a connection leads, and who it is there.

use odbc_api::{Connection, Cursor as _};
use serde_json::{Value, json};

/// What the server and the driver say; what they refuse to say is left out.
pub fn of(connection: &Connection<'_>) -> Value {
    let ask = |query: &str| scalar(connection, query);
    json!({
        "event": "facts",
        "product": connection.database_management_system_name().ok(),
        "database": connection.current_catalog().ok(),
        "server": ask("SELECT CAST(@@SERVERNAME AS nvarchar(128))"),
        "version": ask("SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128))"),
        "user": ask("SELECT SUSER_SNAME()"),
        "database_user": ask("SELECT USER_NAME()"),
        // Needs VIEW SERVER STATE or VIEW DATABASE STATE.
        "encrypted": ask("SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"),
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

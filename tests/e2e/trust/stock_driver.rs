//! Strings that a token travels with by other means: the C API's, for the stock driver.

use test_support::{machine::Machine, process::finished, registration::STOCK_DRIVER};

const STOCK: &str = "
import ctypes, os, sys
library = ctypes.CDLL(os.environ['ENTRA_ODBC_LIBRARY'])
library.entra_error_message.restype = ctypes.c_char_p
library.entra_text_value.restype = ctypes.c_char_p
for string in sys.argv[1:]:
    text, error = ctypes.c_void_p(), ctypes.c_void_p()
    answer = library.entra_stock_connection_string(string.encode(), ctypes.byref(text), ctypes.byref(error))
    if answer:
        print('refused:', library.entra_error_message(error).decode())
    else:
        print(library.entra_text_value(text).decode())
";

#[test]
fn every_string_is_checked_whoever_brings_the_token() {
    let machine = Machine::new().with(
        "ENTRA_ODBC_LIBRARY",
        test_support::drivers::built_library().to_str().unwrap(),
    );
    machine.write_ini(
        "odbc.ini",
        &format!("[books]\nDriver={STOCK_DRIVER}\nServer=evil.example\nRegPrecedence=Yes\n"),
    );
    let driver = format!("DRIVER={{{STOCK_DRIVER}}}");
    let output = machine.python(
        STOCK,
        &[
            &format!("{driver};SERVER=evil.example;TrustServerCertificate=yes"),
            &format!("{driver};SERVER=evil.example"),
            "DSN=books",
            &format!("{driver};SERVER=x.database.windows.net;TrustServerCertificate=yes"),
            "DSN=books;SERVER=x.database.windows.net",
            &format!("{driver};SERVER=x.privatelink.database.windows.net"),
            // The token is taken for one of SQL Server's, which these servers have nothing to do with.
            &format!("{driver};SERVER=evil.crm4.dynamics.com"),
            &format!("{driver};SERVER=evil.kusto.windows.net"),
            // This driver alone can be led elsewhere.
            &format!("{driver};SERVER=x.database.windows.net;Connect_To=127.0.0.1"),
            &format!("{driver};SERVER=sql.corp.example;HostnameInCertificate=x.database.windows.net"),
        ],
    );
    let output = finished(&output, "stock");
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 10, "{output}");
    for (refused, words) in
        lines[6..]
            .iter()
            .zip(["evil.crm4", "evil.kusto", "cannot be led", "cannot be led"])
    {
        assert!(
            refused.starts_with("refused:") && refused.contains(words),
            "{output}"
        );
    }
    for refused in &lines[..3] {
        assert!(
            refused.starts_with("refused:") && refused.contains("evil.example"),
            "{output}"
        );
    }
    assert!(
        lines[5].contains("HostnameInCertificate={x.database.windows.net}"),
        "{output}"
    );
    for told in &lines[3..5] {
        let start =
            format!("{driver};SERVER=x.database.windows.net;ADDRESS=x.database.windows.net;Encrypt=yes;");
        assert!(
            told.starts_with(&start) && told.contains("TrustServerCertificate=no"),
            "{output}"
        );
        assert!(
            !told.contains("DSN=") && !told.contains("TrustServerCertificate=yes"),
            "{output}"
        );
    }
}

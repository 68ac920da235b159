//! Files that whoever writes a string or sets a variable chooses: what is no small regular file is told at once, and
//! nobody else's sign-in waits for it.

use test_support::{
    connection_string::{MSI, payroll},
    machine::Machine,
    process::finished,
};

/// One person connects with the first string, and fails; then another one with the second, in the same process. The
/// error of the former, whose sign-in is over or hangs by then, and the name of the latter.
const TWO: &str = "
import pyodbc, sys, threading
pyodbc.pooling = False
odd, good = sys.argv[1:]
errors = []
def fail():
    try:
        pyodbc.connect(odd)
    except pyodbc.Error as error:
        errors.append(str(error))
thread = threading.Thread(target=fail)
thread.start()
# Several, so that one of them comes while the other string is dealt with.
names = {pyodbc.connect(good).execute('SELECT SUSER_SNAME()').fetchval() for _ in range(5)}
thread.join()
names.add(pyodbc.connect(good).execute('SELECT SUSER_SNAME()').fetchval())
assert len(names) == 1, names
print(errors[0])
";

/// A FIFO that nobody writes to, a device without an end, a directory, and a file of a terabyte; what each is called.
fn odd_files(machine: &Machine) -> Vec<(String, &'static str)> {
    let path = |name: &str| machine.path(name).to_str().unwrap().to_owned();
    let fifo = path("fifo");
    assert!(machine.command("mkfifo").arg(&fifo).status().unwrap().success());
    let huge = machine.file("huge", "");
    std::fs::OpenOptions::new()
        .write(true)
        .open(&huge)
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    vec![
        (fifo, "a FIFO"),
        ("/dev/zero".to_owned(), "a device"),
        (path(""), "a directory"),
        (huge, "longer than"),
    ]
}

/// The error names all of these.
fn assert_told(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "{part} in {error}");
    }
}

/// Signed in as the application "payroll", whose tenant has to be asked of the server.
fn without_a_tenant() -> String {
    let payroll = payroll();
    let at = payroll.find("TenantId=").unwrap();
    payroll[..at].to_owned()
}

#[test]
fn a_server_certificate_that_is_no_file_of_certificates_holds_up_nobody_else() {
    let machine = Machine::new();
    for (path, kind) in odd_files(&machine) {
        let odd = machine.string(&format!(
            "{}Encrypt=strict;ServerCertificate={path};",
            without_a_tenant()
        ));
        let good = machine.string(&format!("{MSI}TrustServerCertificate=yes;"));
        let error = finished(&machine.python(TWO, &[&odd, &good]), "two");
        assert_told(
            &error,
            &["HY000", "[entra-odbc]", "ServerCertificate=", &path, kind],
        );
    }
}

#[test]
fn every_keyword_with_a_file_tells_at_once_what_is_wrong_with_it() {
    let machine = Machine::new();
    let good = machine.string(&format!("{MSI}TrustServerCertificate=yes;"));
    let (uid, tenant) = ("UID=x", "TenantId=t");
    for (path, kind) in odd_files(&machine) {
        for (keyword, rest) in [
            ("AccessTokenFile", String::new()),
            (
                "PWDFile",
                format!("Authentication=ActiveDirectoryServicePrincipal;{uid};{tenant};"),
            ),
            (
                "ClientCertificate",
                format!("Authentication=ActiveDirectoryServicePrincipal;{uid};{tenant};"),
            ),
            (
                "ClientAssertionFile",
                format!("Authentication=ActiveDirectoryClientAssertion;{uid};{tenant};"),
            ),
            (
                "UserAssertionFile",
                format!("Authentication=ActiveDirectoryOnBehalfOf;{uid};PWD=x;{tenant};"),
            ),
            (
                "RefreshTokenFile",
                format!("Authentication=ActiveDirectoryRefreshToken;{tenant};"),
            ),
        ] {
            let odd = machine.string(&format!("{rest}{keyword}={path};"));
            let error = finished(&machine.python(TWO, &[&odd, &good]), keyword);
            let parts = ["HY000", keyword, &path, kind];
            // A refresh token's is looked at for its owner and mode first.
            let told = if keyword == "RefreshTokenFile" {
                &parts[..3]
            } else {
                &parts
            };
            assert_told(&error, told);
        }
    }
}

#[test]
fn authorities_that_can_never_be_read_are_told_with_the_variable() {
    let machine = Machine::new();
    let odd_ones = odd_files(&machine);
    // Driver 18 reads the variable itself where it validates.
    let plain = "TrustServerCertificate=yes;";
    for (path, kind) in odd_ones {
        let machine_string = |rest: &str| machine.string(&format!("{rest}{plain}"));
        let mut command = machine.command(test_support::hosts::python());
        command.env("SSL_CERT_FILE", &path).args(["-c", TWO]);
        let output = command
            .args([machine_string(&payroll()), machine_string(MSI)])
            .output()
            .unwrap();
        let error = finished(&output, "two");
        assert_told(&error, &["08001", "SSL_CERT_FILE", &path, kind]);
    }
    // A directory of them may hold anything beside certificates.
    let directory = machine.path("authorities");
    std::fs::create_dir(&directory).unwrap();
    std::fs::copy(machine.path("ca.pem"), directory.join("ca.pem")).unwrap();
    std::fs::rename(machine.path("fifo"), directory.join("fifo")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", directory.join("zero")).unwrap();
    let mut command = machine.command(test_support::hosts::python());
    command
        .env_remove("SSL_CERT_FILE")
        .env("SSL_CERT_DIR", &directory)
        .args(["-c", test_support::hosts::PYODBC_LOGIN_NAME])
        .arg(machine.string(&format!("{}{plain}", payroll())));
    finished(&command.output().unwrap(), "a directory of authorities");
}

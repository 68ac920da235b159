//! A machine of its own for each test: ini files in a private directory, stand-ins on ports of their own.
//!
//! Hosts run as processes with exactly the environment that is set here; nothing of the user's own ini files or
//! of this process is changed.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, Playground, PlaygroundOptions, TENANT_ID};

use crate::{library, who::braced};

/// The name under which the library is registered.
pub const DRIVER: &str = "ODBC Driver 18 Entra for SQL Server";
/// The name of Microsoft's driver, unwrapped.
pub const BARE: &str = "ODBC Driver 18 for SQL Server";

/// Ini files, stand-ins, and the environment of the hosts.
pub struct Machine {
    pub playground: Playground,
    pub directory: PathBuf,
    pub variables: BTreeMap<String, String>,
}

impl Machine {
    pub fn new() -> Self {
        Self::of(&PlaygroundOptions::default())
    }

    /// A machine whose stand-ins are of this kind.
    pub fn of(options: &PlaygroundOptions) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("entra-odbc-e2e-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let playground = Playground::start(options);
        fs::write(directory.join("ca.pem"), playground.ca.pem()).unwrap();
        let machine = Self {
            variables: Self::variables(&directory, &playground),
            playground,
            directory,
        };
        machine.register(&[ours(DRIVER), section(BARE, &library::real_driver())].concat());
        machine.write_ini("odbc.ini", "");
        machine
    }

    fn variables(directory: &Path, playground: &Playground) -> BTreeMap<String, String> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", text(directory)),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("ODBCSYSINI", text(directory)),
            ("ODBCINI", text(&directory.join("odbc.ini"))),
            ("SSL_CERT_FILE", text(&directory.join("ca.pem"))),
            ("AZURE_AUTHORITY_HOST", playground.entra.authority()),
            (
                "AZURE_POD_IDENTITY_AUTHORITY_HOST",
                playground.managed_identity.imds(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The same machine with another variable.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    pub fn write_ini(&self, name: &str, content: &str) {
        fs::write(self.directory.join(name), content).unwrap();
    }

    /// Writes odbcinst.ini.
    pub fn register(&self, sections: &str) {
        self.write_ini("odbcinst.ini", sections);
    }

    /// Registers nothing but the library, so that no real driver is found by name.
    pub fn only_us(&self) {
        self.register(&section(DRIVER, &library::built_library()));
    }

    /// Gives the library the stock driver's name, as `entra-odbc install --replace` does.
    pub fn take_the_stock_name(&self) {
        self.register(&ours(BARE));
    }

    /// Turns unixODBC's pool on.
    pub fn pool(&self) {
        self.register(&format!("[ODBC]\nPooling=Yes\n\n{}CPTimeout=120\n", ours(DRIVER)));
    }

    /// Writes a file on this machine and returns its path.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.directory.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Writes a shell script on this machine, in its directory `tools`, and returns its path.
    ///
    /// Another process writes it: what this one opens for writing, a host that another test starts just then has for a
    /// moment as well, and the script could not be run meanwhile (`ETXTBSY`).
    pub fn tool(&self, name: &str, script: &str) -> PathBuf {
        let path = self.directory.join("tools").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut writer = Command::new("/bin/sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        write!(writer.stdin.take().unwrap(), "#!/bin/sh\n{script}\n").unwrap();
        assert!(writer.wait().unwrap().success());
        path
    }

    /// The same machine with that script before all others on its PATH.
    pub fn with_tool(self, name: &str, script: &str) -> Self {
        let tool = self.tool(name, script);
        let path = format!("{}:{}", tool.parent().unwrap().display(), self.variables["PATH"]);
        self.with("PATH", path)
    }

    /// `DRIVER=` and `SERVER=` through the library, then `rest`.
    pub fn string(&self, rest: &str) -> String {
        format!("DRIVER={{{DRIVER}}};{}{rest}", self.server())
    }

    /// The same through Microsoft's driver alone.
    pub fn bare_string(&self, rest: &str) -> String {
        format!("DRIVER={{{BARE}}};{}{rest}", self.server())
    }

    pub fn server(&self) -> String {
        format!("SERVER=localhost,{};", self.playground.sql_server.port())
    }

    /// A command with this machine's environment and nothing else of the test's own.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.directory)
            .stdin(Stdio::null());
        command
    }

    /// `isql -k` with a query on its standard input; its output, which must not be a failure.
    pub fn isql(&self, string: &str, sql: &str) -> String {
        self.isql_with(&["-k", string], sql)
    }

    /// isql with arguments of one's own.
    pub fn isql_with(&self, arguments: &[&str], sql: &str) -> String {
        finished(&self.isql_output(arguments, sql), "isql")
    }

    /// What isql says of a connection that fails.
    pub fn isql_failure(&self, string: &str) -> String {
        let output = self.isql_output(&["-k", string], "");
        assert!(!output.status.success(), "connected");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    fn isql_output(&self, arguments: &[&str], sql: &str) -> Output {
        let mut child = self
            .command("isql")
            .args(["-b", "-v", "-d|"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // isql ends without reading when it cannot connect.
        let _ = writeln!(child.stdin.take().unwrap(), "{sql}");
        child.wait_with_output().unwrap()
    }

    /// Python, with `arguments` in `sys.argv[1:]`.
    pub fn python(&self, program: &str, arguments: &[&str]) -> Output {
        self.command(python())
            .args(["-c", program])
            .args(arguments)
            .output()
            .unwrap()
    }

    /// What `SELECT SUSER_SNAME()` says to pyodbc.
    pub fn pyodbc(&self, string: &str) -> String {
        finished(&self.python(PYODBC_WHO, &[string]), "pyodbc")
    }

    /// The text of the exception that pyodbc raises.
    pub fn pyodbc_error(&self, string: &str) -> String {
        finished(&self.python(PYODBC_ERROR, &[string]), "pyodbc")
    }

    /// Runs the scripted C host; its output, which must not be a failure.
    pub fn script(&self, steps: &[&str]) -> String {
        finished(&self.script_output(steps), &format!("{steps:?}"))
    }

    /// The same, whether it fails or not.
    pub fn script_output(&self, steps: &[&str]) -> Output {
        self.command(&*SCRIPT_HOST).args(steps).output().unwrap()
    }

    /// A token for a person, good for an hour.
    pub fn user_token(&self, name: &str) -> String {
        self.playground.user_token(name, Duration::from_hours(1))
    }

    /// Signed in as the application "payroll".
    pub fn payroll() -> String {
        format!(
            "Authentication=ActiveDirectoryServicePrincipal;UID={PAYROLL_CLIENT_ID};\
             PWD={};TenantId={TENANT_ID};",
            braced(PAYROLL_SECRET)
        )
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept for a look: {}", self.directory.display());
        } else {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// A section of odbcinst.ini.
pub fn section(name: &str, driver: &Path) -> String {
    format!("[{name}]\nDriver={}\n", driver.display())
}

/// That of the library in front of Microsoft's driver.
pub fn ours(name: &str) -> String {
    let real = library::real_driver();
    format!(
        "{}RealDriver={}\n",
        section(name, &library::built_library()),
        real.display()
    )
}

/// The Python that has pyodbc.
pub fn python() -> String {
    std::env::var("ENTRA_ODBC_TEST_PYTHON")
        .expect("ENTRA_ODBC_TEST_PYTHON must name a Python with pyodbc: run the tests by `make test`")
}

/// Prints what `SELECT SUSER_SNAME()` says.
pub const PYODBC_WHO: &str = "
import pyodbc, sys
print(pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval())
";

const PYODBC_ERROR: &str = "
import pyodbc, sys
try:
    pyodbc.connect(sys.argv[1])
except pyodbc.Error as error:
    print(error)
else:
    sys.exit('connected')
";

/// The standard output of a program that must have succeeded, without its last line end.
pub fn finished(output: &Output, what: &str) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{what}: {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text.trim_end().to_owned()
}

/// A C program of tests/hosts, compiled once per test run.
pub fn compile(source: &str, arguments: &[&str]) -> PathBuf {
    compile_as(source, source, arguments)
}

/// The same under another name: one source, compiled in several ways.
pub fn compile_as(name: &str, source: &str, arguments: &[&str]) -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let compiler = Command::new("cc")
        .args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-O1", "-o"])
        .arg(&target)
        .arg(sources.join(source))
        .args(arguments)
        .output()
        .expect("a C compiler: `make test` installs gcc");
    finished(&compiler, source);
    target
}

/// The scripted host's file.
pub fn script_host() -> PathBuf {
    SCRIPT_HOST.clone()
}

static SCRIPT_HOST: LazyLock<PathBuf> = LazyLock::new(|| compile("script.c", &["-ldl"]));

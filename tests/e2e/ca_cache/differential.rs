//! The same connects in the same order, unwrapped and through the library, while certificates come and go.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Arc,
};

use standins::{
    certificates::CertificateAuthority,
    playground::{SQL_PASSWORD, SQL_USER},
    sql_server::{SqlServer, SqlServerOptions},
};
use test_support::{
    connection_string::sql_login,
    machine::Machine,
    process::finished,
    registration::{DRIVER, STOCK_DRIVER},
};

use super::{Host, LOADED, SHARED, count, logging, settle};

/// Servers with good and bad certificates of several authorities.
struct Servers {
    good: SqlServer,
    /// Of an authority that is not trusted at first.
    other: SqlServer,
    /// Of an authority that nobody but an attacker trusts.
    attackers: SqlServer,
    expired: SqlServer,
    early: SqlServer,
    misnamed: SqlServer,
    self_signed: SqlServer,
}

/// Authorities, and the files that make clients trust them.
struct Trust {
    authority: Arc<CertificateAuthority>,
    other: CertificateAuthority,
    attackers: CertificateAuthority,
    directory: PathBuf,
}

impl Trust {
    fn new(machine: &Machine) -> Self {
        let directory = machine.path("trust");
        fs::create_dir(&directory).unwrap();
        Self {
            authority: Arc::clone(&machine.playground.ca),
            other: CertificateAuthority::new(),
            attackers: CertificateAuthority::new(),
            directory,
        }
    }

    fn servers(&self, machine: &Machine) -> Servers {
        const NAMES: &[&str] = &["localhost", "127.0.0.1"];
        let start = |tls| {
            let options = SqlServerOptions::new(tls, Arc::clone(&machine.playground.issuer));
            SqlServer::start(options.with_user(SQL_USER, SQL_PASSWORD)).unwrap()
        };
        Servers {
            good: start(self.authority.server_config(NAMES)),
            other: start(self.other.server_config(NAMES)),
            attackers: start(self.attackers.server_config(NAMES)),
            expired: start(self.authority.expired_server_config(NAMES)),
            early: start(self.authority.early_server_config(NAMES)),
            misnamed: start(self.authority.server_config(&["elsewhere.example"])),
            self_signed: start(CertificateAuthority::self_signed_server_config(NAMES)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Replaces a bundle by renaming, as `update-ca-certificates` does.
    fn write(&self, name: &str, text: &str) {
        let new = self.path("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    /// Overwrites a bundle in place.
    fn overwrite(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Puts a certificate where OpenSSL looks for it by the hash of its subject.
    fn put_into(&self, machine: &Machine, directory: &str, pem: &str, number: u32) -> PathBuf {
        let directory = self.path(directory);
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join(format!("certificate-{number}.pem"));
        fs::write(&file, pem).unwrap();
        let mut hash = machine.command("openssl");
        hash.args(["x509", "-noout", "-hash", "-in"]).arg(&file);
        let hash = finished(&hash.output().unwrap(), "openssl x509 -hash");
        let link = directory.join(format!("{}.{number}", hash.trim()));
        let _ = fs::remove_file(&link);
        symlink(file.file_name().unwrap(), &link).unwrap();
        link
    }
}

/// Connects with everything that may be said of the certificate, and prints what came of it.
struct Run<'a> {
    host: Host,
    driver: &'a str,
    servers: &'a Servers,
    trust: &'a Trust,
    answers: Vec<String>,
}

impl Run<'_> {
    fn connect(&mut self, name: &str, server: &SqlServer, rest: &str) {
        let string = format!(
            "DRIVER={{{}}};SERVER=localhost,{};{}{rest}",
            self.driver,
            server.port(),
            sql_login()
        );
        let answer = self.host.connect(&string);
        self.answers.push(format!("{name} {rest}: {answer}"));
    }

    /// At all servers, good ones between bad ones, and both before and after the files have settled.
    fn connect_to_all(&mut self, when: &str, files: &[&str]) {
        let servers = self.servers;
        for pass in ["at once", "settled", "shared"] {
            self.answers.push(format!("-- {when}, {pass}"));
            for (name, server) in [
                ("good", &servers.good),
                ("other", &servers.other),
                ("attacker's", &servers.attackers),
                ("expired", &servers.expired),
                ("good", &servers.good),
                ("early", &servers.early),
                ("misnamed", &servers.misnamed),
                ("self-signed", &servers.self_signed),
            ] {
                self.connect(name, server, "Encrypt=yes;");
            }
            for file in files {
                settle(&self.trust.path(file));
            }
        }
    }

    fn set(&mut self, name: &str, value: &Path) {
        self.host.ask(&format!("set {name} {}", value.display()));
    }
}

/// Everything, in one process.
fn run(machine: &Machine, driver: &str, trust: &Trust, servers: &Servers) -> Vec<String> {
    let (first, second) = (trust.authority.pem(), trust.other.pem());
    let system = fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    trust.write("bundle", &format!("{system}{first}"));
    let mut run = Run {
        host: Host::start(machine),
        driver,
        servers,
        trust,
        answers: Vec::new(),
    };
    run.set("SSL_CERT_FILE", &trust.path("bundle"));
    run.set("SSL_CERT_DIR", &trust.path("none"));
    run.connect_to_all("one authority", &["bundle"]);
    for rest in [
        "Encrypt=strict;",
        "Encrypt=yes;TrustServerCertificate=yes;",
        "Encrypt=no;TrustServerCertificate=yes;",
        "Encrypt=yes;HostnameInCertificate=elsewhere.example;",
        "Encrypt=strict;HostnameInCertificate=elsewhere.example;",
        "Encrypt=yes;HostnameInCertificate=nowhere.example;",
    ] {
        for (name, server) in [
            ("good", &servers.good),
            ("misnamed", &servers.misnamed),
            ("other", &servers.other),
            ("expired", &servers.expired),
        ] {
            run.connect(name, server, rest);
        }
    }

    trust.overwrite("bundle", &format!("{system}{first}{second}"));
    run.connect_to_all("an authority is added in place", &["bundle"]);
    trust.write("bundle", &format!("{system}{second}"));
    run.connect_to_all("the first is removed by rename", &["bundle"]);
    trust.overwrite("bundle", &format!("{system}{first}"));
    run.connect_to_all("one for another, of the same size", &["bundle"]);

    trust.write("attackers", trust.attackers.pem());
    run.set("SSL_CERT_FILE", &trust.path("attackers"));
    run.connect_to_all("the variable names another file", &["attackers"]);
    run.host.ask("unset SSL_CERT_FILE");
    run.connect_to_all("the variable is gone", &[]);
    run.set("SSL_CERT_FILE", &trust.path("missing"));
    run.connect_to_all("it names no file", &[]);
    run.set("SSL_CERT_FILE", &trust.directory);
    run.connect_to_all("it names a directory", &[]);
    run.set("SSL_CERT_FILE", Path::new(""));
    run.connect_to_all("it is empty", &[]);
    trust.write(
        "broken",
        &format!("{first}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    );
    run.set("SSL_CERT_FILE", &trust.path("broken"));
    run.connect_to_all("it names a file that is broken at its end", &["broken"]);
    run.set("SSL_CERT_FILE", &trust.path("bundle"));
    run.connect_to_all("it names the bundle again", &["bundle"]);

    let link = trust.put_into(machine, "certs", second, 0);
    run.set("SSL_CERT_DIR", &trust.path("certs"));
    run.connect_to_all("another authority in a directory", &["bundle", "certs"]);
    trust.put_into(machine, "certs", trust.attackers.pem(), 1);
    run.connect_to_all("a third beside it", &["bundle", "certs"]);
    // The link, and so the directory, stays as it is.
    trust.overwrite("certs/certificate-1.pem", second);
    run.connect_to_all("the file of the third has the second", &["bundle", "certs"]);
    fs::remove_file(link).unwrap();
    run.connect_to_all("the first link is removed", &["bundle", "certs"]);
    fs::create_dir(trust.path("empty")).unwrap();
    fs::rename(trust.path("certs"), trust.path("former")).unwrap();
    fs::rename(trust.path("empty"), trust.path("certs")).unwrap();
    run.connect_to_all("the directory is another one", &["bundle", "certs"]);
    run.set("SSL_CERT_DIR", &trust.path("former"));
    run.connect_to_all("the variable names the former one", &["bundle"]);
    fs::remove_dir_all(&trust.directory).unwrap();
    fs::create_dir(&trust.directory).unwrap();
    run.connect_to_all("everything is gone", &[]);
    run.answers
}

#[test]
fn certificates_that_come_and_go_count_as_with_the_unwrapped_driver() {
    let machine = logging();
    let trust = Trust::new(&machine);
    let servers = trust.servers(&machine);
    let bare = run(&machine, STOCK_DRIVER, &trust, &servers);
    let ours = run(&machine, DRIVER, &trust, &servers);
    for (ours, bare) in ours.iter().zip(&bare) {
        assert_eq!(ours, bare);
    }
    assert_eq!(ours.len(), bare.len());
    // The comparison says something: both kinds of answers, and stores that were shared.
    let connected = bare
        .iter()
        .filter(|answer| answer.ends_with(": connected"))
        .count();
    let refused = bare
        .iter()
        .filter(|answer| answer.contains("certificate verify failed"))
        .count();
    assert!(
        connected > 80 && refused > 200,
        "{connected} connected, {refused} refused"
    );
    let (loaded, shared) = (count(&machine, LOADED), count(&machine, SHARED));
    assert!(loaded >= 7 && shared > 80, "{loaded} loaded, {shared} shared");
}

#[test]
fn a_certificate_that_the_string_itself_names_counts_beside_a_shared_store() {
    let machine = logging();
    let trust = Trust::new(&machine);
    let servers = trust.servers(&machine);
    let (tls, der) = CertificateAuthority::self_signed(&["localhost"]);
    let options = SqlServerOptions::new(tls, Arc::clone(&machine.playground.issuer));
    let pinned = SqlServer::start(options.with_user(SQL_USER, SQL_PASSWORD)).unwrap();
    let pin = machine.path("pinned.cer");
    fs::write(&pin, der).unwrap();
    let answers = |driver: &str| {
        let mut host = Host::start(&machine);
        let mut connect = |server: &SqlServer, rest: &str| {
            host.connect(&format!(
                "DRIVER={{{driver}}};SERVER=localhost,{};{}{rest}",
                server.port(),
                sql_login()
            ))
        };
        let pin = format!("Encrypt=strict;ServerCertificate={};", pin.display());
        let mut answers = Vec::new();
        for _ in 0..2 {
            for rest in ["Encrypt=strict;", "Encrypt=yes;", &pin] {
                answers.push(connect(&servers.good, rest));
                answers.push(connect(&pinned, rest));
                answers.push(connect(&servers.self_signed, rest));
            }
        }
        answers
    };
    let bare = answers(STOCK_DRIVER);
    assert!(
        bare.iter().any(|answer| answer == "connected") && bare.iter().any(|answer| answer != "connected")
    );
    assert_eq!(answers(DRIVER), bare);
    assert!(count(&machine, SHARED) > 3);
}

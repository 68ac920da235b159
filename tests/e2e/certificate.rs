//! A certificate of the application "payroll", made by OpenSSL as people make them.

use standins::playground::PAYROLL_CLIENT_ID;
use test_support::{machine::Machine, process::finished};

/// The password of the key in `locked.pem`.
pub const KEY_PASSWORD: &str = "key-password";

/// Makes a certificate and uploads it to the application's registration.
///
/// The machine's directory then has `public.pem` and `key.pem`, both together in `cert.pem`, and the key encrypted in
/// `locked.pem`, which is in `locked-cert.pem` with the certificate.
pub fn upload(machine: &Machine) {
    openssl(
        machine,
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out public.pem -days 2 -subj /CN=payroll",
    );
    openssl(machine, "x509 -in public.pem -outform DER -out public.der");
    openssl(
        machine,
        &format!("pkcs8 -topk8 -in key.pem -out locked.pem -passout pass:{KEY_PASSWORD}"),
    );
    join(machine, "public.pem", "key.pem", "cert.pem");
    join(machine, "public.pem", "locked.pem", "locked-cert.pem");
    let certificate = std::fs::read(machine.path("public.der")).unwrap();
    machine.playground.entra.change(|directory| {
        let apps = directory.tenants.iter_mut().flat_map(|tenant| &mut tenant.apps);
        for app in apps.filter(|app| app.client_id == PAYROLL_CLIENT_ID) {
            app.certificates.push(certificate.clone());
        }
    });
}

/// Runs OpenSSL in the machine's directory; no argument has a blank in it.
pub fn openssl(machine: &Machine, arguments: &str) {
    let mut command = machine.command("openssl");
    command.args(arguments.split(' '));
    finished(
        &command.output().expect("openssl: `make test` installs it"),
        arguments,
    );
}

/// Writes two files of the machine's directory into one.
pub fn join(machine: &Machine, first: &str, second: &str, both: &str) {
    let read = |name: &str| std::fs::read(machine.path(name)).unwrap();
    std::fs::write(machine.path(both), [read(first), read(second)].concat()).unwrap();
}

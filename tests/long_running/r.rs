//! R with RODBC: a session at a prompt or in a notebook, left alone for longer than a token lives.

use test_support::{
    connection_string::MSI, host_process::HostProcess, login_name::system_assigned, machine::Machine,
};

use crate::token_lifetime::{assert_restored, wait_for_renewal_and_expiry};

fn r(machine: &Machine, program: &str, string: &str) -> HostProcess {
    let program = machine.file(
        "program.R",
        &format!(
            "
suppressMessages(library(RODBC))
input <- file('stdin', 'r')
say <- function(...) {{ cat(..., '\\n', sep = ''); flush(stdout()) }}
hear <- function() invisible(readLines(input, 1))
who <- function(channel) {{
    answer <- sqlQuery(channel, 'SELECT SUSER_SNAME() AS who', stringsAsFactors = FALSE)
    if (is.data.frame(answer)) answer$who else paste(answer, collapse = ' ')
}}
string <- commandArgs(TRUE)[1]
{program}
"
        ),
    );
    let mut command = machine.command("Rscript");
    command.args(["--vanilla", &program, string]);
    HostProcess::spawn(command)
}

#[test]
fn a_channel_outlives_its_token_and_its_socket() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = r(
        &machine,
        "
channel <- odbcDriverConnect(string)
repeat { say(who(channel)); hear() }
",
        &machine.string(MSI),
    );
    assert_eq!(host.read_line(), system_assigned(&machine));
    wait_for_renewal_and_expiry(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_restored(&machine, 1, 1);
}

/// RODBC keeps the string that the driver completed, and connects again with that.
#[test]
fn a_channel_is_opened_again_with_the_completed_string() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = r(
        &machine,
        "
channel <- odbcDriverConnect(string)
say(who(channel))
hear()
odbcClose(channel)
channel <- odbcReConnect(channel)
say(who(channel))
hear()
",
        &machine.string(MSI),
    );
    assert_eq!(host.read_line(), system_assigned(&machine));
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_eq!(machine.accepted_logins().len(), 2);
    assert_eq!(machine.managed_identity_requests(), 1);
}

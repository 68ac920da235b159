//! R with RODBC: a session at a prompt or in a notebook, left alone for longer than a token lives.

use crate::{
    expiry::{assert_restored, outlive_renewed, short_lived},
    machine::Machine,
    talk::Talk,
    who::{MSI, identity, logins, requests},
};

fn r(machine: &Machine, program: &str, string: &str) -> Talk {
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
    Talk::with(command)
}

#[test]
fn a_channel_outlives_its_token_and_its_socket() {
    let machine = short_lived();
    let mut host = r(
        &machine,
        "
channel <- odbcDriverConnect(string)
repeat { say(who(channel)); hear() }
",
        &machine.string(MSI),
    );
    assert_eq!(host.hear(), identity(&machine));
    outlive_renewed(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.say("again");
    assert_eq!(host.hear(), identity(&machine));
    assert_restored(&machine, 1, 1);
}

/// RODBC keeps the string that the driver completed, and connects again with that.
#[test]
fn a_channel_is_opened_again_with_the_completed_string() {
    let machine = short_lived();
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
    assert_eq!(host.hear(), identity(&machine));
    host.say("again");
    assert_eq!(host.hear(), identity(&machine));
    assert_eq!(logins(&machine).len(), 2);
    assert_eq!(requests(&machine), 1);
}

//! `completions`: the completion scripts of the shells.

use crate::{
    arguments,
    ui::{failure::Failure, terminal},
};
use clap::CommandFactory as _;
use clap_complete::Shell;
use entra_auth::credential::MODES;

const HELP: &str = "\
Examples:
  entra-odbc completions bash > /etc/bash_completion.d/entra-odbc
  entra-odbc completions zsh > ~/.zfunc/_entra-odbc
  entra-odbc completions fish \\
      > ~/.config/fish/completions/entra-odbc.fish";

/// The prefix that clap_complete 4.6 looks up subcommands by in bash's script; it takes the hyphen of our name for the
/// end of the name, while the rest of the script has the right prefix.
const WRONG_PREFIX: &str = "entra__subcmd__odbc";
const PREFIX: &str = "entra__odbc";

/// What bash's script has at its end: bash takes `=` for the end of a word, so that the value is one of its own.
const BASH_VALUES: &str = r#"
_entra__odbc_values() {
    local at=$((COMP_CWORD - 1)) word=${COMP_WORDS[COMP_CWORD]}
    if [[ $word == "=" ]]; then
        at=$COMP_CWORD word=""
    fi
    if ((at > 0)) && [[ ${COMP_WORDS[at]} == "=" && ${COMP_WORDS[at - 1]} == Authentication ]]; then
        COMPREPLY=($(compgen -W "VALUES" -- "$word"))
        return
    fi
    _entra__odbc "$@"
}
complete -F _entra__odbc_values -o nosort -o bashdefault -o default entra-odbc 2>/dev/null ||
    complete -F _entra__odbc_values -o bashdefault -o default entra-odbc
"#;

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "entra-odbc", &mut script);
    let mut script = String::from_utf8_lossy(&script).replace(WRONG_PREFIX, PREFIX);
    if arguments.shell == Shell::Bash {
        let values: Vec<_> = MODES
            .iter()
            .map(|mode| format!("ActiveDirectory{}", mode.name))
            .collect();
        script.push_str(&BASH_VALUES.replace("VALUES", &values.join(" ")));
    }
    terminal::print_bytes(script.as_bytes())?;
    Ok(())
}

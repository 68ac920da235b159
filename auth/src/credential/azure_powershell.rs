//! `AzurePowerShell`: the account that Azure PowerShell is signed in with.

use super::{
    BoxFuture, CredentialContext, SignIn, TokenRequest,
    developer_tool::{self, DeveloperTool, Tool},
};
use crate::{Error, ErrorKind, Secret, Token};
use ::azure_identity::Executor;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    ffi::OsStr,
    time::{Duration, SystemTime},
};
use zeroize::Zeroizing;

const PWSH: Tool = Tool {
    mode: "AzurePowerShell",
    command: "pwsh",
    name: "PowerShell (pwsh)",
    directory_variable: "AZURE_POWERSHELL_CONFIG_DIR",
    directory: ".Azure",
    variables: &[],
    external: &[],
    state: &["AzureRmContext.json", "AzureRmContextSettings.json"],
    delegate: None,
    login: "Connect-AzAccount",
    signed_out: &["Connect-AzAccount"],
    trial: "Get-AzAccessToken in pwsh",
    needs: "Update the module: Install-Module Az.Accounts -Force.",
};

/// Marks the token in the output, which may contain other lines.
const TOKEN_DELIMITER: &str = "entra-odbc%";
/// The output of the script if the module is not installed.
const MODULE_MISSING: &str = "entra-odbc: no module";

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    developer_tool::sign_in(&PWSH, context, |pwsh, request| {
        Box::pin(request_token(pwsh, request)) as BoxFuture<'_, _>
    })
}

async fn request_token(pwsh: &DeveloperTool, request: &TokenRequest) -> Result<Token, Error> {
    let script = script(request.resource(), pwsh.tenant.as_deref());
    let units = script.encode_utf16().flat_map(u16::to_le_bytes);
    let encoded = STANDARD.encode(units.collect::<Vec<u8>>());
    // Run by the shell, which searches PATH, in a directory that other users cannot write to, as azure_identity does.
    let command = format!("cd /bin && pwsh -NoProfile -NonInteractive -EncodedCommand {encoded}");
    let arguments = [OsStr::new("-c"), OsStr::new(&command)];
    let runner = pwsh.runner();
    let output = runner.run(OsStr::new("/bin/sh"), &arguments).await;
    if let Some(failure) = runner.failure() {
        return Err(failure);
    }
    let output = output.map_err(|_| pwsh.malformed("it could not be run"))?;
    let stdout = Zeroizing::new(output.stdout);
    let text = std::str::from_utf8(&stdout).map_err(|_| pwsh.malformed("its output is no text"))?;
    if text.contains(MODULE_MISSING) {
        return Err(Error::new(
            ErrorKind::Unavailable,
            "PowerShell's module Az.Accounts is not installed",
        )
        .remedy("Run in pwsh: Install-Module Az.Accounts."));
    }
    token(text).ok_or_else(|| pwsh.malformed("its output is not as expected"))
}

/// `entra-odbc%<token>%<seconds since 1970>` on a line of its own.
fn token(text: &str) -> Option<Token> {
    let (token, end) = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(TOKEN_DELIMITER)?.split_once('%'))?;
    let seconds: u64 = end.trim().parse().ok()?;
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    is_token.then(|| Token::received(Secret::new(token.to_owned()), end))
}

/// As the SDKs for Python and JavaScript have it; tokens are secure strings from Az.Accounts 2.17 on if that is
/// asked for, and from 5.0 on always, where it is not asked for any more. Errors are written by the script: pwsh's own
/// way, where standard error is no terminal, is XML with the colours in it (PowerShell#16678).
fn script(resource: &str, tenant: Option<&str>) -> String {
    let resource = quoted(resource);
    let tenant = tenant.map_or_else(String::new, |tenant| {
        format!("$parameters['TenantId'] = {}\n", quoted(tenant))
    });
    format!(
        "$ErrorActionPreference = 'Stop'\n\
         $ProgressPreference = 'SilentlyContinue'\n\
         $WarningPreference = 'SilentlyContinue'\n\
         try {{\n\
         $module = Import-Module Az.Accounts -MinimumVersion 2.2.0 -PassThru -ErrorAction SilentlyContinue\n\
         if (! $module) {{ Write-Output '{MODULE_MISSING}'; exit }}\n\
         $parameters = @{{ 'ResourceUrl' = {resource}; 'WarningAction' = 'Ignore' }}\n\
         {tenant}\
         if ($module.Version -ge [version]'2.17.0' -and $module.Version -lt [version]'5.0.0') {{\n\
         $parameters['AsSecureString'] = $true\n\
         }}\n\
         $answer = Get-AzAccessToken @parameters\n\
         $token = $answer.Token\n\
         if ($token -is [System.Security.SecureString]) {{\n\
         $token = [System.Net.NetworkCredential]::new('', $token).Password\n\
         }}\n\
         Write-Output \"`n{TOKEN_DELIMITER}$token%$($answer.ExpiresOn.ToUnixTimeSeconds())`n\"\n\
         }} catch {{ [Console]::Error.WriteLine($_.Exception.Message); exit 1 }}\n"
    )
}

/// A literal of PowerShell's: to it these are single quotes all of them, any of which ends what any other began, unless
/// it is doubled (`CharTraits.IsSingleQuote` in its source).
fn quoted(text: &str) -> String {
    let mut literal = String::from("'");
    for character in text.chars() {
        if matches!(character, '\'' | '\u{2018}'..='\u{201b}') {
            literal.push(character);
        }
        literal.push(character);
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keyword, credential::scripted_tool::ScriptedTool};

    const TOKEN_SCRIPT: &str = "echo warning; echo; echo entra-odbc%from-pwsh%4102444800";
    const CONFIG_DIRECTORY: &str = "AZURE_POWERSHELL_CONFIG_DIR";

    fn decoded(asked: &str) -> String {
        let encoded = asked.split_whitespace().last().unwrap();
        let bytes = STANDARD.decode(encoded).unwrap();
        let units: Vec<_> = bytes
            .chunks(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        String::from_utf16(&units).unwrap()
    }

    #[test]
    fn powershell_is_asked_for_the_resource_and_the_tenant() {
        let pwsh = ScriptedTool::new("pwsh", CONFIG_DIRECTORY, TOKEN_SCRIPT);
        let token = pwsh
            .token(prepare, &[(Keyword::TenantId, "tenant.example")])
            .unwrap();
        assert_eq!(token.text.expose(), "from-pwsh");
        let asked = pwsh.asked();
        assert!(
            asked.starts_with("-NoProfile -NonInteractive -EncodedCommand "),
            "{asked}"
        );
        let script = decoded(&asked);
        for part in [
            "'ResourceUrl' = 'https://database.windows.net'",
            "['TenantId'] = 'tenant.example'",
        ] {
            assert!(script.contains(part), "{script}");
        }
    }

    #[test]
    fn powershell_does_not_run_where_the_host_happens_to_stand() {
        let pwsh = ScriptedTool::new(
            "pwsh",
            CONFIG_DIRECTORY,
            &format!("pwd >\"$(dirname \"$0\")/asked\"\n{TOKEN_SCRIPT}"),
        );
        pwsh.token(prepare, &[]).unwrap();
        assert_eq!(pwsh.asked(), "/bin");
    }

    #[test]
    fn what_went_wrong_is_written_as_plain_text() {
        let script = script("https://database.windows.net", Some("tenant.example"));
        let (before, after) = script.split_once("try {\n").unwrap();
        assert!(!before.contains("Az"), "{script}");
        let (_, caught) = after.split_once("} catch {").unwrap();
        assert!(
            caught.contains("[Console]::Error.WriteLine($_.Exception.Message); exit 1"),
            "{script}"
        );
    }

    #[test]
    fn secure_strings_are_asked_for_only_where_the_module_has_both_kinds() {
        let script = script("https://database.windows.net", None);
        assert!(
            script.contains("-ge [version]'2.17.0' -and $module.Version -lt [version]'5.0.0'"),
            "{script}"
        );
    }

    #[test]
    fn a_quote_in_the_scope_ends_no_string_of_the_script() {
        for quote in ['\'', '‘', '’', '‚', '‛'] {
            let script = script(&format!("https://x{quote}; evil"), None);
            let literal = format!("'https://x{quote}{quote}; evil'");
            assert!(script.contains(&literal), "{script}");
        }
    }

    #[test]
    fn each_way_to_fail_has_its_own_words() {
        for (answer, state, words) in [
            (
                "echo 'Run Connect-AzAccount to login.' >&2; exit 1",
                "refused",
                "Connect-AzAccount",
            ),
            (
                "echo 'entra-odbc: no module'",
                "unavailable",
                "Install-Module Az.Accounts",
            ),
            ("echo entra-odbc%hidden%soon", "unavailable", "no usable token"),
            ("echo 'AADSTS65001: no' >&2; exit 1", "refused", "consent"),
            ("exec no-such-program", "unavailable", "PATH"),
        ] {
            let error = ScriptedTool::new("pwsh", CONFIG_DIRECTORY, answer)
                .token(prepare, &[])
                .unwrap_err();
            assert_eq!(error.kind().name(), state, "{error}");
            let text = error.to_string();
            assert!(text.contains(words) && !text.contains("hidden"), "{text}");
        }
    }

    #[test]
    fn another_account_is_another_identity() {
        let pwsh = ScriptedTool::new("pwsh", CONFIG_DIRECTORY, TOKEN_SCRIPT);
        assert!(pwsh.notices_another_account(prepare, "AzureRmContext.json"));
        assert!(pwsh.is_shareable(prepare, &[]));
    }
}

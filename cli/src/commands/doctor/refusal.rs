//! Explains a refused login, with the statements that create a missing database user.

use crate::sql::{self, UserType};
use entra_auth::token::Claims;
use entra_odbc_core::connect::login_refusal::{Cause, Refusal};
use uuid::Uuid;

/// The cause and the remedy; both empty where the refusal is not known.
pub fn explain(refusal: &Refusal<'_>, claims: Option<&Claims>) -> (&'static str, String) {
    let Some(explanation) = refusal.explain(claims) else {
        return ("", String::new());
    };
    let remedy = match explanation.cause {
        // Whole statements, where the driver's message has no room for them.
        Cause::NoDatabaseUser => format!(
            "Run in the database, as its Entra administrator:\n{}",
            statements(claims)
        ),
        _ => explanation.remedy,
    };
    (explanation.text, remedy)
}

/// What creates the user.
fn statements(claims: Option<&Claims>) -> String {
    let name = claims.and_then(Claims::database_user_name);
    let Some(name) = name.as_deref() else {
        return sql::create_user_from_entra("name");
    };
    let create = match Uuid::parse_str(name) {
        _ if name.contains('@') => sql::create_user_from_entra(name),
        Ok(application) => sql::create_user_with_sid(name, application, UserType::Principal),
        Err(_) => return sql::create_user_from_entra(name),
    };
    format!("{create}\n{}", sql::add_to_role("db_datareader", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remedy(message: &str, principal: &str) -> String {
        let refusal = Refusal {
            sqlstate: "28000",
            native: 18456,
            message,
        };
        let claims = Claims {
            principal: Some(principal.to_owned()),
            ..Claims::default()
        };
        explain(&refusal, Some(&claims)).1
    }

    #[test]
    fn who_has_no_user_gets_the_statements_that_create_one() {
        let words = "Login failed for user '<token-identified principal>'.";
        let person = remedy(words, "a]b@contoso.com");
        assert!(
            person.contains("CREATE USER [a]]b@contoso.com] FROM EXTERNAL PROVIDER;"),
            "{person}"
        );
        let guest = remedy(words, "ada_outlook.com#EXT#@contoso.onmicrosoft.com");
        assert!(
            guest.contains("CREATE USER [ada@outlook.com] FROM EXTERNAL PROVIDER;"),
            "{guest}"
        );
        let application = remedy(words, "619a4449-b4aa-4383-a2a9-7c365106c5e7");
        assert!(
            application.contains("WITH SID = 0x49449A61AAB48343A2A97C365106C5E7, TYPE = E;"),
            "{application}"
        );
    }

    #[test]
    fn an_expired_token_is_not_taken_for_a_missing_user() {
        let words = "Login failed for user '<token-identified principal>'. Token is expired.";
        let remedy = remedy(words, "x");
        assert!(
            remedy.contains("clock") && !remedy.contains("CREATE USER"),
            "{remedy}"
        );
    }
}

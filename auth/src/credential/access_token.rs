//! `AccessToken`: a token that the connection string or a file holds.

use super::{CredentialContext, SignIn};
use crate::{
    Error, Keyword, Secret, Token,
    identity_key::IdentityKey,
    parameters::{options::missing, token_form},
};

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let options = context.options;
    let given = options.secret(Keyword::AccessToken, Keyword::AccessTokenFile)?;
    // go-mssqldb has it in `password`.
    let password = || {
        let text = options.get(Keyword::Password)?;
        Some((Secret::new(text.to_owned()), false))
    };
    let (text, from_file) = given.or_else(password).ok_or_else(|| {
        missing(
            Keyword::AccessToken,
            "the access token (PWD= does as well), or AccessTokenFile= with a path",
        )
    })?;
    let token = Token::supplied(token_form::bare(text.expose()));
    let key = IdentityKey::builder("AccessToken")?
        .with("token", token.text.expose())
        .finish();
    let who = token.claims().to_string();
    SignIn::with_token(key, who, context.scope, token).map_err(|error| {
        error.remedy_or(if from_file {
            "Check the content of AccessTokenFile: the token alone, as its issuer gave it."
        } else {
            "Check AccessToken: the token alone, as its issuer gave it."
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        credential::{SignInSource, tests::Fixture},
        token::jwt,
    };
    use serde_json::json;
    use std::time::{Duration, SystemTime};

    const AUD: &str = "https://database.windows.net/";

    fn sign_in(pairs: &[(Keyword, &str)]) -> Result<SignIn, Error> {
        prepare(&Fixture::new(pairs).context())
    }

    fn sign_in_by_password(text: &str) -> SignIn {
        sign_in(&[(Keyword::Password, text)]).unwrap()
    }

    /// 4102444800 s after 1970.
    fn in_2100() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(1_139_568)
    }

    #[test]
    fn a_token_in_the_string_is_at_hand_and_never_cached() {
        let text = jwt(&json!({ "aud": AUD, "upn": "ada@example.com", "exp": 4_102_444_800_u64 }));
        let sign_in = sign_in(&[(Keyword::AccessToken, &text)]).unwrap();
        assert_eq!(sign_in.identity_origin, crate::credential::IdentityOrigin::String);
        assert!(!sign_in.cache);
        assert_eq!(sign_in.who, "ada@example.com");
        let SignInSource::Given(token) = sign_in.source() else {
            panic!()
        };
        assert_eq!(sign_in.key, sign_in_by_password(&text).key);
        assert_eq!(token.text.expose(), text);
        assert_eq!(token.expires_on, in_2100());
    }

    #[test]
    fn the_output_of_a_tool_in_a_file_is_as_good_as_the_token() {
        let text = jwt(&json!({ "aud": AUD, "exp": 4_102_444_800_u64 }));
        let path = std::env::temp_dir().join(format!("entra-odbc-token-json-{}", std::process::id()));
        std::fs::write(
            &path,
            format!("{{\n  \"accessToken\": \"{text}\",\n  \"tenant\": \"t\"\n}}\n"),
        )
        .unwrap();
        let in_file = sign_in(&[(Keyword::AccessTokenFile, path.to_str().unwrap())]);
        std::fs::remove_file(&path).unwrap();
        let key = sign_in(&[(Keyword::AccessToken, &text)]).unwrap().key;
        assert_eq!(in_file.unwrap().key, key);
        for decorated in [format!("\"{text}\""), format!("Bearer {text}")] {
            assert_eq!(sign_in_by_password(&decorated).key, key);
        }
    }

    #[test]
    fn a_token_in_a_file_is_read_anew_for_each_connect() {
        let path = std::env::temp_dir().join(format!("entra-odbc-token-{}", std::process::id()));
        let file = path.to_str().unwrap();
        std::fs::write(&path, "opaque-one\n").unwrap();
        let one = sign_in(&[(Keyword::AccessTokenFile, file)]).unwrap();
        std::fs::write(&path, "opaque-two\n").unwrap();
        let two = sign_in(&[(Keyword::AccessTokenFile, file)]).unwrap();
        std::fs::remove_file(&path).unwrap();

        assert_ne!(one.key, two.key);
        assert_eq!(
            sign_in(&[(Keyword::AccessTokenFile, file)])
                .unwrap_err()
                .kind()
                .name(),
            "invalid"
        );
    }

    #[test]
    fn what_cannot_work_is_said_without_quoting_the_token() {
        let expired = jwt(&json!({ "exp": 1_000_000_000 }));
        for bad in [expired.as_str(), "hidden hidden", "hiddén"] {
            let error = sign_in(&[(Keyword::AccessToken, bad)]).unwrap_err();
            assert_eq!(error.kind().name(), "invalid");
            assert!(!error.to_string().contains("hidd") && !error.to_string().contains(bad));
        }
        assert!(
            sign_in(&[(Keyword::AccessToken, &expired)])
                .unwrap_err()
                .to_string()
                .contains("expired")
        );
        assert!(sign_in(&[]).unwrap_err().to_string().contains("AccessTokenFile="));
    }
}

//! People: passwords, refresh tokens, device codes, browsers, and services that act for them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use time::OffsetDateTime;

use super::*;
use crate::entra::access_token::AZURE_CLI;
use crate::playground::{
    OTHER_PASSWORD, OTHER_USER, PORTAL_CLIENT_ID, PORTAL_SECRET, Playground, PlaygroundOptions, TENANT_ID,
    USER, USER_PASSWORD,
};

/// RFC 7636 wants 43 characters at least.
const VERIFIER: &str = "a-verifier-that-nobody-guesses-0123456789-and-more";

const CONSENTED: &str = "5b2f7f2e-93f0-4f1c-8a37-4d6f0f2b9e11";

const USER_SCOPE: &str = "https://database.windows.net/.default offline_access openid profile";

struct Company {
    playground: Playground,
    client: Client,
}

impl Company {
    fn new() -> Self {
        let playground = Playground::start(&PlaygroundOptions::default());
        let client = client(playground.ca.pem());
        Self { playground, client }
    }

    fn entra(&self) -> &Entra {
        &self.playground.entra
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let url = format!("{}{path}", self.entra().authority());
        self.client.post(url).form(form).send().unwrap()
    }

    fn token(&self, form: &[(&str, &str)]) -> Value {
        let answer = self.post("/organizations/oauth2/v2.0/token", form);
        json(answer)
    }

    fn claims(&self, answer: &Value) -> Value {
        let token = answer["access_token"].as_str().expect("an answer with it");
        self.playground.issuer.verify(token).unwrap()
    }

    fn by_password(&self, password: &str) -> Value {
        self.token(&[
            ("grant_type", "password"),
            ("client_id", AZURE_CLI),
            ("username", USER),
            ("password", password),
            ("scope", USER_SCOPE),
        ])
    }

    fn refresh(&self, refresh_token: &str, scope: &str) -> Value {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", AZURE_CLI),
            ("refresh_token", refresh_token),
            ("scope", scope),
        ])
    }

    fn device(&self) -> Value {
        let form = [("client_id", AZURE_CLI), ("scope", USER_SCOPE)];
        json(self.post("/organizations/oauth2/v2.0/devicecode", &form))
    }

    fn poll(&self, device: &Value) -> Value {
        self.token(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", AZURE_CLI),
            ("device_code", device["device_code"].as_str().unwrap()),
            ("scope", USER_SCOPE),
        ])
    }

    /// What the sign-in page's form is sent with, and where it leads.
    fn authorize(&self, redirect_uri: &str, further: &[(&str, &str)]) -> Answer {
        self.authorize_as(redirect_uri, &[&[("client_id", AZURE_CLI)], further].concat())
    }

    /// As [`Self::authorize`], for an application of one's choice.
    fn authorize_as(&self, redirect_uri: &str, further: &[(&str, &str)]) -> Answer {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let mut form = vec![
            ("response_type", "code"),
            ("redirect_uri", redirect_uri),
            ("scope", USER_SCOPE),
            ("state", "s&t"),
            ("nonce", "n"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        form.extend(further);
        self.post("/organizations/oauth2/v2.0/authorize", &form)
    }

    fn redeem(&self, code: &str, redirect_uri: &str, verifier: &str) -> Value {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", AZURE_CLI),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
            ("scope", USER_SCOPE),
        ])
    }
}

fn number(answer: &Value) -> u64 {
    answer["error_codes"][0].as_u64().expect("an answer with it")
}

fn located(answer: &Answer) -> std::collections::HashMap<String, String> {
    let location = answer.headers()["location"].to_str().unwrap();
    let url = reqwest::Url::parse(location).unwrap();
    url.query_pairs().into_owned().collect()
}

#[test]
fn a_password_brings_all_three_tokens_and_its_mistakes_their_numbers() {
    let company = Company::new();
    let answer = company.by_password(USER_PASSWORD);
    let claims = company.claims(&answer);
    assert_eq!(
        (claims["upn"].as_str(), claims["tid"].as_str()),
        (Some(USER), Some(TENANT_ID))
    );
    assert!(answer["refresh_token"].is_string() && answer["id_token"].is_string());
    assert_eq!(number(&company.by_password("wrong")), 50126);
    let change = |change: fn(&mut User)| {
        company
            .entra()
            .change(|directory| change(&mut directory.tenants[0].users[0]));
        number(&company.by_password(USER_PASSWORD))
    };
    assert_eq!(change(|user| user.needs_mfa = true), 50076);
    assert_eq!(change(|user| user.disabled = true), 50057);
    assert_eq!(change(|user| user.user_principal_name = "x@y".into()), 50034);
}

#[test]
fn a_refresh_token_is_good_once_for_any_resource_until_it_ends() {
    let company = Company::new();
    let first = company.by_password(USER_PASSWORD);
    let old = first["refresh_token"].as_str().unwrap();
    let answer = company.refresh(old, "https://graph.microsoft.com/.default offline_access");
    assert_eq!(company.claims(&answer)["aud"], "https://graph.microsoft.com");
    assert_eq!(number(&company.refresh(old, USER_SCOPE)), 9_002_313);
    let new = answer["refresh_token"].as_str().unwrap();
    let both = "https://database.windows.net/.default https://database.windows.net/user_impersonation";
    assert_eq!(number(&company.refresh(new, both)), 70011);
    for (state, expected) in [(TokenState::Expired, 700_082), (TokenState::Revoked, 50173)] {
        company.entra().set_refresh_tokens(USER, state);
        assert_eq!(number(&company.refresh(new, USER_SCOPE)), expected);
    }
}

#[test]
fn a_device_waits_for_a_person_who_approves_declines_or_takes_too_long() {
    let company = Company::new();
    let device = company.device();
    let code = device["user_code"].as_str().unwrap();
    assert!(device["message"].as_str().unwrap().contains(code));
    assert_eq!(company.poll(&device)["error"], "authorization_pending");
    assert_eq!(company.poll(&device)["error"], "slow_down");
    assert_eq!(company.entra().open_user_codes(), [code]);
    let form = [
        ("user_code", code),
        ("username", OTHER_USER),
        ("password", "wrong"),
    ];
    let page = company.post("/common/oauth2/deviceauth", &form).text().unwrap();
    assert!(page.contains("AADSTS50126"), "{page}");
    assert!(company.entra().approve_device(&code.to_lowercase(), OTHER_USER));
    assert_eq!(company.claims(&company.poll(&device))["upn"], OTHER_USER);
    assert_eq!(company.poll(&device)["error"], "invalid_grant");

    // As a person does it, or a script with curl.
    let device = company.device();
    let code = device["user_code"].as_str().unwrap();
    let form = [
        ("user_code", code),
        ("username", OTHER_USER),
        ("password", OTHER_PASSWORD),
    ];
    let page = company.post("/common/oauth2/deviceauth", &form).text().unwrap();
    assert!(page.contains("You have signed in"), "{page}");
    assert_eq!(company.claims(&company.poll(&device))["upn"], OTHER_USER);

    let device = company.device();
    assert!(
        company
            .entra()
            .decline_device(device["user_code"].as_str().unwrap())
    );
    assert_eq!(company.poll(&device)["error"], "authorization_declined");
    company.entra().set_device_code_lifetime(Duration::ZERO);
    assert_eq!(company.poll(&company.device())["error"], "expired_token");
}

#[test]
fn a_browser_signs_in_and_its_code_is_good_once_with_the_verifier() {
    let company = Company::new();
    let uri = "http://localhost:54321";
    let person = [("username", USER), ("password", USER_PASSWORD)];
    let code = || {
        let answer = company.authorize(uri, &person);
        assert_eq!(answer.status(), 302);
        let located = located(&answer);
        assert_eq!(located["state"], "s&t");
        located["code"].clone()
    };
    let first = code();
    let answer = company.redeem(&first, uri, VERIFIER);
    assert_eq!(company.claims(&answer)["upn"], USER);
    let id = company
        .playground
        .issuer
        .verify(answer["id_token"].as_str().unwrap())
        .unwrap();
    assert_eq!(id["nonce"], "n");
    assert_eq!(number(&company.redeem(&first, uri, VERIFIER)), 54005);
    let other = VERIFIER.to_uppercase();
    assert_eq!(number(&company.redeem(&code(), uri, &other)), 501_481);
    assert_eq!(number(&company.redeem(&code(), uri, "short")), 501_481);
    assert_eq!(
        number(&company.redeem(&code(), "http://localhost:1", VERIFIER)),
        500_112
    );
    let late = code();
    company.entra().expire_authorization_codes();
    assert_eq!(number(&company.redeem(&late, uri, VERIFIER)), 70008);
}

#[test]
fn a_browser_is_never_led_to_an_address_that_is_not_registered() {
    let company = Company::new();
    for uri in [
        "http://127.0.0.1:5",
        "https://evil.example",
        "http://localhost.evil.example",
        "http://localhost:5/path",
    ] {
        let answer = company.authorize(uri, &[]);
        assert!(answer.headers().get("location").is_none());
        let page = answer.text().unwrap();
        assert!(page.contains("AADSTS50011"), "{uri}: {page}");
    }
    let page = company.authorize(
        "http://localhost:5/",
        &[("username", USER), ("password", "wrong")],
    );
    assert!(page.text().unwrap().contains("AADSTS50126"));
    let cancelled = company.authorize("http://localhost:5", &[("cancel", "1")]);
    assert_eq!(located(&cancelled)["error"], "access_denied");
}

#[test]
fn a_service_acts_for_whoever_called_it() {
    let company = Company::new();
    let call = |assertion: &str, secret: &str| {
        company.token(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("requested_token_use", "on_behalf_of"),
            ("client_id", PORTAL_CLIENT_ID),
            ("client_secret", secret),
            ("assertion", assertion),
            ("scope", USER_SCOPE),
        ])
    };
    let good = company.playground.portal_token(USER, Duration::from_mins(5));
    let claims = company.claims(&call(&good, PORTAL_SECRET));
    assert_eq!(
        (claims["upn"].as_str(), claims["appid"].as_str()),
        (Some(USER), Some(PORTAL_CLIENT_ID))
    );
    assert_eq!(number(&call(&good, "wrong")), 7_000_215);
    assert_eq!(
        number(&call(
            &company.playground.portal_token(USER, Duration::ZERO),
            PORTAL_SECRET
        )),
        500_133
    );
    let for_sql = company.playground.user_token(USER, Duration::from_mins(5));
    assert_eq!(number(&call(&for_sql, PORTAL_SECRET)), 500_131);
    assert_eq!(number(&call(&format!("{good}x"), PORTAL_SECRET)), 50027);
    let signature = |token: &str| token.rsplit_once('.').unwrap().1.to_owned();
    let forged = good.replace(&signature(&good), &signature(&for_sql));
    assert_eq!(number(&call(&forged, PORTAL_SECRET)), 50013);
    // Signed by this Entra, but not the token of a person who called.
    for (claim, value, expected) in [
        ("idtyp", serde_json::json!("app"), 7_000_114),
        ("scp", Value::Null, 240_002),
        ("tid", serde_json::json!("another"), 50059),
    ] {
        let mut claims = company.playground.issuer.verify(&good).unwrap();
        claims[claim] = value;
        let odd = company.playground.issuer.sign(&claims);
        assert_eq!(number(&call(&odd, PORTAL_SECRET)), expected, "{claim}");
    }
    company.entra().change(|directory| {
        for app in &mut directory.tenants[0].apps {
            app.lacks_consent = true;
        }
    });
    assert_eq!(number(&call(&good, PORTAL_SECRET)), 65001);
}

#[test]
fn a_cluster_vouches_for_an_application() {
    let company = Company::new();
    let path = format!("/{TENANT_ID}/oauth2/v2.0/token");
    let call = |assertion: &str| -> Value {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", crate::playground::PAYROLL_CLIENT_ID),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion),
            ("scope", SCOPE),
        ];
        json(company.post(&path, &form))
    };
    let good = company.playground.cluster_assertion(Duration::from_mins(5));
    assert_eq!(company.claims(&call(&good))["idtyp"], "app");
    assert_eq!(
        number(&call(&company.playground.cluster_assertion(Duration::ZERO))),
        700_024
    );
    assert_eq!(
        number(&call(
            &company.playground.user_token(USER, Duration::from_mins(5))
        )),
        700_211
    );
    assert_eq!(number(&call("no assertion")), 50027);
    let hour = OffsetDateTime::now_utc().unix_timestamp() + 3600;
    for (claim, value, expected) in [
        ("nbf", serde_json::json!(hour), 700_024),
        (
            "sub",
            serde_json::json!(crate::playground::CLUSTER_ISSUER),
            700_021,
        ),
    ] {
        let mut claims = company.playground.issuer.verify(&good).unwrap();
        claims[claim] = value;
        let odd = company.playground.issuer.sign(&claims);
        assert_eq!(number(&call(&odd)), expected, "{claim}");
    }
    let change = |change: fn(&mut Federated)| {
        company.entra().change(|directory| {
            let mut apps = directory.tenants[0].apps.iter_mut();
            change(apps.find_map(|app| app.federated.first_mut()).unwrap());
        });
        number(&call(&good))
    };
    assert_eq!(change(|trust| trust.audience = "another".into()), 700_212);
    assert_eq!(change(|trust| trust.subject = "another".into()), 700_213);
}

#[test]
fn a_browser_that_is_signed_in_is_not_asked_again_until_it_signs_out() {
    let company = Company::new();
    let uri = "http://localhost:54321";
    let silent = |cookie: &str| {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let url = format!(
            "{}/organizations/oauth2/v2.0/authorize",
            company.entra().authority()
        );
        let query = [
            ("client_id", AZURE_CLI),
            ("response_type", "code"),
            ("redirect_uri", uri),
            ("scope", USER_SCOPE),
            ("prompt", "none"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let asked = company.client.get(url).query(&query).header("cookie", cookie);
        located(&asked.send().unwrap())
    };
    let stranger = silent("");
    assert_eq!(stranger["error"], "login_required");
    let answer = company.authorize(uri, &[("username", USER), ("password", USER_PASSWORD)]);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();
    let known = silent(cookie);
    let tokens = company.redeem(&known["code"], uri, VERIFIER);
    assert_eq!(company.claims(&tokens)["upn"], USER);
    let url = format!("{}/common/oauth2/v2.0/logout", company.entra().authority());
    company.client.get(url).header("cookie", cookie).send().unwrap();
    assert_eq!(silent(cookie)["error"], "login_required");
}

#[test]
fn a_person_agrees_to_an_application_once() {
    let company = Company::new();
    company.entra().change(|directory| {
        directory.tenants[0].apps.push(App {
            client_id: CONSENTED.to_owned(),
            public_client: true,
            lacks_consent: true,
            redirect_uris: vec!["http://localhost".to_owned()],
            ..App::default()
        });
    });
    let uri = "http://localhost:54321";
    let person = [("username", USER), ("password", USER_PASSWORD)];
    let with_app = |further: &[(&'static str, &'static str)]| {
        let mut form = vec![("client_id", CONSENTED)];
        form.extend(further);
        company.authorize_as(uri, &form)
    };
    let page = with_app(&person).text().unwrap();
    assert!(page.contains("Permissions requested"), "{page}");
    let agreed = with_app(&[person[0], person[1], ("consent", "1")]);
    assert!(located(&agreed).contains_key("code"));
    assert!(located(&with_app(&person)).contains_key("code"));
}

#[test]
fn an_application_of_one_tenant_is_not_for_all_organizations() {
    let company = Company::new();
    company.entra().change(|directory| {
        for app in &mut directory.tenants[0].apps {
            app.single_tenant = true;
        }
    });
    let form = [
        ("grant_type", "password"),
        ("client_id", PORTAL_CLIENT_ID),
        ("client_secret", PORTAL_SECRET),
        ("username", USER),
        ("password", USER_PASSWORD),
        ("scope", USER_SCOPE),
    ];
    assert_eq!(number(&company.token(&form)), 50194);
    let own = company.post(&format!("/{TENANT_ID}/oauth2/v2.0/token"), &form);
    assert_eq!(company.claims(&json(own))["upn"], USER);
}

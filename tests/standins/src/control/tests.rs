#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by a panic"
)]

use std::sync::mpsc;

use super::*;
use crate::http::LOOPBACK;
use crate::playground::PlaygroundOptions;
use crate::testing::plain_client;

#[test]
fn a_script_sees_what_arrived_breaks_things_and_ends_the_program() {
    let playground = Arc::new(Playground::start(&PlaygroundOptions::default()));
    let description = playground.description();
    let (ended, end) = mpsc::channel();
    let control = start(LOOPBACK, playground, description, move || ended.send(()).unwrap());
    let url = |path: &str| format!("http://{}{path}", control.address());
    let client = plain_client();
    let post = |path: &str, body: &Value| {
        let answer = client.post(url(path)).body(body.to_string()).send().unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    };
    let description: Value =
        serde_json::from_str(&client.get(url("/")).send().unwrap().text().unwrap()).unwrap();
    let token = || {
        let imds = description["imds"].as_str().unwrap();
        let query = "api-version=2018-02-01&resource=https://database.windows.net/";
        let request = client.get(format!("{imds}/metadata/identity/oauth2/token?{query}"));
        request
            .header("Metadata", "true")
            .send()
            .unwrap()
            .status()
            .as_u16()
    };

    assert_eq!(token(), 200);
    let fault = json!({ "service": "managed_identity", "fault": "status", "status": 410, "times": "always" });
    assert_eq!(post("/fault", &fault).0, 200);
    assert_eq!((token(), token()), (410, 410));
    assert_eq!(post("/faults/clear", &Value::Null).0, 200);
    assert_eq!(token(), 200);

    let requests = client.get(url("/requests")).send().unwrap().text().unwrap();
    let requests: Value = serde_json::from_str(&requests).unwrap();
    assert_eq!(requests.as_array().unwrap().len(), 4);
    assert_eq!(
        (&requests[1]["status"], &requests[1]["service"]),
        (&410.into(), &"managed_identity".into())
    );
    assert_eq!(requests[0]["query"]["resource"], "https://database.windows.net/");

    let (status, text) = post("/fault", &json!({ "fault": "earthquake" }));
    assert_eq!(
        (status, text.as_str()),
        (400, r#"{"error":"there is no fault \"earthquake\""}"#)
    );
    assert_eq!(post("/shutdown", &Value::Null).0, 200);
    end.recv().unwrap();
}

#[test]
fn a_script_takes_a_persons_refresh_tokens_back() {
    let playground = Arc::new(Playground::start(&PlaygroundOptions::default()));
    let control = start(LOOPBACK, Arc::clone(&playground), json!({}), || {});
    let client = plain_client();
    let post = |body: &Value| {
        let url = format!("http://{}/refresh_tokens", control.address());
        let answer = client.post(url).body(body.to_string()).send().unwrap();
        answer.status().as_u16()
    };
    assert_eq!(
        post(&json!({ "user": "ada@contoso.com", "state": "revoked" })),
        200
    );
    assert_eq!(post(&json!({ "user": "ada@contoso.com", "state": "lost" })), 400);
    assert_eq!(post(&json!({ "state": "good" })), 400);
}

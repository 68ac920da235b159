//! `deviceauth`: the page where a person types the code that a device shows.

use super::{Visit, page};
use crate::entra::sessions::Decision;
use crate::http::Response;

pub(super) fn device(visit: &Visit<'_>) -> Response {
    let request = visit.request;
    if request.method != "POST" {
        let code = request.query.get("otc").unwrap_or_default();
        return page::device(code, "");
    }
    let form = &request.form;
    let code = form.get("user_code").unwrap_or_default();
    let (decision, title, done) = if form.get("cancel").is_some() {
        (Decision::Declined, "Cancelled", "Nobody was signed in.")
    } else {
        match visit.credentials(None, form) {
            Ok(user) => (
                Decision::Approved(user),
                "Signed in",
                "You have signed in on your device. You may now close this window.",
            ),
            Err(refusal) => return page::device(code, &refusal.sentence()),
        }
    };
    if visit.sessions.decide(code, decision) {
        page::page(title, &format!("<p>{done}</p>"))
    } else {
        page::device(code, "That code didn't work. Check the code and try again.")
    }
}

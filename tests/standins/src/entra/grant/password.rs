//! The resource owner password credentials grant (RFC 6749, 4.3).

use super::{Granted, TokenRequest};
use crate::entra::refusal::Refusal;

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    let form = &asked.request.form;
    let field = |name| form.get(name).ok_or_else(|| Refusal::missing_parameter(name));
    let (name, password) = (field("username")?, field("password")?);
    let (tenant, user) = asked.user(name)?;
    let app = asked.client_of_person(tenant)?;
    TokenRequest::check_password(user, password)?;
    asked.person(tenant, user, &app.client_id, None)
}

//! The resource owner password credentials grant (RFC 6749, 4.3).

use super::{Granted, SignedIn, TokenRequest};
use crate::entra::refusal::Refusal;

pub(super) fn grant<'a>(asked: &TokenRequest<'a>) -> Result<Granted<'a>, Refusal> {
    if ["common", "consumers"].contains(&asked.path_tenant()) {
        return Err(Refusal::not_over_common());
    }
    let (name, password) = (asked.field("username")?, asked.field("password")?);
    let (tenant, user) = asked.user(name)?;
    let client = asked.client_of_person(tenant)?;
    if user.password != password {
        return Err(Refusal::wrong_password());
    }
    asked.person((tenant, user), client, &SignedIn::default())
}

//! An open connection: whether a pool may hand it out again to whoever connects with the same string.
//!
//! unixODBC's pool knows connections by their string alone. What else decides who signs in (files, the environment, a
//! tool's profile) may have changed by the time the same string asks again.

use crate::{
    connect::{
        context::ConnectContext,
        plan::{self, Plan, SignInPlan},
    },
    connection_string::ConnectionString,
};
use entra_auth::{
    Token,
    credential::{IdentityOrigin, SignIn, SignInSource},
    identity_key::IdentityKey,
    token::Moment,
};
use std::{fmt, sync::Arc};
use tracing::debug;
use zeroize::Zeroizing;

/// An open connection of ours: its string, the identity that it was opened for, and the token of its login.
pub struct OpenConnection {
    text: Zeroizing<Vec<u16>>,
    key: IdentityKey,
    identity_origin: IdentityOrigin,
    /// Whether the string alone decides the identity, so that it need not be resolved again.
    is_fixed: bool,
    token: Arc<Token>,
    expiry_is_dead: bool,
}

impl OpenConnection {
    /// A connection that was opened just now.
    pub(crate) fn new(text: Zeroizing<Vec<u16>>, plan: &SignInPlan, token: Arc<Token>) -> Self {
        let sign_in = plan.sign_in();
        let is_given = matches!(sign_in.source(), SignInSource::Given(_))
            && sign_in.identity_origin == IdentityOrigin::String;
        Self {
            is_fixed: is_given && ConnectionString::parse(&text).find("DSN").is_none(),
            text,
            key: sign_in.key,
            identity_origin: sign_in.identity_origin,
            token,
            expiry_is_dead: plan.expiry_is_dead(),
        }
    }

    /// Whether a pool must not hand it out again.
    ///
    /// That is so where the token that it was opened with has expired (Azure SQL may end its session at any request, error
    /// 37396), unless the string says `TokenExpiryIsDead=no`; and where the string would now sign in another identity,
    /// or none. No token is requested, and nothing read but the files that the string or the environment names.
    ///
    /// The token that counts is the one of the login. Renewed ones reach the server only by a reconnect, which the
    /// driver makes without telling anyone; so a connection that has reconnected meanwhile may be dropped for
    /// nothing, and one whose session lives on an ended token is never handed out.
    #[must_use]
    pub fn is_dead(&self, context: &ConnectContext<'_>) -> bool {
        self.expiry_is_dead && !self.token.lives_at(Moment::now()) || !self.has_same_identity(context)
    }

    fn has_same_identity(&self, context: &ConnectContext<'_>) -> bool {
        if self.is_fixed {
            return true;
        }
        if self.identity_origin == IdentityOrigin::Token {
            return false;
        }
        match plan::read(&self.text, false, context) {
            Ok(Plan::SignIn(plan)) => {
                let sign_in = plan.sign_in();
                sign_in.key == self.key
                    && (self.identity_origin != IdentityOrigin::Answer || self.is_answer(sign_in, context))
            }
            Ok(_) => false,
            Err(error) => {
                debug!(target: "entra_odbc", event = "pooled_string_invalid", %error);
                false
            }
        }
    }

    /// Whether a connect would now get a token of the one who signed in, without asking anybody.
    fn is_answer(&self, sign_in: &SignIn, context: &ConnectContext<'_>) -> bool {
        context.services.tokens.cached(sign_in).is_some_and(|token| {
            token.text == self.token.text || token.claims().is_same_identity(&self.token.claims())
        })
    }
}

impl fmt::Debug for OpenConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the string, which may hold a password.
        f.debug_struct("OpenConnection")
            .field("key", &self.key)
            .field("told_by", &self.identity_origin)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

//! Where a token may go, and what the driver is told so that it goes nowhere else.
//!
//! A token is a bearer secret, valid at every server of its audience: whoever can change a connection string or a data
//! source must not be able to collect it. [`Channel`] is the connection as the string asks for it, [`Channel::decide`]
//! says whether a token may take it, and [`Channel::dictate`] writes it down for the driver, every keyword that decides
//! where the connection goes, before all that the string says. The rules stand in docs/trust.md.

mod administrator;
mod authority;
mod channel;
mod rules;

pub use crate::tds::Encryption;
pub use administrator::{AUTHORITY, Administrator, TRUSTED_SERVERS, TrustedHost};
pub use authority::authority;
pub use channel::{Channel, DICTATED, FAILOVER_PARTNER};
pub use rules::Decision;

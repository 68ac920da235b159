//! The ids that select one of a machine's managed identities.

use crate::{Error, Keyword, Options, parameters::options::contradiction};
use std::fmt;

/// An id of a managed identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Id {
    /// The system-assigned identity.
    SystemAssigned,
    /// A user-assigned identity by client id.
    Client(String),
    /// By object id.
    Object(String),
    /// By resource id.
    Resource(String),
}

impl Id {
    /// The name of the id type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SystemAssigned => "system-assigned",
            Self::Client(_) => "client id",
            Self::Object(_) => "object id",
            Self::Resource(_) => "resource id",
        }
    }

    /// The id itself; empty for the system-assigned identity.
    pub fn value(&self) -> &str {
        match self {
            Self::SystemAssigned => "",
            Self::Client(id) | Self::Object(id) | Self::Resource(id) => id,
        }
    }

    /// `client id … or object id …`.
    pub fn list(ids: &[Self]) -> String {
        ids.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" or ")
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SystemAssigned => f.write_str(self.kind()),
            _ => write!(f, "{} {}", self.kind(), self.value()),
        }
    }
}

/// The ids to try, in order: one, but two for a bare `UID`, since Driver 18's documents allow both
/// a client id and an object id there.
pub fn from_options(options: &Options) -> Result<Vec<Id>, Error> {
    let given: Vec<_> = [
        Keyword::User,
        Keyword::ClientId,
        Keyword::ObjectId,
        Keyword::ResourceId,
    ]
    .into_iter()
    .filter_map(|keyword| Some((keyword, options.get(keyword)?.to_owned())))
    .collect();
    match given.as_slice() {
        [] => Ok(vec![Id::SystemAssigned]),
        [(Keyword::User, id)] if is_resource_id(id) => Ok(vec![Id::Resource(id.clone())]),
        [(Keyword::User, id)] => Ok(vec![Id::Client(id.clone()), Id::Object(id.clone())]),
        [(keyword, id)] => Ok(vec![named(*keyword, id)]),
        // The same id under both names says which kind it is.
        [(Keyword::User, one), (keyword, other)] if one.eq_ignore_ascii_case(other) => {
            Ok(vec![named(*keyword, other)])
        }
        [(one, _), (other, _), ..] => Err(contradiction(one.name(), other.name())),
    }
}

/// Whether this is the path of a resource, with which no other id begins.
fn is_resource_id(id: &str) -> bool {
    const START: &str = "/subscriptions/";
    id.get(..START.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(START))
}

fn named(keyword: Keyword, id: &str) -> Id {
    match keyword {
        Keyword::ObjectId => Id::Object(id.to_owned()),
        Keyword::ResourceId => Id::Resource(id.to_owned()),
        _ => Id::Client(id.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(pairs: &[(Keyword, &str)]) -> Result<Vec<Id>, Error> {
        let mut options = Options::default();
        for (keyword, value) in pairs {
            options.add(*keyword, (*value).to_owned());
        }
        from_options(&options)
    }

    #[test]
    fn a_bare_uid_is_a_client_id_first_and_an_object_id_second() {
        let uid = (Keyword::User, "a");
        assert_eq!(ids(&[]).unwrap(), [Id::SystemAssigned]);
        assert_eq!(
            ids(&[uid]).unwrap(),
            [Id::Client("a".into()), Id::Object("a".into())]
        );
        assert_eq!(
            ids(&[uid, (Keyword::ObjectId, "A")]).unwrap(),
            [Id::Object("A".into())]
        );
        assert_eq!(
            ids(&[(Keyword::ResourceId, "/r")]).unwrap(),
            [Id::Resource("/r".into())]
        );
        let resource = "/Subscriptions/s/resourcegroups/g/providers/x";
        assert_eq!(
            ids(&[(Keyword::User, resource)]).unwrap(),
            [Id::Resource(resource.into())]
        );
        assert_eq!(
            ids(&[(Keyword::ClientId, "c")]).unwrap(),
            [Id::Client("c".into())]
        );
    }

    #[test]
    fn two_different_ids_contradict_each_other() {
        let text = ids(&[(Keyword::ClientId, "a"), (Keyword::ResourceId, "b")])
            .unwrap_err()
            .to_string();
        assert!(text.contains("ClientId") && text.contains("ResourceId"), "{text}");
    }
}

//! SQL statements that create a database user for an Entra identity.

use uuid::Uuid;

/// The type of a database user from Entra, as `CREATE USER … WITH SID` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserType {
    /// A person, an application or a managed identity.
    Principal,
    /// A group.
    Group,
}

impl UserType {
    /// Its letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Principal => "E",
            Self::Group => "X",
        }
    }
}

/// The SID of an id: its bytes as a `uniqueidentifier` has them in memory, the first three groups little-endian.
pub fn sid(id: Uuid) -> String {
    format!("0x{:032X}", u128::from_be_bytes(id.to_bytes_le()))
}

/// An identifier in brackets, whatever characters it has.
pub fn quote_identifier(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// Needs no look-up in Entra, and so no right to one.
pub fn create_user_with_sid(name: &str, id: Uuid, user_type: UserType) -> String {
    let (name, sid, letter) = (quote_identifier(name), sid(id), user_type.letter());
    format!("CREATE USER {name} WITH SID = {sid}, TYPE = {letter};")
}

/// Has the server look the name up in Entra.
pub fn create_user_from_entra(name: &str) -> String {
    format!("CREATE USER {} FROM EXTERNAL PROVIDER;", quote_identifier(name))
}

/// Adds a user to a database role.
pub fn add_to_role(role: &str, user: &str) -> String {
    format!(
        "ALTER ROLE {} ADD MEMBER {};",
        quote_identifier(role),
        quote_identifier(user)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_three_groups_of_a_sid_are_little_endian() {
        let id = Uuid::parse_str("619a4449-b4aa-4383-a2a9-7c365106c5e7").unwrap();
        assert_eq!(sid(id), "0x49449A61AAB48343A2A97C365106C5E7");
        let small = Uuid::parse_str("01000000-0000-0000-0000-000000000000").unwrap();
        assert_eq!(sid(small), "0x00000001000000000000000000000000");
    }
}

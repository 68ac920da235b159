//! LIKE: `%`, `_`, `[a-z]`, `[^a-z]`, and ESCAPE.

use std::iter::Peekable;
use std::str::Chars;

/// One place of a pattern.
enum Place {
    /// `%`
    Any,
    /// `_`
    One,
    Exactly(char),
    /// Ranges, and whether a character must be outside of them.
    Class(Vec<(char, char)>, bool),
}

impl Place {
    fn matches(&self, character: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Exactly(wanted) => *wanted == character,
            Self::Class(ranges, outside) => {
                let inside = ranges
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&character));
                inside != *outside
            }
        }
    }
}

/// Upper and lower case are the same to the collation.
pub(in crate::sql_server) fn like(text: &str, pattern: &str, escape: Option<char>) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    // Which lengths of the text's beginning the pattern so far can match.
    let mut reachable = vec![false; text.len() + 1];
    if let Some(start) = reachable.first_mut() {
        *start = true;
    }
    for place in places(&pattern.to_lowercase(), escape) {
        let mut next = vec![false; text.len() + 1];
        let mut any_before = false;
        let mut before = None;
        for (at, reached) in reachable.iter().enumerate() {
            any_before |= *reached;
            let character = at.checked_sub(1).and_then(|at| text.get(at));
            let matched = match (&place, before, character) {
                (Place::Any, ..) => any_before,
                (place, Some(true), Some(character)) => place.matches(*character),
                _ => false,
            };
            if let Some(slot) = next.get_mut(at) {
                *slot = matched;
            }
            before = Some(*reached);
        }
        reachable = next;
    }
    reachable.last() == Some(&true)
}

fn places(pattern: &str, escape: Option<char>) -> Vec<Place> {
    let mut places = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        places.push(match character {
            escaping if Some(escaping) == escape => Place::Exactly(characters.next().unwrap_or(escaping)),
            '%' => Place::Any,
            '_' => Place::One,
            '[' => class(&mut characters),
            other => Place::Exactly(other),
        });
    }
    places
}

/// What stands between brackets; the opening one is taken.
fn class(characters: &mut Peekable<Chars<'_>>) -> Place {
    let outside = characters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while let Some(low) = characters.next() {
        if low == ']' {
            break;
        }
        let mut high = low;
        if characters.next_if_eq(&'-').is_some() {
            high = characters.next().unwrap_or('-');
        }
        ranges.push((low, high));
    }
    Place::Class(ranges, outside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_whole_text() {
        for (text, pattern, matches) in [
            ("entra-odbc", "E%_ODB%c", true),
            ("entra", "n%", false),
            ("", "%", true),
            ("b1", "[a-c][^a-z]", true),
            ("d1", "[a-c]%", false),
            ("50%", "50!%", true),
            ("50x", "50!%", false),
            ("a%b", "a[%]b", true),
        ] {
            assert_eq!(like(text, pattern, Some('!')), matches, "{text} {pattern}");
        }
    }
}

//! entra-odbc-keywords(5), from the tables of the keywords and of the authentication modes.

use super::roff::Page;
use entra_auth::{
    KEYWORDS, Keyword,
    credential::{MODES, Mode},
};

/// The page.
pub fn page() -> String {
    let mut page = Page::new("entra-odbc-keywords", 5);
    page.section("NAME");
    page.text(
        "entra-odbc-keywords - connection-string keywords of the driver that signs in with Microsoft Entra",
    );
    page.section("SYNOPSIS");
    page.text("Server=contoso.database.windows.net;Database=payroll;Authentication=ActiveDirectoryDefault");
    page.section("DESCRIPTION");
    page.text(
        "Names are compared without regard to case. The first of equal keywords wins, and the string wins over the data \
         source in odbc.ini. A value in braces is literal; } inside it is written }}, and nothing stands between the \
         closing brace and the semicolon. Keywords that are not listed here go to Microsoft's driver as they are.",
    );
    page.section("\"AUTHENTICATION MODES\"");
    page.text(
        "The value of Authentication= (or fedauth=), compared without case, blanks, quotes, _ and -. ActiveDirectory or \
         Entra before the name may be left out. Without one of them, Microsoft's driver signs in by itself.",
    );
    for mode in MODES {
        let names = std::iter::once(&mode.name).chain(mode.aliases);
        let names: Vec<_> = names.map(|name| format!("ActiveDirectory{name}")).collect();
        page.item(&names.join(", "), &description(mode));
    }
    page.section("KEYWORDS");
    page.text("Each with its other names. Values marked secret appear in no message, log or output string.");
    for row in KEYWORDS {
        let (name, others) = row
            .names
            .split_first()
            .map_or(("", &[][..]), |(name, others)| (*name, others));
        let mut text = Vec::new();
        if !others.is_empty() {
            text.push(format!("Also {}.", others.join(", ")));
        }
        if row.secret {
            text.push("Secret.".to_owned());
        }
        let users = modes_with(row.keyword);
        text.push(match users.as_slice() {
            [] => "For all modes.".to_owned(),
            users => format!("For {}.", users.join(", ")),
        });
        page.item(name, &text.join(" "));
    }
    page.section("\"SEE ALSO\"");
    page.text(
        "entra-odbc(1), isql(1), odbcinst(1); `entra-odbc explain keywords` shows each mode with examples.",
    );
    page.finish()
}

fn description(mode: &Mode) -> String {
    let names = |keywords: &[Keyword], joint: &str| {
        let names: Vec<_> = keywords.iter().map(|keyword| keyword.name()).collect();
        names.join(joint)
    };
    let mut text = format!("Signs in {}.", mode.who);
    let needs: Vec<_> = mode.needs.iter().map(|group| names(group, " or ")).collect();
    if !needs.is_empty() {
        text = format!("{text} Needs {}.", needs.join("; "));
    }
    if !mode.may_have.is_empty() {
        text = format!("{text} May have {}.", names(mode.may_have, ", "));
    }
    text
}

/// The modes that need a keyword or may have it.
fn modes_with(keyword: Keyword) -> Vec<&'static str> {
    let has = |mode: &&Mode| {
        mode.needs.iter().any(|group| group.contains(&keyword)) || mode.may_have.contains(&keyword)
    };
    MODES.iter().filter(has).map(|mode| mode.name).collect()
}

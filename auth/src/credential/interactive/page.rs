//! The final page in the browser: plain HTML with its own style, without scripts and external resources.

use crate::{Error, ErrorKind};

/// The headers' policy for these pages: nothing but their own style, by its hash.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
     style-src 'sha256-P+lI3PxmHrHxHppEDi7Ufa+kQU75ETEFgHcg9MrnJyA='; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Colours have a contrast of at least 4.5:1 (WCAG 2.2, AA), in light and dark.
const STYLE: &str = "\
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--text:#1b1f24;--soft:#57606a;--line:#d0d7de;--mark:#1a7f37}\
main.no{--mark:#b35900}\
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--card:#161b22;--text:#e6edf3;--soft:#9aa4af;--line:#30363d;\
--mark:#3fb950}main.no{--mark:#e3963e}}\
*{box-sizing:border-box}\
body{margin:0;padding:1.25rem;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif}\
main{max-width:38rem;margin:6vh auto 0;padding:1.5rem 1.75rem;background:var(--card);border:1px solid var(--line);\
border-top:4px solid var(--mark);border-radius:8px;overflow-wrap:anywhere}\
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}\
h2{margin:1.25rem 0 .25rem;font-size:.875rem;color:var(--soft)}\
p{margin:0 0 .75rem}\
.details{font-size:.875rem;color:var(--soft)}\
.next{margin:1.25rem 0 0;padding-top:1rem;border-top:1px solid var(--line);font-weight:600}";

/// Why nobody is signed in, as far as the page has words of its own for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The person does not consent to what the application asks for.
    Declined,
    /// The person left Entra's page.
    Cancelled,
    /// What the error says.
    Other,
}

/// The page for a person who is signed in; their name may be unknown.
pub fn signed_in(account: &str) -> String {
    let who = if account.is_empty() {
        "You are signed in.".to_owned()
    } else {
        format!("You are signed in as {account}.")
    };
    let mut page = Page::new("Signed in", "yes");
    page.paragraph("", &who);
    page.end("Close this page and go back to the program.")
}

/// The page for a sign-in that has failed.
pub fn not_signed_in(reason: Reason, error: &Error) -> String {
    let [what, remedy, details] = error.words();
    let what = match reason {
        Reason::Declined => "You declined the permissions that the application asks for.".to_owned(),
        Reason::Cancelled => "You cancelled the sign-in.".to_owned(),
        Reason::Other => sentence(&what),
    };
    let mut page = Page::new("Not signed in", "no");
    page.paragraph("", &what);
    page.paragraph("", &remedy);
    if !details.is_empty() {
        page.heading(match error.kind() {
            ErrorKind::Refused { .. } => "What Entra said",
            _ => "Details",
        });
        page.paragraph("details", &details);
    }
    page.end("Close this page and go back to the program. It has this message too, and can try again.")
}

/// The page for an unexpected request.
pub fn unknown() -> String {
    let mut page = Page::new("Not found", "no");
    page.paragraph(
        "",
        "A program on this machine waits for a sign-in here. This address is not part of it.",
    );
    page.end("Close this page, and go on where you were asked to sign in.")
}

/// A page in the making.
struct Page(String);

impl Page {
    fn new(title: &str, class: &str) -> Self {
        Self(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main class=\"{class}\">\n<h1>{title}</h1>\n"
        ))
    }

    fn heading(&mut self, text: &str) {
        self.element("h2", "", text);
    }

    fn paragraph(&mut self, class: &str, text: &str) {
        if !text.is_empty() {
            self.element("p", class, text);
        }
    }

    fn element(&mut self, name: &str, class: &str, text: &str) {
        let html = &mut self.0;
        html.push('<');
        html.push_str(name);
        if !class.is_empty() {
            html.push_str(" class=\"");
            html.push_str(class);
            html.push('"');
        }
        html.push('>');
        escape(text, html);
        html.push_str("</");
        html.push_str(name);
        html.push_str(">\n");
    }

    /// The page, which says in the end what to do.
    fn end(mut self, next: &str) -> String {
        self.paragraph("next", next);
        self.0.push_str("</main>\n</body>\n</html>\n");
        self.0
    }
}

/// An error's words, which begin in lower case and have no full stop, as a sentence.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let Some(first) = characters.next() else {
        return String::new();
    };
    let stop = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    first
        .to_uppercase()
        .chain(characters)
        .chain(stop.chars())
        .collect()
}

fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use ring::digest::{SHA256, digest};

    fn all() -> Vec<String> {
        let error = Error::invalid("no").remedy("Do that.").detail("AADSTS1: No.");
        let reasons = [Reason::Declined, Reason::Cancelled, Reason::Other];
        let mut pages = vec![signed_in("ada@contoso.com"), signed_in(""), unknown()];
        pages.extend(reasons.map(|reason| not_signed_in(reason, &error)));
        pages
    }

    #[test]
    fn what_entra_says_is_text_and_nothing_else() {
        let error = Error::invalid("<script>alert('1')</script>")
            .remedy("Do \"this\" & that.")
            .detail("</p><img src=x>");
        let page = not_signed_in(Reason::Other, &error);
        assert!(
            page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;."),
            "{page}"
        );
        assert!(page.contains("Do &quot;this&quot; &amp; that."), "{page}");
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        let page = signed_in("<b>ada");
        assert!(page.contains("signed in as &lt;b&gt;ada."), "{page}");
    }

    #[test]
    fn success_says_who_is_signed_in() {
        let page = signed_in("ada@contoso.com");
        assert!(page.contains("<h1>Signed in</h1>"), "{page}");
        assert!(page.contains("You are signed in as ada@contoso.com."), "{page}");
        assert!(!page.contains("Not"), "{page}");
        assert!(signed_in("").contains("You are signed in.<"));
    }

    #[test]
    fn a_person_who_declined_or_cancelled_reads_that_and_what_to_do() {
        let error = Error::invalid("the person did something")
            .remedy("Connect again.")
            .detail("AADSTS65004: No.");
        for (reason, words) in [
            (Reason::Declined, "<p>You declined the permissions"),
            (Reason::Cancelled, "<p>You cancelled the sign-in.</p>"),
            (Reason::Other, "<p>The person did something.</p>"),
        ] {
            let page = not_signed_in(reason, &error);
            assert!(page.contains("<h1>Not signed in</h1>"), "{page}");
            assert!(page.contains(words), "{page}");
            assert!(page.contains("<p>Connect again.</p>"), "{page}");
            assert!(
                page.contains("<p class=\"details\">AADSTS65004: No.</p>"),
                "{page}"
            );
        }
    }

    #[test]
    fn each_page_names_its_language_scales_and_says_how_to_go_on() {
        for page in all() {
            assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{page}");
            assert!(page.contains("<meta name=\"viewport\""), "{page}");
            assert_eq!(page.matches("<h1>").count(), 1, "{page}");
            assert!(page.contains("<p class=\"next\">Close this page"), "{page}");
            for foreign in ["http", "src=", "url(", "<link", "<script", "style="] {
                assert!(!page.contains(foreign), "{foreign}: {page}");
            }
        }
    }

    #[test]
    fn the_policy_allows_the_style_of_the_pages_and_no_other() {
        let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        let source = format!("style-src 'sha256-{hash}';");
        assert!(CONTENT_SECURITY_POLICY.contains(&source), "{source}");
        assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none'; "));
        assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
        assert!(
            all()
                .iter()
                .all(|page| page.contains(&format!("<style>{STYLE}</style>")))
        );
    }
}

//! The final page in the browser, without external resources.

use crate::Error;

/// The page for the outcome; no error means that the user is signed in.
pub fn render(error: Option<&Error>) -> String {
    match error {
        None => page(
            "Signed in",
            &["You are signed in. Close this page and go back to the program."],
        ),
        Some(error) => {
            let [what, remedy, detail] = error.words();
            page("Not signed in", &[&what, &remedy, &detail])
        }
    }
}

/// The page for an unexpected request.
pub fn unknown() -> String {
    page(
        "Not found",
        &["Nothing is here. A program of this machine waits for a sign-in."],
    )
}

fn page(title: &str, paragraphs: &[&str]) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n<h1>{title}</h1>\n"
    );
    for paragraph in paragraphs.iter().filter(|paragraph| !paragraph.is_empty()) {
        html.push_str("<p>");
        escape(paragraph, &mut html);
        html.push_str("</p>\n");
    }
    html.push_str("</body>\n</html>\n");
    html
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

    #[test]
    fn what_entra_says_is_text_and_nothing_else() {
        let error = Error::invalid("<script>alert('1')</script>")
            .remedy("Do \"this\" & that.")
            .detail("</p><img src=x>");
        let page = render(Some(&error));
        assert!(
            page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"),
            "{page}"
        );
        assert!(page.contains("Do &quot;this&quot; &amp; that."), "{page}");
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    }

    #[test]
    fn success_says_so() {
        assert!(render(None).contains("<h1>Signed in</h1>"));
        assert!(!render(None).contains("Not"));
    }
}

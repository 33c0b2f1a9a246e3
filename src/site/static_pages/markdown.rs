//! Descriptions: Markdown (CommonMark) as a safe subset of HTML. What a description brings along as HTML is shown as text,
//! pictures by their words, and links lead only to where a torrent's page may send somebody.

use askama::filters::{Escaper as _, Html};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag};

use crate::catalog::detail_values::LONGEST_DESCRIPTION as LONGEST;

/// Bytes that are made of it at most: much markup of few bytes each ends there.
const MOST_HTML: usize = 200_000;

/// Elements in each other at most; what is deeper is shown without its own.
const DEEPEST: usize = 16;

/// How a link ends.
const END_OF_LINK: &str = "</a>";

/// Where links may lead. With `//`, as browsers make addresses of this site of others.
const SCHEMES: [&str; 4] = ["http://", "https://", "mailto:", "magnet:"];

/// A description as HTML, with headings below those of the page.
pub(super) fn html(text: &str) -> String {
    let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default();
    let mut writer = Writer::default();
    for event in Parser::new_ext(text, Options::empty()) {
        writer.take(event);
        if writer.html.len() > MOST_HTML {
            break;
        }
    }
    writer.finish()
}

#[derive(Default)]
struct Writer {
    html: String,
    /// How the elements end that are open; empty for one that is not shown as one.
    open: Vec<&'static str>,
    /// How many of these are shown.
    depth: usize,
    /// Whether one of them is a link.
    in_link: bool,
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.begin(&tag),
            Event::End(_) => self.end(),
            Event::Code(code) => {
                self.html.push_str("<code>");
                self.text(&code);
                self.html.push_str("</code>");
            }
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>\n"),
            Event::Rule => self.html.push_str("<hr>\n"),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            // What these belong to is no part of CommonMark, and is switched off.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text)
            }
            Event::TaskListMarker(_) => {}
        }
    }

    fn begin(&mut self, tag: &Tag<'_>) {
        let end = if self.depth < DEEPEST { self.begin_shown(tag) } else { "" };
        self.depth += usize::from(!end.is_empty());
        self.in_link |= end == END_OF_LINK;
        self.open.push(end);
    }

    /// Begins an element, and says how it ends; with nothing where it is none that is shown.
    fn begin_shown(&mut self, tag: &Tag<'_>) -> &'static str {
        let (begin, end) = match tag {
            Tag::Paragraph | Tag::HtmlBlock => ("<p dir=\"auto\">", "</p>\n"),
            // The page has one of the first level, and this part of it one of the second.
            Tag::Heading { level, .. } => match *level as u8 {
                1 => ("<h3 dir=\"auto\">", "</h3>\n"),
                2 => ("<h4 dir=\"auto\">", "</h4>\n"),
                3 => ("<h5 dir=\"auto\">", "</h5>\n"),
                _ => ("<h6 dir=\"auto\">", "</h6>\n"),
            },
            Tag::BlockQuote(_) => ("<blockquote>\n", "</blockquote>\n"),
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => {
                ("<pre dir=\"auto\"><code>", "</code></pre>\n")
            }
            Tag::List(None) => ("<ul>\n", "</ul>\n"),
            Tag::List(Some(first)) => {
                self.html.push_str(&format!("<ol start=\"{first}\">\n"));
                return "</ol>\n";
            }
            Tag::Item => ("<li dir=\"auto\">", "</li>\n"),
            Tag::Emphasis => ("<em>", "</em>"),
            Tag::Strong => ("<strong>", "</strong>"),
            Tag::Link { link_type, dest_url, .. } => return self.begin_link(*link_type, dest_url),
            _ => ("", ""),
        };
        self.html.push_str(begin);
        end
    }

    /// Begins a link where it leads to an address that is allowed, and there is none around it.
    fn begin_link(&mut self, kind: LinkType, address: &CowStr<'_>) -> &'static str {
        let mail = if kind == LinkType::Email { "mailto:" } else { "" };
        let address = format!("{mail}{address}");
        if !is_allowed(&address) || self.in_link {
            return "";
        }
        self.html.push_str("<a href=\"");
        self.text(&address);
        self.html.push_str("\" rel=\"nofollow noreferrer\">");
        END_OF_LINK
    }

    fn end(&mut self) {
        let end = self.open.pop().unwrap_or_default();
        self.depth -= usize::from(!end.is_empty());
        self.in_link &= end != END_OF_LINK;
        self.html.push_str(end);
    }

    /// Text without the characters that neither HTML nor XML has; entities can make any.
    fn text(&mut self, text: &str) {
        let is_text = |character: &char| match character {
            '\t' | '\n' | '\r' => true,
            '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => false,
            _ => true,
        };
        let text: String =
            text.chars().map(|it| if is_text(&it) { it } else { '\u{fffd}' }).collect();
        // Writing to a string does not fail.
        let _ = Html.write_escaped_str(&mut self.html, &text);
    }

    fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.html
    }
}

fn is_allowed(address: &str) -> bool {
    SCHEMES.iter().any(|scheme| {
        address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_markdown_has_becomes_html_below_the_headings_of_the_page() {
        let text = "# Songs\nand *tunes*, **loud**\n\n- one\n- two `x<y`\n\n3. three\n\n> said\n\n---\n\n    code & more\n";
        assert_eq!(
            html(text),
            "<h3 dir=\"auto\">Songs</h3>\n\
             <p dir=\"auto\">and <em>tunes</em>, <strong>loud</strong></p>\n\
             <ul>\n<li dir=\"auto\">one</li>\n<li dir=\"auto\">two <code>x&#60;y</code></li>\n</ul>\n\
             <ol start=\"3\">\n<li dir=\"auto\">three</li>\n</ol>\n\
             <blockquote>\n<p dir=\"auto\">said</p>\n</blockquote>\n<hr>\n\
             <pre dir=\"auto\"><code>code &#38; more\n</code></pre>\n"
        );
        let last = html("###### deep\n\n1\\\n2");
        assert_eq!(last, "<h6 dir=\"auto\">deep</h6>\n<p dir=\"auto\">1<br>\n2</p>\n");
    }

    #[test]
    fn plain_text_stays_text_in_paragraphs() {
        let shown = html("one\nstill one\r\n\r\n\n\n2 < 3 & \"so\" on\n");
        let expected = "<p dir=\"auto\">one\nstill one</p>\n<p dir=\"auto\">2 &#60; 3 &#38; &#34;so&#34; on</p>\n";
        assert_eq!(shown, expected);
        assert_eq!(html(" \n\n "), "");
    }

    #[test]
    fn links_lead_only_where_they_may() {
        for allowed in [
            "http://a.example/?x=1&y",
            "HTTPS://a.example",
            "mailto:a@b.example",
            "magnet:?xt=urn:btih:1",
        ] {
            let shown = html(&format!("[it]({allowed})"));
            let address = allowed.replace('&', "&#38;");
            let link = format!("<a href=\"{address}\" rel=\"nofollow noreferrer\">it</a>");
            assert_eq!(shown, format!("<p dir=\"auto\">{link}</p>\n"));
        }
        for refused in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java&#x73;cript:alert(1)",
            "<java\tscript:alert(1)>",
            "data:text/html,x",
            "//a.example",
            "/x",
            "http:x",
            "file:///etc/passwd",
            "#how",
            "\u{e9}\u{e9}\u{e9}",
        ] {
            assert_eq!(html(&format!("[it]({refused})")), "<p dir=\"auto\">it</p>\n", "{refused}");
        }
        assert!(html("<https://a.example>").contains("<a href=\"https://a.example\" rel="));
        assert!(html("<a@b.example>").contains("<a href=\"mailto:a@b.example\" rel="));
        assert!(!html("[a]\n\n[a]: javascript:x").contains("href"));
        let one_in_another = html("[![a [b](http://b.example)](x)](http://c.example)");
        assert_eq!(one_in_another.matches("<a ").count(), 1, "{one_in_another}");
    }

    #[test]
    fn html_is_shown_as_text_and_pictures_by_their_words() {
        let shown = html(
            "<script>alert(1)</script>\n\na <b onclick=x>b</b> ![a cat](http://c.example/x.png)",
        );
        assert!(!shown.contains("<script") && !shown.contains("<b") && !shown.contains("<img"));
        assert!(shown.contains("&#60;script&#62;alert(1)"), "{shown}");
        assert!(shown.contains("&#60;b onclick=x&#62;b&#60;/b&#62; a cat"), "{shown}");
        assert!(!shown.contains("c.example"), "{shown}");
    }

    #[test]
    fn no_character_is_made_that_is_no_text() {
        let shown = html("a&#1;b&#xfffe;c&#127;d\u{1}e");
        assert_eq!(shown, "<p dir=\"auto\">a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e</p>\n");
    }

    #[test]
    fn what_is_made_of_a_description_is_bounded() {
        let deep = html(&"> ".repeat(9_000));
        assert!(deep.matches("<blockquote>").count() <= DEEPEST, "{deep}");
        let long = html(&"ä".repeat(LONGEST));
        assert_eq!(long.matches('ä').count(), LONGEST / 2);
        for text in ["#\n", "[a](http://b)", "- ", "[a] ", "*a ", "**", "`", "![", "<b", "&amp;"] {
            let text = format!("[a]: http://{}\n\n{}", "x".repeat(500), text.repeat(20_000));
            let length = html(&text).len();
            assert!(length < MOST_HTML + 1_000, "{length}");
        }
    }

    /// The elements of our own that begin and end in a text; whatever else has a `<` is a fault.
    fn is_well_formed(html: &str) -> bool {
        let mut open = Vec::new();
        for part in html.split('<').skip(1) {
            let Some((tag, _)) = part.split_once('>') else { return false };
            let name = tag.split(' ').next().unwrap_or_default();
            match name.strip_prefix('/') {
                Some(name) if open.pop() != Some(name) => return false,
                Some(_) => {}
                None if matches!(name, "br" | "hr") => {}
                None => open.push(name),
            }
        }
        open.is_empty() && !html.to_lowercase().contains("href=\"javascript")
    }

    proptest! {
        #[test]
        fn all_elements_end_in_order(text in "([-#>*_`\\[\\]()<!&;:/ \n1.]|http://a|javascript:|<b>|[a-c\"']){0,60}") {
            prop_assert!(is_well_formed(&html(&text)), "{}", html(&text));
        }
    }
}

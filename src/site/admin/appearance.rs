//! How the pages for visitors look: their title, some words on the front page, and colours.

use std::collections::BTreeMap;

use askama::Template;

use super::errors::Errors;
use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use crate::catalog::detail_values::one_line;
use crate::gateway::Status;
use crate::site::appearance::{Appearance, Colour, KEY, USUAL};

/// Characters at most of a title and of a note.
const LONGEST_TITLE: usize = 100;
const LONGEST_NOTE: usize = 2_000;

/// How well what is written must be seen on what is behind it (WCAG 2.2, 1.4.3).
const LEAST_CONTRAST: f64 = 4.5;

#[derive(Template)]
#[template(path = "admin/appearance.html")]
struct Page {
    frame: Frame,
    errors: Errors,
    /// What was set when the form was filled.
    seen: String,
    title: String,
    usual_title: String,
    note: String,
    colours: Vec<ColourRow>,
}

/// A colour in light and in dark surroundings, as it was typed, and what counts without.
struct ColourRow {
    name: &'static str,
    label: &'static str,
    light: String,
    usual_light: String,
    dark: String,
    usual_dark: String,
    error: Option<String>,
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let set = Appearance::set_in(&*exchange.catalog()?)?;
    let typed = Typed {
        seen: set.in_words().unwrap_or_default(),
        title: set.title.clone().unwrap_or_default(),
        note: set.note.clone().unwrap_or_default(),
        light: in_digits(&set.light),
        dark: in_digits(&set.dark),
    };
    page(exchange, signed_in, &typed, Errors::default(), Status::Ok)
}

/// Saves what was typed, and has the pages show it.
pub(super) fn save(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let typed = Typed::of(exchange);
    let mut errors = Errors::default();
    let appearance = typed.understood(exchange, &mut errors);
    if !errors.is_empty() {
        return page(exchange, signed_in, &typed, errors, Status::UnprocessableContent);
    }
    let (seen, words) = (Some(&*typed.seen).filter(|it| !it.is_empty()), appearance.in_words());
    let is_saved = exchange.change(signed_in, |catalog, author| {
        Ok(catalog.set(KEY, (seen, words.as_deref()), author)?)
    })?;
    if !is_saved {
        errors.add("title", exchange.texts.admin.frame.changed_meanwhile);
        let now = Appearance::set_in(&*exchange.catalog()?)?.in_words().unwrap_or_default();
        let typed = Typed { seen: now, ..typed };
        return page(exchange, signed_in, &typed, errors, Status::Conflict);
    }
    Ok(Reply::To("appearance?done=saved".into()))
}

/// What stands in the form.
struct Typed {
    seen: String,
    title: String,
    note: String,
    light: BTreeMap<&'static str, String>,
    dark: BTreeMap<&'static str, String>,
}

fn in_digits(colours: &BTreeMap<String, Colour>) -> BTreeMap<&'static str, String> {
    let known = USUAL.iter().map(|(name, ..)| *name);
    known.filter_map(|name| Some((name, colours.get(name)?.to_string()))).collect()
}

impl Typed {
    fn of(exchange: &Exchange<'_>) -> Self {
        let form = &exchange.form;
        let colours = |of: &str| {
            let all = USUAL.iter().map(|(name, ..)| *name);
            all.map(|name| (name, form.text(&format!("{of}-{name}")).trim().to_owned())).collect()
        };
        Self {
            seen: form.text("seen").to_owned(),
            title: form.text("title").to_owned(),
            note: form.text("note").to_owned(),
            light: colours("light"),
            dark: colours("dark"),
        }
    }

    /// What it means; what means nothing stands in the errors.
    fn understood(&self, exchange: &Exchange<'_>, errors: &mut Errors) -> Appearance {
        let words = &exchange.texts.admin.appearance;
        let title = errors.take("title", one_line(&self.title), ToString::to_string);
        let title = title.unwrap_or_default();
        if title.chars().count() > LONGEST_TITLE {
            errors.add("title", words.long_title);
        }
        let note = self.note.trim();
        if note.chars().count() > LONGEST_NOTE {
            errors.add("note", words.long_note);
        }
        if note.chars().any(|it| it.is_control() && it != '\n') {
            errors.add("note", words.control_characters);
        }
        let mut colours = |typed: &BTreeMap<&'static str, String>| {
            let mut understood = BTreeMap::new();
            for (name, text) in typed.iter().filter(|(_, text)| !text.is_empty()) {
                if let Some(colour) =
                    errors.take(name, text.parse(), |_| words.no_colour.to_owned())
                {
                    understood.insert((*name).to_owned(), colour);
                }
            }
            understood
        };
        let (light, dark) = (colours(&self.light), colours(&self.dark));
        for name in ["ink", "quiet", "link", "seed", "leech", "done"] {
            let is_dark_weak = is_weak(&dark, name, |(_, _, dark)| *dark);
            if is_weak(&light, name, |(_, light, _)| *light) || is_dark_weak {
                errors.add(name, words.weak);
            }
        }
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Appearance { title: said(&title), note: said(note), light, dark }
    }
}

/// Whether what is written in a colour can hardly be read on the paper, where one of the two is set.
fn is_weak(
    colours: &BTreeMap<String, Colour>,
    name: &str,
    usual: impl Fn(&(&str, Colour, Colour)) -> Colour,
) -> bool {
    let of = |name: &str| {
        let known = USUAL.iter().find(|(known, ..)| *known == name);
        colours.get(name).copied().or_else(|| known.map(&usual))
    };
    let is_set = colours.contains_key(name) || colours.contains_key("paper");
    let contrast = of(name).zip(of("paper")).map(|(ink, paper)| ink.contrast(paper));
    is_set && contrast.is_some_and(|contrast| contrast < LEAST_CONTRAST)
}

fn page(
    exchange: &Exchange<'_>,
    signed_in: &SignedIn,
    typed: &Typed,
    errors: Errors,
    status: Status,
) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let words = &texts.admin.appearance;
    let colours = USUAL.iter().zip(words.names_of_colours()).map(|((name, light, dark), label)| {
        let text =
            |typed: &BTreeMap<&'static str, String>| typed.get(name).cloned().unwrap_or_default();
        ColourRow {
            name,
            label,
            light: text(&typed.light),
            usual_light: light.to_string(),
            dark: text(&typed.dark),
            usual_dark: dark.to_string(),
            error: errors.of(name).map(str::to_owned),
        }
    });
    let colours = colours.collect();
    let mut frame = Frame::new(exchange, Some(signed_in), Section::Appearance, words.title);
    frame.has_errors = !errors.is_empty();
    let is_saved = exchange.query.text("done") == "saved" && errors.is_empty();
    frame.notice = is_saved.then(|| texts.admin.frame.saved.to_owned());
    Reply::page_of(
        status,
        &Page {
            frame,
            errors,
            seen: typed.seen.clone(),
            title: typed.title.clone(),
            usual_title: exchange.loaded().config.pages.title.clone(),
            note: typed.note.clone(),
            colours,
        },
    )
}

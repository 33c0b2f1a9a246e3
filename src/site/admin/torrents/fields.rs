//! The fields in which what is decided about a torrent is written. An empty one decides nothing; beside each stands what is
//! said then, and by whom.

use super::scope;
use crate::catalog::{Catalog, CatalogError, Details, ExplainedDetail, Layer, Torrent, User};
use crate::platform::date;
use crate::site::language::{AdminTorrentTexts, Texts};

/// Characters of a value that are shown beside a field at most.
const MOST_SHOWN: usize = 200;

/// A field.
pub(super) struct Field {
    /// One of [`Details::NAMES`].
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: String,
    pub(super) value: String,
    pub(super) kind: Kind,
}

/// How a field looks.
pub(super) enum Kind {
    /// A line, and texts that are offered for it.
    Line(Vec<String>),
    /// A line of digits, or an address.
    Code,
    /// Several lines.
    Area,
    /// One of these, each with its words.
    Choice(Vec<(String, String)>),
}

/// Fields that belong together; the first ones have no legend.
pub(super) struct Part {
    pub(super) legend: &'static str,
    pub(super) fields: Vec<Field>,
}

/// Names of fields, in their order.
pub(super) const NAMES: [&str; 14] = [
    "title",
    "description",
    "category",
    "group",
    "info_url",
    "mirror",
    "hidden",
    "list_from",
    "list_until",
    "link_until",
    "crc32",
    "md5",
    "sha1",
    "sha256",
];

/// What is decided under a name, as it is written in its field.
pub(super) fn written(decision: &Details, name: &str) -> String {
    let at = match name {
        "list_from" => decision.list_from,
        "list_until" => decision.list_until,
        "link_until" => decision.link_until,
        _ => None,
    };
    if let Some(at) = at {
        return date::shortest(at.0);
    }
    let words = decision.in_words().into_iter();
    words.filter(|(known, _)| *known == name).find_map(|(_, value)| value).unwrap_or_default()
}

/// Makes the fields of a torrent with what is in them.
pub(super) struct Maker<'a> {
    said: Vec<ExplainedDetail>,
    torrent: &'a Torrent,
    texts: &'static Texts,
    /// The groups that may be chosen, where not any may be written.
    own_groups: Option<&'a [String]>,
    /// All groups.
    groups: Vec<String>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        torrent: &'a Torrent,
        user: &'a User,
        catalog: &Catalog,
        texts: &'static Texts,
    ) -> Result<Self, CatalogError> {
        let own_groups = scope::groups(user);
        let groups = catalog.groups()?.into_iter().map(|group| group.name).collect();
        let said = torrent.explained_without_decision();
        Ok(Self { said, torrent, texts, own_groups, groups })
    }

    /// All fields. `value` gives what is in each, `saved` what was saved meanwhile.
    pub(super) fn parts(
        &self,
        value: &dyn Fn(&'static str) -> String,
        saved: &dyn Fn(&'static str) -> Option<String>,
    ) -> Vec<Part> {
        let words = &self.texts.admin.torrent;
        let legends = [("", 4), (words.links, 2), (words.visibility, 4), (words.checksums, 4)];
        let mut names = NAMES.into_iter();
        let fields = |(legend, count): (&'static str, usize)| {
            let fields = names.by_ref().take(count).map(|name| Field {
                name,
                label: self.label(name),
                hint: self.hint(name, saved(name)),
                value: value(name),
                kind: self.kind(name, &value(name)),
            });
            Part { legend, fields: fields.collect() }
        };
        legends.into_iter().map(fields).collect()
    }

    fn words(&self) -> &'static AdminTorrentTexts {
        &self.texts.admin.torrent
    }

    fn label(&self, name: &'static str) -> &'static str {
        let words = self.words();
        match name {
            "title" => words.title,
            "description" => words.description,
            "category" => words.category,
            "group" => words.group,
            "info_url" => words.info_url,
            "mirror" => words.mirror,
            "hidden" => words.hidden,
            "list_from" => words.list_from,
            "list_until" => words.list_until,
            "link_until" => words.link_until,
            "crc32" => "CRC32",
            "md5" => "MD5",
            "sha1" => "SHA-1",
            "sha256" => "SHA-256",
            other => other,
        }
    }

    fn hint(&self, name: &str, saved: Option<String>) -> String {
        let words = self.words();
        let below = self.below(name).map(|below| match name {
            "hidden" => format!("{}: {below}.", words.not_decided),
            _ => words.empty.with(below),
        });
        let form = match name {
            "description" => words.description_hint,
            "list_from" | "list_until" | "link_until" => words.date_hint,
            _ => "",
        };
        let saved = saved.map(|saved| match &*saved {
            "" => words.nothing_saved.to_owned(),
            saved => words.saved_now.with(shortened(saved)),
        });
        let parts = [saved.unwrap_or_default(), form.to_owned(), below.unwrap_or_default()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// What is said under a name where nothing is decided; `None` where nobody says anything.
    fn below(&self, name: &str) -> Option<String> {
        let words = self.words();
        let Some(said) = self.said.iter().find(|said| said.name == name) else {
            let is_named = name == "title" && !self.torrent.name.is_empty();
            return is_named.then(|| words.name_says.with(shortened(&self.torrent.name)));
        };
        let value = &said.value;
        Some(match &said.layer {
            Layer::ChecksumFile(ending) => words.checksum_file_says.with(ending, shortened(value)),
            Layer::Folder => words.folder_says.with(shortened(value)),
            Layer::FileName => words.file_name_hides.into(),
            _ if name == "hidden" => {
                words.sidecar_says.with(format_args!("hidden = {}", value == "yes"))
            }
            _ => words.sidecar_says.with(shortened(value)),
        })
    }

    fn kind(&self, name: &str, value: &str) -> Kind {
        let words = self.words();
        let nothing = (String::new(), words.not_decided.to_owned());
        match name {
            "description" => Kind::Area,
            "hidden" => Kind::Choice(vec![
                nothing,
                ("yes".into(), words.hidden_yes.into()),
                ("no".into(), words.hidden_no.into()),
            ]),
            "group" => match self.own_groups {
                Some(own) => {
                    let mut names = own.to_vec();
                    if !value.is_empty() && !names.iter().any(|name| name == value) {
                        names.push(value.to_owned());
                    }
                    let names = names.into_iter().map(|name| (name.clone(), name));
                    Kind::Choice(std::iter::once(nothing).chain(names).collect())
                }
                None => Kind::Line(self.groups.clone()),
            },
            "title" | "category" => Kind::Line(Vec::new()),
            _ => Kind::Code,
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_decided_but_the_end_has_a_field() {
        let mut names = NAMES.to_vec();
        names.push("retired");
        names.sort_unstable();
        let mut all = Details::NAMES.to_vec();
        all.sort_unstable();
        assert_eq!(names, all);
    }

    #[test]
    fn what_is_written_in_a_field_is_read_as_what_is_decided() {
        use crate::protocol::{Checksums, Timestamp};
        use crate::tracker::decisions::Edits;
        let text = |text: &str| Some(text.to_owned());
        let all = Details {
            hidden: Some(false),
            title: text("<b>A “title”</b>"),
            description: text("    code\n\ntext"),
            category: text("a/b"),
            group: text("Архив"),
            mirror: text("https://mirror.example/"),
            info_url: text("https://info.example/"),
            checksums: Checksums {
                crc32: Some(0x0123_4567),
                md5: Some([1; 16]),
                sha1: Some([2; 20]),
                sha256: Some([3; 32]),
            },
            retirement: None,
            link_until: Some(Timestamp(86_400)),
            list_from: Some(Timestamp(90_061)),
            list_until: Some(Timestamp(172_800)),
        };
        let mut edits = Edits::default();
        for name in NAMES {
            edits.set(name, &written(&all, name)).unwrap();
        }
        let mut read = Details::default();
        edits.apply(&mut read);
        assert_eq!(read, all);
        assert_eq!(written(&all, "link_until"), "1970-01-02");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened(&"ё".repeat(MOST_SHOWN)).chars().count(), MOST_SHOWN);
        assert_eq!(shortened(&"ё".repeat(MOST_SHOWN + 1)).chars().count(), MOST_SHOWN + 1);
    }
}

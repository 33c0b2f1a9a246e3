//! Reading what a refresh writes: the stats table and the feed's items, as strict XML, so that half
//! a file and a name that was not escaped both fail.

use std::collections::BTreeMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// An element with all that is in it.
#[derive(Clone, Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub children: Vec<Element>,
    /// Its own text and that of its children.
    pub text: String,
}

impl Element {
    /// Reads elements that follow one another, as children of one without a name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            let event = reader.read_event().map_err(|error| format!("{error} in {text}"))?;
            let top = open.last_mut().ok_or("more ends than beginnings")?;
            match event {
                Event::Start(start) => open.push(Self::begun(&start)?),
                Event::Empty(start) => top.children.push(Self::begun(&start)?),
                Event::Text(text) => top.text += &text,
                Event::GeneralRef(name) => top.text.push(character(&name)?),
                Event::End(_) => {
                    let ended = open.pop().ok_or("more ends than beginnings")?;
                    let parent = open.last_mut().ok_or("more ends than beginnings")?;
                    parent.text += &ended.text;
                    parent.children.push(ended);
                }
                Event::Comment(_) => {}
                Event::Eof if open.len() == 1 => return open.pop().ok_or_else(String::new),
                other => return Err(format!("{other:?} in {text}")),
            }
        }
    }

    fn begun(start: &BytesStart<'_>) -> Result<Self, String> {
        let mut element = Self { name: start.name().as_ref().to_string(), ..Self::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| error.to_string())?;
            element.attributes.insert(attribute.key.as_ref().to_string(), value.into_owned());
        }
        Ok(element)
    }

    /// All elements of a name below this one, in order.
    pub fn all(&self, name: &str) -> Vec<&Self> {
        let below = |child| Self::all(child, name);
        let own = |child: &&Self| child.name == name;
        self.children
            .iter()
            .flat_map(|child| Some(child).filter(own).into_iter().chain(below(child)))
            .collect()
    }

    /// The only element of a name below this one.
    pub fn one(&self, name: &str) -> &Self {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "{name} in {self:?}");
        all[0]
    }

    /// An attribute; panics when there is none.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
}

fn character(reference: &quick_xml::events::BytesRef<'_>) -> Result<char, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character);
    }
    let name: &str = reference;
    let known = [("lt", '<'), ("gt", '>'), ("amp", '&'), ("quot", '"'), ("apos", '\'')];
    let found = known.into_iter().find(|(known, _)| *known == name);
    found.map(|(_, character)| character).ok_or_else(|| format!("&{name}; is no character"))
}

/// The stats fragment.
#[derive(Debug)]
pub struct Table {
    /// A row for each torrent.
    pub rows: Vec<Row>,
    /// The last row; none when there are no torrents.
    pub totals: Option<Row>,
    /// When it was written, in RFC 3339.
    pub updated: String,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    element: Element,
}

impl Table {
    /// Reads a stats fragment; the error says why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let all = Element::parse(text)?;
        let rows = |part: &str| -> Vec<Row> {
            let rows = all.all(part).into_iter().flat_map(|part| part.all("tr"));
            rows.map(|element| Row { element: element.clone() }).collect()
        };
        let updated = all.all("time");
        let updated = updated.last().ok_or("it does not say when it was updated")?;
        Ok(Self {
            rows: rows("tbody"),
            totals: rows("tfoot").pop(),
            updated: updated.attribute("datetime").to_owned(),
        })
    }

    /// The names of the torrents, in order.
    pub fn names(&self) -> Vec<String> {
        self.rows.iter().map(Row::name).collect()
    }

    /// The row of a torrent; panics when there is none.
    pub fn row(&self, name: &str) -> &Row {
        let found = self.rows.iter().find(|row| row.name() == name);
        found.unwrap_or_else(|| panic!("{name} is not among {:?}", self.names()))
    }
}

impl Row {
    /// The text of the cell in a column.
    pub fn cell(&self, column: &str) -> &str {
        &self.find(column).text
    }

    /// The element of the cell in a column.
    pub fn find(&self, column: &str) -> &Element {
        let found = self.element.children.iter().find(|cell| cell.attribute("class") == column);
        found.unwrap_or_else(|| panic!("no column {column} in {self:?}"))
    }

    /// The torrent's name.
    pub fn name(&self) -> String {
        self.find("name").all("a").first().map_or_else(String::new, |link| link.text.clone())
    }
}

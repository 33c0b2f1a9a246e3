//! Where each thing that is said about a torrent comes from, and what it hides below.

use std::fmt;

use super::torrent::is_hidden;
use super::{Details, Torrent};

/// Who says something about a torrent. The first one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Its owner, by a command.
    Command,
    /// Its sidecar.
    Sidecar,
    /// Its checksum file with this ending.
    ChecksumFile(&'static str),
    /// The name of its file.
    FileName,
    /// The folder that its file is in.
    Folder,
}

/// Something that is said about a torrent, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedDetail {
    /// As [`Details::in_words`] names it.
    pub name: &'static str,
    /// What is in force.
    pub value: String,
    /// Who says so.
    pub layer: Layer,
    /// Who would speak if that layer said nothing, and what that is, where it is another thing.
    pub hides: Option<(Layer, String)>,
}

impl Torrent {
    /// All that is said about it, in the order of [`Details::in_words`].
    #[must_use]
    pub fn explained(&self) -> Vec<ExplainedDetail> {
        self.explain(vec![(Layer::Command, self.decision().clone())])
    }

    /// The same as if nothing were decided.
    #[must_use]
    pub fn explained_without_decision(&self) -> Vec<ExplainedDetail> {
        self.explain(Vec::new())
    }

    /// All that these layers say about it, and those below.
    fn explain(&self, mut layers: Vec<(Layer, Details)>) -> Vec<ExplainedDetail> {
        let companions = self.companions();
        layers.extend(companions.sidecar.iter().map(|it| (Layer::Sidecar, it.details.clone())));
        layers.extend(companions.checksum_files.iter().map(|file| {
            let details = Details { checksums: file.checksums, ..Details::default() };
            (Layer::ChecksumFile(file.ending), details)
        }));
        let by_name =
            Details { hidden: is_hidden(&self.file).then_some(true), ..Details::default() };
        layers.push((Layer::FileName, by_name));
        layers.push((Layer::Folder, Details { category: self.folder(), ..Details::default() }));
        let layers: Vec<_> = layers.iter().map(|(layer, said)| (*layer, said.in_words())).collect();
        let explain = |(place, name): (usize, &'static str)| {
            let mut told = layers
                .iter()
                .filter_map(|(layer, words)| Some((*layer, words.get(place)?.1.clone()?)));
            let (layer, value) = told.next()?;
            let hides = told.next().filter(|(_, below)| *below != value);
            Some(ExplainedDetail { name, value, layer, hides })
        };
        Details::NAMES.into_iter().enumerate().filter_map(explain).collect()
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command => formatter.write_str("command"),
            Self::Sidecar => formatter.write_str("sidecar"),
            Self::ChecksumFile(ending) => write!(formatter, ".{ending} file"),
            Self::FileName => formatter.write_str("name of its file"),
            Self::Folder => formatter.write_str("folder"),
        }
    }
}

/// The value, who says so, and what that hides.
impl fmt::Display for ExplainedDetail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, layer, hides, .. } = self;
        match hides {
            None => write!(formatter, "{value}  ({layer})"),
            Some((below, other)) => write!(formatter, "{value}  ({layer}; {below}: {other})"),
        }
    }
}

//! The files of a torrent as a tree, line by line, as many as a page may show.

use crate::protocol::Contents;
use crate::site::language::Texts;

/// Files of a torrent on its page at most.
pub(super) const MOST_FILES: usize = 500;

/// The tree of a torrent's files.
#[derive(Debug)]
pub(super) struct Tree {
    /// How many there are.
    pub(super) about: String,
    pub(super) lines: Vec<Line>,
    /// How many are not shown.
    pub(super) more: Option<String>,
}

/// One step through the tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A folder begins.
    Folder { name: String },
    /// A file.
    File { name: String, size: String },
    /// The folder that began last ends.
    End,
}

impl Tree {
    /// Folders come in the order of the torrent's files; those that it comes back to come again.
    pub(super) fn new(contents: &Contents, texts: &Texts) -> Self {
        let mut lines = Vec::new();
        let mut open: Vec<&str> = Vec::new();
        for file in &contents.files {
            let Some((name, folders)) = file.path.split_last() else { continue };
            let common = open.iter().zip(folders).take_while(|(a, b)| *a == *b).count();
            lines.extend(open.drain(common..).map(|_| Line::End));
            for folder in folders.iter().skip(common) {
                lines.push(Line::Folder { name: folder.clone() });
                open.push(folder);
            }
            lines.push(Line::File { name: name.clone(), size: texts.bytes(file.size, 2) });
        }
        lines.extend(open.iter().map(|_| Line::End));
        let counted = |files: usize| texts.counted(files, texts.counts.files);
        let count = contents.count;
        let shown = contents.files.len();
        let shown_size = contents.files.iter().map(|file| file.size).sum::<u64>();
        Self {
            about: format!("{}, {}", counted(count), texts.bytes(contents.size, 2)),
            lines,
            more: (shown < count).then(|| {
                let size = texts.bytes(contents.size.saturating_sub(shown_size), 2);
                texts.torrent.files_not_shown.with(counted(count - shown), size)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Language;
    use crate::protocol::ContentFile;
    use crate::site::language::texts;

    fn contents(paths: &[&str]) -> Contents {
        let file = |path: &&str| ContentFile {
            path: path.split('/').map(str::to_owned).collect(),
            size: 1024,
        };
        let files: Vec<_> = paths.iter().map(file).collect();
        Contents {
            count: files.len(),
            size: 1024 * files.len() as u64,
            files,
            ..Contents::default()
        }
    }

    fn tree(contents: &Contents) -> Tree {
        Tree::new(contents, texts(Language::English))
    }

    fn drawn(tree: &Tree) -> String {
        let line = |line: &Line| match line {
            Line::Folder { name } => format!("{name}("),
            Line::File { name, .. } => format!("{name} "),
            Line::End => ")".into(),
        };
        tree.lines.iter().map(line).collect()
    }

    #[test]
    fn files_stand_in_their_folders() {
        let tree = tree(&contents(&["a", "b/c", "b/d/e", "b/f", "g/h"]));
        assert_eq!(drawn(&tree), "a b(c d(e )f )g(h )");
        assert_eq!(tree.about, "5 files, 5.00 KiB");
        assert_eq!(tree.more, None);
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let mut many = contents(&["a", "b"]);
        (many.count, many.size) = (1_500, 4096);
        let tree = tree(&many);
        assert_eq!(tree.more.unwrap(), "Not shown: 1,498 files, 2.00 KiB.");
    }

    proptest! {
        #[test]
        fn each_folder_that_begins_ends(paths in proptest::collection::vec("[ab](/[ab]){0,4}", 0..9)) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let tree = tree(&contents(&paths));
            let mut open = 0_usize;
            for line in &tree.lines {
                match line {
                    Line::Folder { .. } => open += 1,
                    Line::End => open = open.checked_sub(1).unwrap(),
                    Line::File { .. } => {}
                }
            }
            prop_assert_eq!(open, 0);
            let files = tree.lines.iter().filter(|line| matches!(line, Line::File { .. }));
            prop_assert_eq!(files.count(), paths.len());
        }
    }
}

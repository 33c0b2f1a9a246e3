//! Which module of the tracker uses which.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::Source;

/// A module or an item, from the crate on.
type Path = Vec<String>;

/// Whether a character may stand in a name.
fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The paths that a text begins with, such as `super::{table, swarm::Swarm as Other}`, each with the name
/// that its last part gets.
fn tree(text: &str) -> (Vec<(Path, String)>, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut all = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if rest.is_empty() || rest.starts_with('}') {
                return (all, rest.get(1..).unwrap_or_default());
            }
            let (paths, after) = tree(rest);
            // What is no path, as a pattern's braces may hold.
            rest = if after.len() < rest.len() { after } else { rest.get(1..).unwrap_or_default() };
            all.extend(paths);
        }
    }
    let name: String = text.chars().take_while(|&c| is_of_name(c)).collect();
    let rest = &text[name.len()..];
    if let Some(inside) = rest.strip_prefix("::") {
        let (mut paths, rest) = tree(inside);
        paths.iter_mut().for_each(|(path, _)| path.insert(0, name.clone()));
        return (paths, rest);
    }
    let (alias, rest) = match rest.strip_prefix(" as ") {
        Some(alias) => alias.split_at(alias.find(|c| !is_of_name(c)).unwrap_or(alias.len())),
        None => (&*name, rest),
    };
    (vec![(vec![name.clone()], alias.to_owned())], rest)
}

/// The paths that follow a word, wherever that stands on its own.
fn paths_after<'a>(word: &'a str, code: &'a str) -> impl Iterator<Item = (Path, String)> + 'a {
    let begins = move |&(at, _): &(usize, &str)| {
        !code[..at].ends_with(|c| is_of_name(c) || c == ':' || c == '$')
    };
    code.match_indices(word).filter(begins).flat_map(|(at, word)| {
        let from = if word.ends_with(' ') { at + word.len() } else { at };
        tree(&code[from..]).0
    })
}

/// All modules, and what their `use` makes known under which name.
pub struct House<'a> {
    sources: &'a [Source],
    known: BTreeMap<&'a [String], BTreeMap<String, Path>>,
}

impl<'a> House<'a> {
    pub fn new(sources: &'a [Source]) -> Self {
        let mut house = Self {
            sources,
            known: sources.iter().map(|source| (&*source.module, BTreeMap::new())).collect(),
        };
        let mut found = Vec::new();
        for source in sources {
            for (path, name) in paths_after("use ", &source.code) {
                if let Some(target) = house.in_crate(&source.module, &path) {
                    found.push((&*source.module, name, target));
                }
            }
        }
        for (module, name, target) in found {
            house.known.entry(module).or_default().insert(name, target);
        }
        house
    }

    /// The modules that each one uses.
    pub fn uses(&self) -> BTreeSet<(Path, Path)> {
        let mut uses = BTreeSet::new();
        for source in self.sources {
            let code = &source.code;
            let paths =
                ["use ", "crate::", "super::"].into_iter().flat_map(|word| paths_after(word, code));
            for (path, _) in paths {
                if let Some(path) = self.in_crate(&source.module, &path) {
                    uses.insert((source.module.clone(), self.owner(path)));
                }
            }
        }
        uses
    }

    /// A path as it is seen from `module`, from the crate on; `None` for one of another crate.
    fn in_crate(&self, module: &[String], path: &[String]) -> Option<Path> {
        let mut base = module.to_vec();
        let mut rest = path;
        match rest.first().map(String::as_str) {
            Some("crate") => {
                base.clear();
                rest = &rest[1..];
            }
            Some("self") => rest = &rest[1..],
            Some("super") => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            Some(name) => {
                base.push(name.to_owned());
                if !self.known.contains_key(&*base) {
                    return None;
                }
                rest = &rest[1..];
            }
            None => return None,
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    /// The module in which stands what a path names, whichever module passes it on.
    fn owner(&self, mut path: Path) -> Path {
        // No more often than modules nest.
        for _ in 0..8 {
            let of_module =
                (0..=path.len()).rev().find(|&length| self.known.contains_key(&path[..length]));
            let (module, inside) = path.split_at(of_module.unwrap_or(0));
            let passed_on = inside.first().and_then(|name| self.known.get(module)?.get(name));
            match passed_on {
                Some(target) if !target.starts_with(&path) => {
                    path = target.iter().chain(&inside[1..]).cloned().collect();
                }
                _ => return module.to_vec(),
            }
        }
        path
    }
}

/// Modules of one folder that use each other, directly or through others: `store/shm: swarm, table`.
pub fn circles(uses: &BTreeSet<(Path, Path)>) -> Vec<String> {
    // What each module of a folder uses of the others in it, whatever is inside of them.
    let mut folders: BTreeMap<&[String], BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for (user, used) in uses {
        let shared = user.iter().zip(used).take_while(|(one, other)| one == other).count();
        if let (Some(from), Some(to)) = (user.get(shared), used.get(shared)) {
            folders.entry(&user[..shared]).or_default().entry(from).or_default().insert(to);
        }
    }
    let mut circles = BTreeSet::new();
    for (folder, modules) in folders {
        for &module in modules.keys() {
            let circle: Vec<&str> = reached(modules_from(&modules, module), &modules)
                .into_iter()
                .filter(|&other| reached(modules_from(&modules, other), &modules).contains(module))
                .collect();
            if circle.contains(&module) {
                circles.insert(format!("{}: {}", folder.join("/"), circle.join(", ")));
            }
        }
    }
    circles.into_iter().collect()
}

fn modules_from<'a>(
    modules: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    from: &str,
) -> BTreeSet<&'a str> {
    modules.get(from).cloned().unwrap_or_default()
}

/// What is used, and what that uses.
fn reached<'a>(
    mut found: BTreeSet<&'a str>,
    modules: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> BTreeSet<&'a str> {
    let mut next: Vec<&str> = found.iter().copied().collect();
    while let Some(module) = next.pop() {
        next.extend(modules_from(modules, module).into_iter().filter(|&other| found.insert(other)));
    }
    found
}

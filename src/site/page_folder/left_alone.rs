//! Files that are left as they were written before.

use super::{Found, PageFolder};
use crate::platform::files;

impl PageFolder {
    /// What was written to a path in the folder before, if it is still there.
    pub(in crate::site) fn content(&mut self, path: &str) -> Option<Vec<u8>> {
        let is_ours = matches!(self.look(path), Found::Ours(..));
        is_ours.then(|| files::read(&self.folder.join(path)).ok()).flatten()
    }

    /// Leaves a page alone where it was made of the same as before; whether it was. So what it costs to make it is saved.
    pub(in crate::site) fn keep(&mut self, path: &str, made_of: &str) -> bool {
        let is_same = self.manifest.made_of.get(path).is_some_and(|it| it == made_of);
        is_same && self.leave_alone(path)
    }

    /// Leaves a path to the owner, who may have put something of their own in the place of ours.
    pub(in crate::site) fn let_go(&mut self, path: &str) {
        self.manifest.files.remove(path);
    }

    /// Has what was written to a path before stay without being compared, with its compressed sibling. `false` where
    /// somebody has touched it: then it is to be put there.
    pub(in crate::site) fn leave_alone(&mut self, path: &str) -> bool {
        let sibling = format!("{path}.gz");
        let mut left = vec![path.to_owned()];
        if self.manifest.clashes.contains(&sibling) {
            return false;
        }
        if self.manifest.files.contains_key(&sibling) {
            left.push(sibling);
        }
        let is_untouched = self.leads_through_folders(path)
            && left.iter().all(|path| self.is_as_it_was_left(path));
        if is_untouched {
            self.wanted.extend(left);
        }
        is_untouched
    }
}

//! Who runs doctor, whom the site belongs to, and as whom the web servers of this machine run.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::outcome::Outcome;
use crate::platform::order::Order as _;
use crate::platform::privilege;

/// What the processes of web servers are called, and of what starts CGIs for them.
const WEB_SERVERS: [&str; 6] = ["apache2", "httpd", "nginx", "lighttpd", "caddy", "fcgiwrap"];

/// The name of a user's account, or the number.
pub(super) fn name(user: u32) -> String {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_in(&accounts, user).unwrap_or_else(|| format!("user {user}"))
}

fn name_in(accounts: &str, user: u32) -> Option<String> {
    let mut lines = accounts.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| {
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    })
}

/// Whose a file or folder is.
pub(super) fn owner(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|found| found.uid())
}

/// What is wrong with the owner of a file or folder that the tracker writes: it must be that of the data folder. The
/// remedy is made of that one's name.
pub(super) fn stranger(
    path: &Path,
    data: &Path,
    remedy: impl FnOnce(&str) -> String,
) -> Option<Outcome> {
    let (found, expected) = (owner(path)?, owner(data)?);
    (found != expected).then(|| {
        let expected = name(expected);
        let (path, data) = (path.display(), data.display());
        Outcome::wrong(
            format!("{path} belongs to {}, and {data} to {expected}", name(found)),
            remedy(&expected),
        )
    })
}

/// The same for a file that is worth keeping.
pub(super) fn kept_by_stranger(file: &Path, data: &Path) -> Option<Outcome> {
    stranger(file, data, |expected| format!("as root: chown {expected} {}", file.display()))
}

/// Whether a user may read a file, as far as its mode says; a group's members are not looked up.
pub(super) fn may_read(user: u32, file: &Path) -> bool {
    let Ok(found) = fs::metadata(file) else { return true };
    let needed = if found.uid() == user { 0o400 } else { 0o044 };
    user == 0 || found.mode() & needed != 0
}

/// The outcome of a check of what this user may not see, and perhaps another one may.
pub(super) fn unseen(path: &Path, owner: Option<u32>) -> Outcome {
    let or_owner = owner.map(|owner| format!(" or {}", name(owner))).unwrap_or_default();
    Outcome::not_checked(format!(
        "{} may not see {}: run doctor as root{or_owner}",
        name(privilege::user()),
        path.display()
    ))
}

/// The users, other than root, as whom web servers run on this machine.
pub(super) fn web_servers() -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let mut users: Vec<u32> = processes
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let command = fs::read_to_string(folder.join("comm")).ok()?;
            let is_one = WEB_SERVERS.contains(&command.trim());
            fs::metadata(&folder).ok().filter(|_| is_one).map(|found| found.uid())
        })
        .filter(|&user| user != 0)
        .collect();
    users.order();
    users.dedup();
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_called_by_the_name_of_their_account() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:/bin/false\n";
        assert_eq!(name_in(accounts, 33).as_deref(), Some("www-data"));
        assert_eq!(name_in(accounts, 0).as_deref(), Some("root"));
        assert_eq!(name_in(accounts, 3), None);
        assert_eq!(name(2_000_000_009), "user 2000000009");
    }
}

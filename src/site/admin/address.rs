//! Where a request is below the administration, however the web server says that.

use crate::gateway::Request;

const ADMIN: &[u8] = b"/admin";

/// Whether a path below the script is one of the administration's.
pub(in crate::site) fn is_below_admin(path: &[u8]) -> bool {
    let rest = path.strip_prefix(ADMIN);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// The path behind `/admin`, such as `/torrents/add`; empty where there is not even a slash. Some paths can only be told by
/// which pages are known.
pub(super) fn path(request: &Request<'_>, is_known: fn(&str) -> bool) -> String {
    let path = request.path_info.trim_ascii();
    let behind = match path.strip_prefix(ADMIN) {
        Some(behind) if is_below_admin(path) => behind,
        // Some servers repeat the program's own path, or give all of the path as the program's.
        _ => behind_admin(path, is_known)
            .or_else(|| behind_admin(request.script_name, is_known))
            .unwrap_or_default(),
    };
    String::from_utf8_lossy(behind).into_owned()
}

/// What a path that the program's own may be part of has behind `/admin`, if there is such a page. The program may lie in
/// a folder of that name.
pub(super) fn behind_admin(path: &[u8], is_known: fn(&str) -> bool) -> Option<&[u8]> {
    let ends = path.windows(ADMIN.len()).enumerate().rev();
    let places = ends.filter(|(_, part)| *part == ADMIN).map(|(at, _)| path.split_at(at).1);
    places
        .filter(|place| is_below_admin(place))
        .filter_map(|place| place.strip_prefix(ADMIN))
        .find(|behind| str::from_utf8(behind).is_ok_and(is_known))
}

/// How many folders below that of the administration a page is.
pub(super) fn depth(path: &str) -> usize {
    path.bytes().filter(|&byte| byte == b'/').count().saturating_sub(1)
}

/// What leads from a page so many folders below to that of the administration.
pub(super) fn root(depth: usize) -> String {
    "../".repeat(depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Variables;

    struct Fixed([(&'static str, &'static str); 2]);

    impl Variables for Fixed {
        fn visit<'v>(&'v self, visitor: &mut dyn FnMut(&'v [u8], &'v [u8])) {
            self.0.iter().for_each(|(name, value)| visitor(name.as_bytes(), value.as_bytes()));
        }
    }

    fn is_known(path: &str) -> bool {
        matches!(path, "" | "/" | "/admin.css")
    }

    #[test]
    fn the_path_is_found_however_the_web_server_says_it() {
        for (script, below, expected) in [
            ("/cgi-bin/tracker.cgi", "/admin/admin.css", "/admin.css"),
            ("/cgi-bin/tracker.cgi", "/admin", ""),
            ("/cgi-bin/tracker.cgi", "/admin/no/such/page", "/no/such/page"),
            ("/cgi-bin/tracker.cgi", "/cgi-bin/tracker.cgi/admin/", "/"),
            ("/admin/admin.css", "", "/admin.css"),
            ("/admin/tracker.cgi/admin/admin.css", "", "/admin.css"),
            ("/", "/admin/", "/"),
            ("/x", "/admins", ""),
        ] {
            let variables = Fixed([("SCRIPT_NAME", script), ("PATH_INFO", below)]);
            let found = path(&Request::new(&variables, b""), is_known);
            assert_eq!(found, expected, "{script} {below}");
        }
        assert_eq!(behind_admin(b"/admin/tracker.cgi", is_known), None);
    }

    #[test]
    fn links_lead_up_as_many_folders_as_the_page_is_below() {
        for (path, expected) in
            [("/", ""), ("/login", ""), ("/torrents/add", "../"), ("/a/b/c", "../../")]
        {
            assert_eq!(root(depth(path)), expected, "{path}");
        }
    }
}

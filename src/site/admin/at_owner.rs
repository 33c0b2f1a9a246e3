//! What a replica answers: that the administration is on the owner's host, where the script has the same path.

use askama::Template;
use percent_encoding::percent_encode;

use super::reply::HTML;
use super::style;
use crate::config::LoadedConfig;
use crate::gateway::{Method, Request, Response, Status};
use crate::protocol::HttpUrl;
use crate::site::language::{self, Texts, texts};
use crate::site::links::PATH;

/// For who has sent a form that cannot go on to the owner's host.
#[derive(Template)]
#[template(path = "admin/at_owner.html")]
struct AtOwner {
    texts: &'static Texts,
    /// The administration there.
    address: String,
}

/// Answers at a path behind `/admin`. The way to the owner's host is one that keeps a form (307); a browser does not take
/// it to another host than that of the page with the form, and gets a page that says so.
pub(super) fn answer(
    loaded: &LoadedConfig,
    path: &str,
    request: &Request<'_>,
    response: &mut Response,
) {
    if path == style::PATH && request.method == Method::Get {
        // Without it, a page that came from the owner's host would be bare.
        style::reply().put(0, response);
        return;
    }
    let Some(owner) = &loaded.config.farm.owner_url else {
        response.status = Status::NotFound;
        response.body.extend_from_slice(
            b"This host is a replica, and the administration is on the owner's host; `owner_url` in [farm] would send you there.\n",
        );
        return;
    };
    if request.method == Method::Post && is_asked_as_another(request, owner) {
        let language =
            language::wanted(language::asked_for(request), &loaded.config.pages.languages);
        let page = AtOwner { texts: texts(language), address: address(owner, "/", path, request) };
        // Memory takes all that is written to it.
        if let Ok(page) = page.render() {
            response.status = Status::Forbidden;
            response.content_type = HTML;
            response.body = page.into_bytes();
            return;
        }
    }
    let query = String::from_utf8_lossy(request.query);
    let mark = if query.is_empty() { "" } else { "?" };
    response.status = Status::TemporaryRedirect;
    let address = format!("{}{mark}{query}", address(owner, path, path, request));
    response.headers.push(("Location", address.into()));
}

/// Whether a browser knows this host by another name than the owner's.
fn is_asked_as_another(request: &Request<'_>, owner: &HttpUrl) -> bool {
    let host = request.variables.get("HTTP_HOST").unwrap_or_default();
    !host.is_empty() && !host.eq_ignore_ascii_case(owner.authority().as_bytes())
}

/// The address of a page on the owner's host; `path` is the one that was asked for.
fn address(owner: &HttpUrl, page: &str, path: &str, request: &Request<'_>) -> String {
    // Some servers give all of the path as the program's.
    let script = request.script_name;
    let script = script.strip_suffix(format!("/admin{path}").as_bytes()).unwrap_or(script);
    let script = percent_encode(script.strip_suffix(b"/").unwrap_or(script), PATH);
    let below = format!("/admin{page}");
    format!("{}{script}{}", owner.origin(), percent_encode(below.as_bytes(), PATH))
}

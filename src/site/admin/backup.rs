//! A copy of the catalogue, to be kept elsewhere.

use std::fs;

use askama::Template;

use super::exchange::{Exchange, SignedIn};
use super::frame::{Frame, Section};
use super::reply::{Failed, Reply};
use crate::catalog::back_up;
use crate::platform::date;
use crate::platform::publication::TemporaryFile;

#[derive(Template)]
#[template(path = "admin/backup.html")]
struct Backup {
    frame: Frame,
    size: String,
}

pub(super) fn show(exchange: &mut Exchange<'_>, signed_in: &SignedIn) -> Result<Reply, Failed> {
    let texts = exchange.texts;
    let size = fs::metadata(&exchange.loaded().config.paths.catalog).map_or(0, |it| it.len());
    let title = texts.admin.backup.title;
    let frame = Frame::new(exchange, Some(signed_in), Section::Backup, title);
    Reply::page(&Backup { frame, size: texts.bytes(size, 1) })
}

/// Makes a copy that is whole, and sends it.
pub(super) fn download(exchange: &mut Exchange<'_>, _: &SignedIn) -> Result<Reply, Failed> {
    let catalog = &exchange.loaded().config.paths.catalog;
    let broken = |problem: &dyn std::fmt::Display| {
        Failed::Broken(format!("cannot make a copy of {}: {problem}", catalog.display()))
    };
    // It is removed when it goes out of scope.
    let copy = TemporaryFile::beside(catalog).map_err(|problem| broken(&problem))?.close();
    back_up(catalog, copy.path(), true).map_err(|problem| broken(&problem))?;
    let content = fs::read(copy.path()).map_err(|problem| broken(&problem))?;
    let date::Parts { year, month, day, .. } = date::parts(exchange.call.now.0);
    Ok(Reply::File {
        name: format!("catalog-{year}-{month:02}-{day:02}.db"),
        content_type: "application/vnd.sqlite3",
        content,
    })
}

//! Two judges of HTML: html-validate, which goes by the standard of today, and Debian's tidy, which knows an older one and
//! is strict about what stands in what.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::harness::{checkout, program};

/// What html-validate finds wrong in files of a folder, `.html` and `.inc`.
pub fn html_validate(folder: &Path) -> String {
    let script = super::installed("html-validate/bin/html-validate.mjs");
    let mut command = Command::new(node());
    command.arg(script).arg("--config").arg(checkout().join("tests/looks/html-validate.cjs"));
    command.args(["--formatter", "text", "--ext", "html,inc"]).arg(folder);
    let Output { status, stdout, stderr } = command.output().expect("html-validate runs");
    let said = [stdout, stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
    assert_eq!(status.success(), said.is_empty(), "html-validate: {status}: {said}");
    said
}

/// What tidy finds wrong in a whole page.
pub fn tidy(page: &str) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(&file, as_tidy_knows_it(page)).expect("a page");
    let mut command = Command::new(program("tidy"));
    command.args(["-quiet", "-errors", "-utf8"]).arg(file.path()).stdin(Stdio::null());
    let output = command.output().expect("tidy runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.lines().map(str::to_owned).collect()
}

/// Without what came into HTML after it: groups in lists of terms, two attributes.
fn as_tidy_knows_it(page: &str) -> String {
    let mut parts = page.split("<dt>");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match plain.rfind("<div") {
            Some(at) if plain[at..].find('>') == Some(plain.len() - at - 1) => plain.truncate(at),
            _ => {}
        }
        plain = plain + "<dt>" + part;
    }
    let plain = plain.replace("</dd></div>", "</dd>");
    plain.replace(" aria-current=\"page\"", "").replace(" loading=\"lazy\"", "")
}

/// A fragment in the page of somebody, in a table of theirs where it is rows.
pub fn in_a_page(fragment: &str) -> String {
    let is_rows = fragment.trim_start().starts_with("<tr");
    let (begin, end) = if is_rows { ("<table>", "</table>") } else { ("", "") };
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>A page</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head>\
         <body><main><h1>A page of the owner's</h1>{begin}{fragment}{end}</main></body></html>"
    )
}

/// Debian's, or another that is found first.
fn node() -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|folder| folder.join("node")).find(|it| it.exists());
    found.expect("node is not installed; scripts/test installs it")
}

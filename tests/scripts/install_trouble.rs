//! `scripts/install` where something is in its way: a full disk, another one at work, a file that is still in use.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use super::host::Host;
use super::text;

const SETTINGS: &str = "etc/tracker/tracker.toml";

/// A PATH on which `cat` writes the beginning of a file and fails, as on a full disk.
fn full_disk(host: &Host) -> String {
    host.write(
        "full/cat",
        "#!/bin/sh\ncase $(readlink /proc/$$/fd/1) in *tracker.toml*) head -c 100; exit 1 ;; esac\nexec /bin/cat \"$@\"\n",
    );
    let folder = host.root.path().join("full");
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.join("cat"), executable).expect("a mode");
    format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"))
}

#[test]
fn a_full_disk_leaves_no_half_file() {
    let host = Host::new();
    let output = host.command(&[]).env("PATH", full_disk(&host)).output().expect("it runs");
    assert!(!output.status.success(), "{}", text(&output));
    let folder = fs::read_dir(host.root.path().join("etc/tracker")).expect("the folder");
    assert_eq!(folder.count(), 0, "{}", text(&output));
    host.install(&[]);
    assert!(host.read(SETTINGS).len() > 1000);
}

#[test]
fn an_empty_file_of_the_owners_is_named() {
    let host = Host::new();
    host.install(&[]);
    host.write(SETTINGS, "");
    let output = host.command(&[]).output().expect("it runs");
    assert!(!output.status.success(), "{}", text(&output));
    assert!(
        text(&output).contains("tracker.toml is empty, as after a full disk"),
        "{}",
        text(&output)
    );
}

#[test]
fn two_at_once_put_the_same_as_one() {
    let (one, two) = (Host::new(), Host::new());
    one.install(&["--url", "http://tracker.example"]);
    let start = || {
        let mut command = two.command(&["--url", "http://tracker.example"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    for child in [start(), start(), start()] {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", text(&output));
    }
    assert!(one.content() == two.content());
}

#[test]
fn a_folder_in_the_place_of_a_file_is_refused() {
    let host = Host::new();
    let folder = host.root.path().join("usr/lib/cgi-bin/tracker.cgi.new");
    fs::create_dir_all(folder).expect("a folder");
    let output = host.command(&[]).output().expect("it runs");
    assert!(!output.status.success(), "{}", text(&output));
    assert!(!host.root.path().join("usr/lib/cgi-bin/tracker.cgi").exists());
}

#[test]
fn what_is_no_address_is_refused() {
    let host = Host::new();
    for wrong in [
        "http://",
        "http://[",
        "http://]]]",
        "http://a:",
        "http://a:99999",
        "http://a..b",
        "http://-",
        "http://:80",
        "ftp://a",
        "http://a/b",
    ] {
        let output = host.command(&["--dry-run", "--url", wrong]).output().expect("it runs");
        assert!(!output.status.success(), "{wrong}");
        assert!(text(&output).contains("--url is the address of the web server"), "{wrong}");
    }
    for right in [
        "http://a",
        "https://tracker.example:8443",
        "http://[2001:db8::1]:80",
        "http://my_host.lan/",
    ] {
        host.install(&["--dry-run", "--url", right]);
    }
}

#[test]
fn another_address_for_settings_that_are_there_is_not_passed_over_in_silence() {
    let host = Host::new();
    host.install(&["--url", "http://tracker.example"]);
    assert!(!host.install(&["--url", "http://tracker.example"]).contains("it was kept"));
    let said = host.install(&["--url", "http://other.example"]);
    assert!(said.contains("tracker.toml    # it was kept: --url does not change it"), "{said}");
}

#[test]
fn nothing_is_removed_while_another_file_of_apache_includes_the_trackers() {
    let host = Host::with(&["etc/apache2/sites-enabled"]);
    host.install(&[]);
    let site = "etc/apache2/sites-enabled/000-default.conf";
    let line = "Include /usr/local/share/tracker/apache-snippets/proxy-fcgi.conf\n";
    host.write(site, &format!("    {line}"));
    let before = host.content();
    let output = host.command(&["--uninstall"]).output().expect("it runs");
    assert!(!output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("000-default.conf"), "{}", text(&output));
    assert!(host.content() == before);
    host.write(site, &format!("# {line}"));
    host.install(&["--uninstall"]);
}

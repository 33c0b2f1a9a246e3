//! A host for `scripts/install`: folders that stand for one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::text;
use crate::harness::{checkout, executable};

/// A host that is nothing but folders.
pub(super) struct Host {
    pub(super) root: TempDir,
}

impl Host {
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    /// With Apache's folder and others.
    pub(super) fn with(folders: &[&str]) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        for folder in folders.iter().chain(&["etc/apache2/conf-available"]) {
            fs::create_dir_all(root.path().join(folder)).expect("a folder");
        }
        Self { root }
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(checkout().join("scripts/install"));
        command.arg("--executable").arg(executable()).arg("--root").arg(self.root.path());
        command.args(arguments).stdin(Stdio::null());
        command
    }

    pub(super) fn install(&self, arguments: &[&str]) -> String {
        self.install_with(arguments, &std::env::var("PATH").expect("a path"))
    }

    pub(super) fn install_with(&self, arguments: &[&str], path: &str) -> String {
        let output = self.command(arguments).env("PATH", path).output();
        let output = output.expect("scripts/install runs");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        text(&output)
    }

    /// A PATH on which systemctl only notes what it was to do.
    pub(super) fn no_services(&self) -> String {
        let folder = self.root.path().join("services");
        let ran = folder.join("ran").display().to_string();
        self.write("services/systemctl", &format!("#!/bin/sh\necho \"$@\" >>'{ran}'\n"));
        let status = Command::new("chmod").arg("755").arg(folder.join("systemctl")).status();
        assert!(status.expect("chmod runs").success());
        format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"))
    }

    pub(super) fn write(&self, path: &str, content: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    pub(super) fn read(&self, path: &str) -> String {
        let path = self.root.path().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Every file with its content; folders and links with what stands for it.
    pub(super) fn content(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        collect(self.root.path(), self.root.path(), &mut all);
        all
    }
}

fn collect(root: &Path, folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root).expect("below the root").display().to_string();
        if path.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            all.insert(name, target.display().to_string().into_bytes());
        } else if path.is_dir() {
            all.insert(name + "/", Vec::new());
            collect(root, &path, all);
        } else {
            all.insert(name, fs::read(&path).expect("a file"));
        }
    }
}

//! The programs that the tracker is measured against, compiled when they are first asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::constant;
use crate::harness::{checkout, executable};

/// A program.
#[derive(Clone, Copy)]
pub enum Program {
    /// Prints a constant reply, in C.
    ConstantC,
    /// Prints it in C, with another C library.
    ConstantMusl,
    /// Prints it in Rust.
    ConstantRust,
    /// Answers out of the tracker's store as a CGI.
    BareCgi,
    /// Answers out of it as a FastCGI responder.
    BareResponder,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::ConstantC => "constant-c",
            Self::ConstantMusl => "constant-musl",
            Self::ConstantRust => "constant-rust",
            Self::BareCgi => "bare-cgi",
            Self::BareResponder => "bare-responder",
        }
    }
}

/// Where they are.
pub struct Programs(TempDir);

impl Programs {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for programs"))
    }

    /// The file of one of them.
    pub fn file(&self, program: Program) -> PathBuf {
        let file = self.0.path().join(program.name());
        if !file.exists() {
            self.compile(program, &file);
        }
        file
    }

    /// A copy of the tracker, as an installation makes one: the kernel maps a file that was written in
    /// one go at half the cost of one that was read page by page.
    pub fn copy_of_the_tracker(&self) -> PathBuf {
        let file = self.0.path().join("tracker");
        if !file.exists() {
            run(Command::new("cp").args([&executable(), &file]));
        }
        file
    }

    fn compile(&self, program: Program, file: &Path) {
        match program {
            Program::ConstantC => compile_c("cc", &[self.constant_c()], file, STATIC),
            Program::ConstantMusl => compile_c("musl-gcc", &[self.constant_c()], file, STATIC),
            Program::ConstantRust => compile_rust(&self.source("constant.rs", &rust_text()), file),
            Program::BareCgi => compile_c("cc", &bare("cgi.c"), file, STATIC_SQLITE),
            Program::BareResponder => compile_c("cc", &bare("responder.c"), file, &["-lsqlite3"]),
        }
    }

    fn constant_c(&self) -> PathBuf {
        self.source("constant.c", &c_text())
    }

    fn source(&self, name: &str, text: &str) -> PathBuf {
        let source = self.0.path().join(name);
        fs::write(&source, text).expect("a program's text");
        source
    }
}

const STATIC: &[&str] = &["-static"];
const STATIC_SQLITE: &[&str] = &["-static", "-lsqlite3", "-lm", "-ldl", "-lpthread"];

/// The sources of one of the programs that answer out of a store.
fn bare(main: &str) -> [PathBuf; 2] {
    [main, "announce.c"].map(|name| checkout().join("benches/web/bare").join(name))
}

fn reply() -> String {
    let bytes: Vec<String> = constant::cgi_reply().iter().map(ToString::to_string).collect();
    bytes.join(",")
}

fn c_text() -> String {
    format!(
        "#include <unistd.h>\nstatic const unsigned char reply[] = {{{}}};\nint main(void) \
         {{ return write(1, reply, sizeof reply) != sizeof reply; }}\n",
        reply()
    )
}

fn rust_text() -> String {
    format!(
        "use std::io::Write;\nstatic REPLY: &[u8] = &[{}];\nfn main() \
         {{ if std::io::stdout().write_all(REPLY).is_err() {{ std::process::exit(1) }} }}\n",
        reply()
    )
}

fn compile_c(compiler: &str, sources: &[PathBuf], file: &Path, flags: &[&str]) {
    let mut command = Command::new(compiler);
    run(command.args(["-O2", "-o"]).arg(file).args(sources).args(flags));
}

fn compile_rust(source: &Path, file: &Path) {
    let mut command = Command::new("rustc");
    command.args(["--edition", "2024", "-O", "-C", "target-feature=+crt-static", "-C"]);
    run(command.args(["panic=abort", "-C", "strip=symbols", "-o"]).arg(file).arg(source));
}

fn run(program: &mut Command) {
    let output = program.output().expect("a compiler runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program:?}: {errors}");
}

//! `tracker explain`: what a request would get, and which rule decides.

mod input;
mod json;
mod text;

use std::ffi::OsString;
use std::io::{self, BufRead, Read as _};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt as _;

use self::input::Given;
use super::{CommandError, World};
use crate::platform::terminal::Harmless;
use crate::site::explain::{Explain, Question};

/// Bytes of a line that is read at most: no web server takes longer requests.
const LONGEST_LINE: u64 = 1 << 20;

/// What stands below the options.
const EXAMPLES: &str = "Examples (quote the URL, as shells take & for themselves):
  tracker explain 'http://tracker.example/announce?info_hash=...&peer_id=...&port=6881' --from 192.0.2.7
  grep 192.0.2.7 /var/log/nginx/access.log | tail -n 1 | tracker explain -";

/// Explain what a client would get now: how its request is understood, and which rule decides
///
/// Nothing is stored or changed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArguments {
    /// The URL of an announce or a scrape, its path and query, its query, or a line of an access log (common or
    /// combined format); - reads such lines from standard input
    #[arg(value_name = "URL", allow_hyphen_values = true)]
    request: OsString,
    /// The address that the client is seen at
    #[arg(long, value_name = "ADDRESS")]
    from: Option<IpAddr>,
    /// What the client calls itself in the HTTP header
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<OsString>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ExplainArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        if self.request == "-" {
            return self.explain_lines(&mut io::stdin().lock(), world);
        }
        let given = input::read(self.request.as_bytes()).map_err(CommandError::Usage)?;
        let mut explain = Explain::new(world.load_config()?);
        self.explain(given, &mut explain, world)
    }

    /// Explains each line; what is none is told, and passed over.
    fn explain_lines(
        &self,
        lines: &mut dyn BufRead,
        world: &mut World<'_>,
    ) -> Result<(), CommandError> {
        let mut explain = None;
        let mut number = 0;
        let mut understood = 0;
        loop {
            let mut line = Vec::new();
            let read = lines.take(LONGEST_LINE).read_until(b'\n', &mut line);
            let read = read.map_err(|problem| {
                CommandError::Failed(format!(
                    "cannot read the standard input: {problem}; try again"
                ))
            })?;
            if read == 0 {
                break;
            }
            number += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            match input::read(&line) {
                Err(problem) if self.json => {
                    world.print_json(&serde_json::json!({ "line": number, "problem": problem }))?;
                }
                Err(problem) => {
                    world.print(format_args!("line {number}: {}\n\n", Harmless(problem)))?;
                }
                Ok(given) => {
                    understood += 1;
                    let explain = match &mut explain {
                        Some(explain) => explain,
                        none => none.insert(Explain::new(world.load_config()?)),
                    };
                    self.explain(given, explain, world)?;
                    if !self.json {
                        world.print("\n")?;
                    }
                }
            }
        }
        if understood > 0 {
            return Ok(());
        }
        Err(CommandError::Usage(
            "nothing on the standard input is a URL or a line of an access log".into(),
        ))
    }

    fn explain(
        &self,
        mut given: Given,
        explain: &mut Explain,
        world: &mut World<'_>,
    ) -> Result<(), CommandError> {
        given.from = self.from.map(|from| from.to_canonical()).or(given.from);
        if let Some(user_agent) = &self.user_agent {
            given.user_agent = user_agent.as_bytes().to_vec();
        }
        let question = Question {
            method: given.method,
            url: given.url.as_deref(),
            path: &given.path,
            query: &given.query,
            from: given.from,
            user_agent: &given.user_agent,
        };
        let explanation = explain.explain(&question, world.now);
        match self.json {
            true => world.print_json(&json::of(&given, &explanation)),
            false => text::print(&given, &explanation, world),
        }
    }
}

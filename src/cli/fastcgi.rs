//! `tracker fastcgi`: a FastCGI responder that brings its own socket.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::{CliError, Context};
use crate::config::LoadedConfig;
use crate::gateway::Listening;
use crate::gateway::fastcgi::{Options, serve};
use crate::site::Site;

/// Answer a web server over FastCGI
#[derive(clap::Args)]
pub struct FastCgiArguments {
    /// Where to listen: unix:/run/tracker/tracker.sock or 127.0.0.1:9000
    #[arg(long, value_name = "ADDRESS")]
    listen: String,
    /// Worker threads, each with an event loop of its own; by default one a core
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
}

pub(super) fn run(
    arguments: &FastCgiArguments,
    context: &mut Context<'_>,
) -> Result<(), CliError> {
    let loaded = context.load()?;
    let listening = Listening::bind(&arguments.listen)?;
    let workers = arguments.workers.map_or_else(one_a_core, NonZeroUsize::get);
    let surroundings = Arc::new(context.surroundings.clone());
    crate::info!("listening on {} with {workers} workers", arguments.listen);
    let make_site = || Site::for_many_requests(Arc::clone(&surroundings));
    Ok(serve(listening, options(&loaded, workers), make_site)?)
}

/// The responder's limits, as configured.
#[must_use]
pub fn options(loaded: &LoadedConfig, workers: usize) -> Options {
    let gateway = &loaded.config.gateway;
    Options {
        workers,
        max_params: gateway.max_params,
        max_body: gateway.max_body,
        max_connections: gateway.max_connections,
        timeout: std::time::Duration::from_secs(gateway.timeout.0.into()),
    }
}

/// As many workers as there are cores.
#[must_use]
pub fn one_a_core() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

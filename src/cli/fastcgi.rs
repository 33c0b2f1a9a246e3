//! `tracker fastcgi`: a FastCGI responder that brings its own socket.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::{CommandError, World};
use crate::config::{GatewayConfig, StoreKind, owner};
use crate::gateway::fastcgi::FastCgi;
use crate::gateway::server::{Limits, Options, ServeError, WebServers, serve};
use crate::gateway::{ListenAddress, Listening};
use crate::platform::privilege::{User, only_root_decides};
use crate::platform::signals::Signals;
use crate::site::{Shared, Site, counted};

/// Answer a web server over FastCGI
#[derive(Debug, clap::Args)]
pub struct FastCgiArguments {
    /// Where to listen: unix:/run/tracker/tracker.sock or 127.0.0.1:9000
    #[arg(long, value_name = "ADDRESS")]
    listen: ListenAddress,
    /// Worker threads, each with an event loop of its own; by default one for every two cores for peers
    /// in shared memory, and one in all for SQLite, where announces are written one after the other
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
}

impl FastCgiArguments {
    /// Does it.
    pub(super) fn run(self, world: &mut World<'_>) -> Result<(), CommandError> {
        let loaded = world.read_config()?;
        let signals = Signals::collect().map_err(ServeError::Signals)?;
        let listening = self.bind_for(owner(&loaded)?)?;
        let kind = loaded.config.store.kind;
        let workers = self.workers.map_or_else(|| usual_workers(kind, cores()), NonZeroUsize::get);
        let mut surroundings = world.surroundings.clone();
        if let Some(file) = &world.config_file {
            // The next to be asked; so that a reload reads the same file.
            surroundings.tracker_config = Some(file.clone().into_os_string());
        }
        let surroundings = Arc::new(surroundings);
        crate::info!(
            "listening on {} with {}; {}",
            self.listen,
            counted(workers, "worker"),
            loaded.in_force()
        );
        let shared = Shared::new(surroundings);
        let followed = Arc::clone(&shared);
        let make_site = move || Site::following(Arc::clone(&followed));
        let options = options(&loaded.config.gateway, workers);
        let outcome = serve::<FastCgi, _>(listening, signals, options, make_site);
        shared.finish();
        Ok(outcome?)
    }
}

impl FastCgiArguments {
    /// Listens, and goes on as the site's owner, should root have started this. Root's part is what only
    /// root can do: ports below 1024, and sockets in folders of its own.
    fn bind_for(&self, owner: Option<User>) -> Result<Listening, CommandError> {
        let Some(owner) = owner else { return Ok(Listening::bind(&self.listen)?) };
        if let ListenAddress::Unix(path) = &self.listen
            && only_root_decides(path.parent().unwrap_or(path)).is_err()
        {
            owner.become_it()?;
            return Ok(Listening::bind(&self.listen)?);
        }
        let listening = Listening::bind(&self.listen)?;
        listening.give_to(owner.id)?;
        owner.become_it()?;
        Ok(listening)
    }
}

/// The responder's limits, as configured.
#[must_use]
pub fn options(gateway: &GatewayConfig, workers: usize) -> Options {
    Options {
        workers,
        pool_threads: gateway.pool_threads,
        limits: Limits { params: gateway.max_params, connections: gateway.max_connections },
        timeout: std::time::Duration::from_secs(gateway.timeout.0.into()),
        web_servers: WebServers::of_this_process(),
    }
}

/// Workers where nobody says how many. Measured behind nginx on two cores: with SQLite, where only one
/// can write at a time, a second worker takes an eighth of the announces away; with shared memory it adds
/// none, as the web server takes more than twice what one worker does for each announce.
fn usual_workers(kind: StoreKind, cores: usize) -> usize {
    match kind {
        StoreKind::Sqlite => 1,
        StoreKind::Shm => (cores / 2).max(1),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_store_that_several_can_write_to_has_several_workers() {
        let workers = |kind| [1, 2, 3, 8].map(|cores| usual_workers(kind, cores));
        assert_eq!(workers(StoreKind::Sqlite), [1, 1, 1, 1]);
        assert_eq!(workers(StoreKind::Shm), [1, 1, 1, 4]);
    }
}

//! What the file of figures may be called.

use super::Impossible;
use crate::config::Config;

/// Checks the file of figures, where there is one.
pub(super) fn validate(config: &Config) -> Result<(), Impossible> {
    let Some(file) = &config.paths.metrics_file else { return Ok(()) };
    if file.extension().is_some_and(|ending| ending == "prom") {
        return Ok(());
    }
    let reason = format!(
        "node_exporter reads only files that end in .prom; choose such a name instead of {}",
        file.display()
    );
    Err(Impossible::new(("paths", "metrics_file"), reason))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::LoadedConfig;

    #[test]
    fn a_file_that_nobody_would_read_is_refused() {
        let outcome = |file: &str| {
            let text = format!("paths.metrics_file = '{file}'");
            LoadedConfig::parse(&text, Path::new("/srv/conf/tracker.toml"))
                .map_err(|problem| problem.to_string())
        };
        for file in ["", "/var/lib/node/tracker.prom", "../a.prom"] {
            assert!(outcome(file).is_ok(), "{file}");
        }
        for file in ["/var/lib/node/tracker", "/x/a.prom.txt", "/x/.prom"] {
            let said = outcome(file).unwrap_err();
            assert!(
                said.contains("`metrics_file` in [paths]") && said.contains(".prom;"),
                "{said}"
            );
        }
        let said = outcome("../data/catalog.db/x.prom").unwrap_err();
        assert!(said.contains("names the same or something within"), "{said}");
    }
}

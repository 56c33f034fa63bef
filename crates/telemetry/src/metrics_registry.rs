//! Metrics in Prometheus' text format.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::process;

/// Bounds of the duration histograms in seconds: from a fast read to a slow sign-in.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// The metrics of this process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

/// Metrics cannot be collected.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be installed: {0}")]
pub struct InstallError(String);

impl Metrics {
    /// Installs the recorder of this process; later calls return the same one.
    pub fn install() -> Result<Self, InstallError> {
        if let Some(handle) = HANDLE.get() {
            return Ok(Self(handle.clone()));
        }
        let recorder = PrometheusBuilder::new()
            .set_buckets(&SECONDS)
            .map_err(|error| InstallError(error.to_string()))?
            .build_recorder();
        let handle = HANDLE.get_or_init(|| recorder.handle()).clone();
        // Two first calls at once: the recorder that came second is dropped, and with it nothing that was counted.
        let _ = metrics::set_global_recorder(recorder);
        Ok(Self(handle))
    }

    /// All metrics.
    pub fn render(&self) -> String {
        process::record();
        self.upkeep();
        self.0.render()
    }

    /// Folds recorded durations into their histograms. Without it every one of them is kept: call it now and then.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_histograms_are_rendered() {
        let metrics = Metrics::install().unwrap();
        Metrics::install().unwrap();
        metrics::counter!("test_total", "service" => "auth").increment(2);
        metrics::histogram!("test_seconds").record(0.002);
        let text = metrics.render();
        assert!(text.contains("test_total{service=\"auth\"} 2"), "{text}");
        assert!(text.contains("test_seconds_bucket{le=\"0.0025\"} 1"), "{text}");
    }
}

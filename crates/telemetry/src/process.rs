//! Gauges of the process itself, read from `/proc` when metrics are asked for. Elsewhere they are left out.

use std::fs;

use metrics::gauge;

pub(crate) fn record() {
    if let Some(bytes) = resident_bytes() {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        #[allow(clippy::cast_precision_loss, reason = "a count of files")]
        gauge!("process_open_fds").set(open.count() as f64);
    }
}

/// `VmRSS` of `/proc/self/status` (proc(5)), which counts in KiB.
fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}

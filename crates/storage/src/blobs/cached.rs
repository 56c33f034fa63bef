//! What the kernel has in memory is read where it is wanted: no disk is waited for, so that no thread for blocking work has to
//! take it over. `None` says that one has to.

use std::fs::File;
use std::path::Path;

/// Opens a file whose name is in memory.
#[cfg(target_os = "linux")]
pub(super) fn open(path: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let opened = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED);
    opened.ok().map(File::from)
}

/// Reads as many bytes as are in memory, at least one.
#[cfg(target_os = "linux")]
pub(super) fn read(file: &File, at: u64, buffer: &mut [u8]) -> Option<usize> {
    use rustix::io::{IoSliceMut, ReadWriteFlags, preadv2};
    let read = preadv2(file, &mut [IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT);
    read.ok().filter(|bytes| *bytes > 0)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn open(_path: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn read(_file: &File, _at: u64, _buffer: &mut [u8]) -> Option<usize> {
    None
}

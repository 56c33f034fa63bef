//! Where things are: the project folder, the target folder, the release binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The project folder.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_path_buf()
}

/// The cargo that runs this task, with the project folder as its working directory.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // `cargo xtask` exports its own package's variables; a nested cargo must not see them as settings.
    command
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("CARGO_PKG_NAME");
    command
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Where the release binary is built to.
pub(crate) fn binary() -> PathBuf {
    target().join("release").join("ferrobase")
}

/// Builds the release binary, without optimising across crates: that takes half of the time of a build and changes nothing that
/// tests look at.
pub(crate) fn build_binary() -> Result<bool> {
    let status = cargo()
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .args(["build", "--release", "--locked", "--package", "ferrobase"])
        .status()
        .context("cargo build")?;
    Ok(status.success())
}

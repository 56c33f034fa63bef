//! One file per command: its arguments, its help with an example, what it does.

pub(crate) mod db;
pub(crate) mod detach;
pub(crate) mod generate;
pub(crate) mod init;
pub(crate) mod migration;
pub(crate) mod rest;
pub(crate) mod run;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod stop;

//! PostgreSQL as the services see it: pools by role, statements, transactions, and the database baseline.
//!
//! Start reading at [`Db`] (pools), then [`Executor`] (what a `store/` function takes). [`migrate`] brings a database to
//! the state that the services expect. This is the only room that opens connections.

mod connection;
mod error;
mod migrations;
mod pool;
mod retire;
mod target;
mod tls;

pub use connection::{Connection, Executor, Transaction};
pub use error::DbError;
pub use migrations::{Applied, BaselineOptions, migrate};
pub use pool::{Db, DbOptions, Pool, PoolRole};
pub use postgres_types::{FromSql, Json, ToSql};
pub use target::Target;
pub use tokio_postgres::Row;

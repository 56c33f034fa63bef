//! PostgreSQL as the services see it: pools by role, statements, transactions, and the database baseline.
//!
//! Start reading at [`Db`] (pools), then [`Executor`] (what a `store/` function takes). [`migrate`] brings a database to
//! the state that the services expect. This is the only room that opens connections.

mod batch;
mod connection;
mod error;
mod migrations;
mod pool;
mod reads;
mod retire;
mod target;
mod tls;
mod wire;

pub use batch::Batched;
pub use connection::{Connection, Executor, Last, Transaction};
pub use error::DbError;
pub use migrations::{Applied, BaselineOptions, baseline_key, migrate};
pub use pool::{Db, DbOptions, Pool, PoolRole};
pub use postgres_types::{FromSql, Json, ToSql, Type};
pub use reads::Reads;
pub use target::Target;
pub use tokio_postgres::Row;
pub use wire::{
    DataRow, Ending, Exchange, ExchangeError, Format, Notifications, Param, Piece, ReplicationConnection,
    ReplicationFrame, Reply, RequestPool, RequestPoolOptions, ResultColumn, ServerError, Standby, Statement,
};

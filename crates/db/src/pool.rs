//! Pools of connections, one for each role that a service works as.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool as Deadpool, RecyclingMethod, Runtime, Timeouts,
};
use ferrobase_sql::ident;
use tokio_postgres::Config;

use crate::batch::{Batched, Batches};
use crate::connection::{Connection, Executor};
use crate::error::DbError;
use crate::reads::{Reads, Shared};
use crate::retire::retire_idle;
use crate::target::{Parsed, Target};
use crate::tls;
use crate::wire::{ExchangeError, ReplicationConnection, RequestPool, RequestPoolOptions};

/// Longest wait for a free connection.
const WAIT: Duration = Duration::from_secs(5);

/// How the database is reached.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// The server.
    pub target: Target,
    /// Most connections of each pool.
    pub max_connections: usize,
}

/// The roles that pools work as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolRole {
    /// The login itself: migrations.
    Admin,
    /// Owner of the `auth` schema.
    AuthAdmin,
    /// The login of the data API, which may only become other roles.
    Authenticator,
    /// Owner of the `storage` schema.
    StorageAdmin,
}

impl PoolRole {
    /// Name of the database role and its search path; `None` = the login.
    const fn role(self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Admin => None,
            Self::AuthAdmin => Some(("supabase_auth_admin", &["auth"])),
            Self::Authenticator => Some(("authenticator", &["public"])),
            // Policies and triggers of applications run on these connections and name their own tables without a schema.
            Self::StorageAdmin => Some(("supabase_storage_admin", &["storage", "public", "extensions"])),
        }
    }
}

/// A database; cheap to clone. Connections are opened when first needed.
#[derive(Debug, Clone)]
pub struct Db {
    target: Parsed,
    max_connections: usize,
}

impl Db {
    /// Checks the options and that the server answers.
    pub async fn connect(options: &DbOptions) -> Result<Self, DbError> {
        let db = Self {
            target: options.target.parse()?,
            max_connections: options.max_connections,
        };
        db.pool(PoolRole::Admin)?.query("select 1", &[]).await?;
        Ok(db)
    }

    /// The database at `options` without asking whether it answers.
    pub fn new(options: &DbOptions) -> Result<Self, DbError> {
        Ok(Self {
            target: options.target.parse()?,
            max_connections: options.max_connections,
        })
    }

    /// A pool whose connections work as `role`.
    pub fn pool(&self, role: PoolRole) -> Result<Pool, DbError> {
        let mut config = self.target.config.clone();
        let set_up = self.set_up(role, &mut config);
        let connector = tls::connector(self.target.verification)?;
        let manager = Manager::from_config(
            config,
            connector,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Deadpool::builder(manager)
            .max_size(self.max_connections)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(WAIT),
                create: Some(WAIT),
                recycle: Some(WAIT),
            })
            .post_create(Hook::async_fn(move |client, _| {
                let set_up = set_up.clone();
                Box::pin(async move { client.batch_execute(&set_up).await.map_err(HookError::Backend) })
            }))
            .build()
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        retire_idle(&pool);
        Ok(Pool {
            connections: pool,
            shared: Arc::default(),
            batches: Arc::default(),
        })
    }

    /// Connections for requests that work as their callers' roles. Over the private socket they log in as `role`'s
    /// database role; elsewhere as the login, which must be allowed to become the callers' roles.
    pub fn requests(&self, role: PoolRole, options: RequestPoolOptions) -> Result<RequestPool, DbError> {
        let mut target = self.target.clone();
        if let Some((name, _)) = role.role().filter(|_| target.is_private) {
            target.config.user(name);
        }
        RequestPool::new(&target, options)
    }

    /// A connection in replication mode, of the login itself, which needs the attribute `REPLICATION`.
    pub async fn replication(&self) -> Result<ReplicationConnection, ExchangeError> {
        ReplicationConnection::open(&self.target).await
    }

    /// What every new connection runs. Over the private socket the role logs in by itself; elsewhere the login takes the
    /// role on.
    fn set_up(&self, role: PoolRole, config: &mut Config) -> String {
        let mut set_up = String::from("set timezone = 'UTC'; set client_min_messages = 'warning';");
        if let Some((name, search_path)) = role.role() {
            if self.target.is_private {
                config.user(name);
            } else {
                let _ = write!(set_up, " set role {};", ident(name));
            }
            let schemas: Vec<String> = search_path
                .iter()
                .map(|schema| ident(schema).to_string())
                .collect();
            let _ = write!(set_up, " set search_path = {};", schemas.join(", "));
            // Every statement of a service finds its rows by a key: the plan never depends on the value.
            set_up.push_str(" set plan_cache_mode = force_generic_plan;");
        }
        set_up
    }
}

/// Connections of one role; cheap to clone.
#[derive(Debug, Clone)]
pub struct Pool {
    connections: Deadpool,
    shared: Arc<Shared>,
    batches: Arc<Batches>,
}

impl Pool {
    /// A connection of one's own, given back on drop. Waits at most 5 s for a free one.
    pub async fn get(&self) -> Result<Connection, DbError> {
        // On the heap: the opening of a connection, which is rare, would make every future around this one large.
        Ok(Connection::new(Box::pin(self.connections.get()).await?))
    }

    /// For single, cheap reads: they share connections, which saves most of the waking and waiting.
    pub fn reads(&self) -> Reads<'_> {
        Reads(self)
    }

    /// For single, small writes: those that arrive together share a commit.
    pub fn batched(&self) -> Batched<'_> {
        Batched(self)
    }

    pub(crate) fn batches(&self) -> &Batches {
        &self.batches
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Closes all connections; those in use when they come back.
    pub fn close(&self) {
        self.connections.close();
    }
}

impl Executor for Pool {
    async fn query(
        &self,
        sql: &str,
        params: &[&(dyn postgres_types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, DbError> {
        self.get().await?.query(sql, params).await
    }

    async fn execute(
        &self,
        sql: &str,
        params: &[&(dyn postgres_types::ToSql + Sync)],
    ) -> Result<u64, DbError> {
        self.get().await?.execute(sql, params).await
    }
}

//! A database beside the project's, for as long as it is needed.

use ferrobase_db::{
    BaselineOptions, Connection, Db, DbError, DbOptions, Executor, PoolRole, Target, migrate,
};
use ferrobase_sql::ident;
use secrecy::SecretString;

use crate::error::DiffError;

/// The superuser of a managed cluster.
const SUPERUSER: &str = "supabase_admin";

/// Connections to each of the databases.
const MAX_CONNECTIONS: usize = 2;

/// A fresh database beside a project's, in the state in which a project's migrations find it. Call [`Shadow::remove`] at the end.
#[derive(Debug)]
pub struct Shadow {
    project: Connection,
    maintenance: Db,
    name: String,
    db: Db,
}

impl Shadow {
    /// Makes a database called `name` in the managed cluster of `project`. The services' own migrations need `jwt_secret`.
    ///
    /// # Errors
    ///
    /// The project's database cannot be reached, or is not one of a managed cluster on this machine.
    pub async fn create(project: Target, name: &str, jwt_secret: SecretString) -> Result<Self, DiffError> {
        let project = connect(&open(project)?).await?;
        let socket = |database: &str, (dir, port): (String, u16)| Target::Socket {
            dir: dir.into(),
            port,
            user: SUPERUSER.to_owned(),
            database: database.to_owned(),
        };
        let place = socket_of(&project).await?;
        let maintenance = open(socket("postgres", place.clone()))?;
        let sql = format!(
            "create database {} template template0 owner postgres",
            ident(name)
        );
        let connection = connect(&maintenance).await.map_err(DiffError::NotManaged)?;
        connection.batch(&sql).await?;
        let shadow = Self {
            project,
            db: open(socket(name, place))?,
            maintenance,
            name: name.to_owned(),
        };
        let baseline = BaselineOptions {
            // Passwords belong to roles, which the databases share.
            database_password: None,
            jwt_secret,
            jwt_exp: 3600,
        };
        if let Err(error) = Box::pin(migrate(&shadow.db, &baseline)).await {
            shadow.remove().await?;
            return Err(error.into());
        }
        Ok(shadow)
    }

    /// Runs a migration as its author would: as `postgres`, in one go.
    ///
    /// # Errors
    ///
    /// One of its statements fails.
    pub async fn run(&self, migration: &str, sql: &str) -> Result<(), DiffError> {
        let connection = connect(&self.db).await?;
        connection
            .batch("set session authorization postgres; set search_path = public, extensions")
            .await?;
        let result = connection.batch(sql).await;
        // Nothing of its settings is for the next one.
        connection.close();
        result.map_err(|source| DiffError::Migration {
            name: migration.to_owned(),
            source,
        })
    }

    /// What the project's database has that the migrations lack, as statements without semicolons.
    ///
    /// # Errors
    ///
    /// One of the databases cannot be read.
    pub async fn differences(&self, schemas: &[String]) -> Result<Vec<String>, DiffError> {
        let shadow = connect(&self.db).await?;
        crate::differences(&shadow, &self.project, schemas).await
    }

    /// Removes it, with whoever is still connected.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub async fn remove(self) -> Result<(), DiffError> {
        let connection = connect(&self.maintenance).await?;
        let sql = format!("drop database if exists {} with (force)", ident(&self.name));
        Ok(connection.batch(&sql).await?)
    }
}

fn open(target: Target) -> Result<Db, DbError> {
    Db::new(&DbOptions {
        target,
        max_connections: MAX_CONNECTIONS,
    })
}

async fn connect(db: &Db) -> Result<Connection, DbError> {
    db.pool(PoolRole::Admin)?.get().await
}

/// Folder and port of the server's private socket.
async fn socket_of(connection: &Connection) -> Result<(String, u16), DbError> {
    let sql = "
        select trim('\"' from split_part(current_setting('unix_socket_directories'), ',', 1)), current_setting('port')::int";
    let row = connection.query_one(sql, &[]).await?;
    let port: i32 = row.try_get(1)?;
    Ok((row.try_get(0)?, u16::try_from(port).unwrap_or_default()))
}

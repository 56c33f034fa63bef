//! A database beside the project's, for as long as it is needed.

use ferrobase_db::{BaselineOptions, Connection, Db, DbError, DbOptions, PoolRole, Target, migrate};
use ferrobase_sql::ident;
use secrecy::SecretString;

use crate::error::DiffError;

/// Connections to each of the databases.
const MAX_CONNECTIONS: usize = 2;

/// A fresh database beside a project's, in the state in which a project's migrations find it. Call [`Shadow::remove`] at the end.
#[derive(Debug)]
pub struct Shadow {
    project: Connection,
    maintenance: Db,
    name: String,
    db: Db,
    target: Target,
}

impl Shadow {
    /// Makes a database called `name` beside the project's, which `administration` leads to. The services' own migrations need
    /// `jwt_secret`.
    ///
    /// # Errors
    ///
    /// The project's database is not one of a managed cluster on this machine, or cannot be reached.
    pub async fn create(
        administration: Target,
        name: &str,
        jwt_secret: SecretString,
    ) -> Result<Self, DiffError> {
        let Target::Socket { dir, port, user, .. } = &administration else {
            return Err(DiffError::NotManaged);
        };
        let target = Target::Socket {
            dir: dir.clone(),
            port: *port,
            user: user.clone(),
            database: name.to_owned(),
        };
        let maintenance = open(administration)?;
        let project = connect(&maintenance).await?;
        let sql = format!(
            "create database {} template template0 owner postgres",
            ident(name)
        );
        project.batch(&sql).await?;
        let shadow = Self {
            project,
            db: open(target.clone())?,
            maintenance,
            name: name.to_owned(),
            target,
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

    /// The way in, for an administrator.
    pub fn target(&self) -> Target {
        self.target.clone()
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

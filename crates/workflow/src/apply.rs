//! Runs a project's SQL.

use std::collections::HashSet;

use ferrobase_db::{Connection, Db, DbError, DbOptions, Pool, PoolRole, Target};

use crate::elevated::{self, Kind};
use crate::error::{StatementError, WorkflowError};
use crate::files::{self, Files, Migration};
use crate::statements::{self, Statement};
use crate::store;

/// Characters of a statement that an error shows.
const SHOWN: usize = 400;

/// What is done next, for a person who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `supabase/roles.sql`.
    Roles,
    /// A migration, by its file.
    Migration(String),
    /// A seed, by its file.
    Seed(String),
    /// A statement that is left out, and why.
    Skipped {
        /// Where it stands.
        file: String,
        /// Why.
        reason: String,
    },
}

/// Runs SQL of a project on one connection.
pub struct Applier<'a> {
    connection: Connection,
    /// The login is an administrator's: statements run as `postgres`.
    lowers: bool,
    extensions: HashSet<String>,
    tell: Box<dyn FnMut(Step) + Send + 'a>,
}

impl<'a> Applier<'a> {
    /// On a connection of `pool`, which should be an administrator's: then statements run as `postgres`, and only those elevated
    /// that hosted projects elevate. `tell` hears of every step before it is done.
    pub async fn new(pool: &Pool, tell: impl FnMut(Step) + Send + 'a) -> Result<Self, WorkflowError> {
        let connection = pool.get().await?;
        Ok(Self {
            lowers: store::is_administrator(&connection).await?,
            extensions: store::extensions(&connection).await?,
            connection,
            tell: Box::new(tell),
        })
    }

    /// The same on a server, with a connection of its own.
    pub async fn connect(target: Target, tell: impl FnMut(Step) + Send + 'a) -> Result<Self, WorkflowError> {
        Self::new(&pool(target)?, tell).await
    }

    /// Everything for a fresh database: roles, migrations, seeds.
    pub async fn fresh(&mut self, files: &Files) -> Result<(), WorkflowError> {
        store::prepare(&self.connection).await?;
        if let Some(path) = &files.roles {
            (self.tell)(Step::Roles);
            let text = files::text(path).await?;
            self.run("supabase/roles.sql", &text, None).await?;
        }
        for migration in &files.migrations {
            self.migrate(migration).await?;
        }
        self.seed(files).await
    }

    /// Versions of the migrations that are applied.
    pub async fn applied(&self) -> Result<Vec<String>, WorkflowError> {
        Ok(store::applied(&self.connection).await?)
    }

    /// Those that are not applied yet. `include_all` takes such as come before the last applied one too.
    pub async fn pending<'f>(
        &self,
        files: &'f Files,
        include_all: bool,
    ) -> Result<Vec<&'f Migration>, WorkflowError> {
        let applied = self.applied().await?;
        let unknown = applied.iter().filter(|version| {
            !files
                .migrations
                .iter()
                .any(|migration| migration.version == **version)
        });
        let unknown: Vec<String> = unknown.cloned().collect();
        if !unknown.is_empty() {
            return Err(WorkflowError::NotInFolder(unknown));
        }
        let pending: Vec<&Migration> = files
            .migrations
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .collect();
        let early = pending
            .iter()
            .filter(|migration| applied.last().is_some_and(|last| migration.version < *last));
        let early: Vec<String> = early.map(|migration| migration.file_name()).collect();
        if early.is_empty() || include_all {
            Ok(pending)
        } else {
            Err(WorkflowError::OutOfOrder(early))
        }
    }

    /// Applies migrations.
    pub async fn up(&mut self, migrations: &[&Migration]) -> Result<(), WorkflowError> {
        store::prepare(&self.connection).await?;
        for migration in migrations {
            self.migrate(migration).await?;
        }
        Ok(())
    }

    /// Notes a migration as applied without running it, or forgets that one is.
    pub async fn repair(&mut self, migration: &Migration, is_applied: bool) -> Result<(), WorkflowError> {
        store::prepare(&self.connection).await?;
        if !is_applied {
            return Ok(store::forget(&self.connection, std::slice::from_ref(&migration.version)).await?);
        }
        let text = files::text(&migration.path).await?;
        let texts: Vec<&str> = statements::split(&text)
            .into_iter()
            .map(|statement| statement.text)
            .collect();
        Ok(store::record(&self.connection, &migration.version, &migration.name, &texts).await?)
    }

    /// Seeds, all of them.
    pub async fn seed(&mut self, files: &Files) -> Result<(), WorkflowError> {
        for seed in &files.seeds {
            (self.tell)(Step::Seed(seed.name.clone()));
            let text = files::text(&seed.path).await?;
            self.run(&seed.name, &text, None).await?;
            store::record_seed(&self.connection, &seed.name, &files::hash(&text)).await?;
        }
        Ok(())
    }

    async fn migrate(&mut self, migration: &Migration) -> Result<(), WorkflowError> {
        (self.tell)(Step::Migration(migration.file_name()));
        let text = files::text(&migration.path).await?;
        self.run(&migration.file_name(), &text, Some(migration)).await
    }

    /// Runs a file in one transaction, its record included, unless it has transactions of its own or a statement that cannot
    /// run in one.
    async fn run(
        &mut self,
        file: &str,
        text: &str,
        migration: Option<&Migration>,
    ) -> Result<(), WorkflowError> {
        let statements = statements::split(text);
        let kinds: Vec<Kind> = statements
            .iter()
            .map(|statement| elevated::kind(statement, |name| self.extensions.contains(name)))
            .collect();
        let is_whole = !kinds
            .iter()
            .any(|kind| matches!(kind, Kind::Transaction | Kind::Alone));
        let begin = if self.lowers {
            store::AS_POSTGRES
        } else {
            store::AS_LOGIN
        };
        self.connection.batch(begin).await?;
        let outcome = self.run_all(file, &statements, &kinds, migration, is_whole).await;
        if outcome.is_err() {
            // The server says that there is none where there is none. What went wrong first is what is told.
            let _ = self.connection.batch("rollback").await;
        }
        let reset = self
            .connection
            .batch("reset session authorization; reset all")
            .await;
        outcome.and_then(|()| Ok(reset?))
    }

    async fn run_all(
        &mut self,
        file: &str,
        statements: &[Statement<'_>],
        kinds: &[Kind],
        migration: Option<&Migration>,
        is_whole: bool,
    ) -> Result<(), WorkflowError> {
        if is_whole {
            self.connection.batch("begin").await?;
        }
        for (place, (statement, kind)) in statements.iter().zip(kinds).enumerate() {
            let failed = |reason: String| {
                WorkflowError::Statement(Box::new(StatementError {
                    file: file.to_owned(),
                    number: place + 1,
                    line: statement.line,
                    reason,
                    text: beginning(statement.text),
                }))
            };
            match kind {
                Kind::Refused(reason) => return Err(failed(reason.clone())),
                Kind::Skipped(reason) => (self.tell)(Step::Skipped {
                    file: file.to_owned(),
                    reason: (*reason).to_owned(),
                }),
                _ if is_copy_in(statement) => {
                    return Err(failed(
                        "COPY … FROM STDIN reads what follows as data, which only psql does: use INSERT, or `psql \"$(ferrobase db url)\" -f FILE`"
                            .to_owned(),
                    ));
                }
                kind => {
                    let is_elevated = self.lowers && *kind == Kind::Elevated;
                    let ran = self.run_one(statement.text, is_elevated).await;
                    ran.map_err(|error| failed(described(&error)))?;
                }
            }
        }
        if self.lowers {
            self.connection.batch(store::ELEVATE).await?;
        }
        if let Some(migration) = migration {
            let texts: Vec<&str> = statements.iter().map(|statement| statement.text).collect();
            store::record(&self.connection, &migration.version, &migration.name, &texts).await?;
        }
        if is_whole {
            self.connection.batch("commit").await?;
        }
        Ok(())
    }

    async fn run_one(&self, sql: &str, is_elevated: bool) -> Result<(), DbError> {
        if !is_elevated {
            return self.connection.batch(sql).await;
        }
        self.connection.batch(store::ELEVATE).await?;
        self.connection.batch(sql).await?;
        self.connection.batch(store::LOWER).await
    }
}

pub(crate) fn pool(target: Target) -> Result<Pool, WorkflowError> {
    let db = Db::new(&DbOptions {
        target,
        max_connections: 1,
    })?;
    Ok(db.pool(PoolRole::Admin)?)
}

fn is_copy_in(statement: &Statement<'_>) -> bool {
    let is_copy = statement.words.first().is_some_and(|word| word == "copy");
    is_copy && statement.text.to_lowercase().contains("from stdin")
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// As the CLI shows it: the message, the code, and what else helps.
fn described(error: &DbError) -> String {
    let message = error
        .db_message()
        .map_or_else(|| error.to_string(), ToOwned::to_owned);
    let code = error
        .sqlstate()
        .map(|code| format!(" (SQLSTATE {code})"))
        .unwrap_or_default();
    let detail = error
        .detail()
        .map(|detail| format!("\n{detail}"))
        .unwrap_or_default();
    let hint = error
        .hint()
        .map(|hint| format!("\nhint: {hint}"))
        .unwrap_or_default();
    format!("{message}{code}{detail}{hint}")
}

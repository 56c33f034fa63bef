//! The database of a running backend: a managed cluster that is started again when it dies, or a server by URL.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ferrobase_cluster::{Cluster, ClusterOptions, SUPERUSER, Template};
use ferrobase_config::Config;
use ferrobase_db::{BaselineOptions, Db, DbError, DbOptions, PoolRole, Target, baseline_key, migrate};
use ferrobase_jwt::{ProjectKeys, Random};
use ferrobase_workflow::{Applier, Files, Step, WorkflowConfig};
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use url::Url;

use crate::error::{Failed, StartError};
use crate::options::StartOptions;
use crate::project::Project;
use crate::running::Failure;
use crate::settings::Settings;
use crate::state_file::Socket;

/// The database every cluster has.
pub(crate) const DATABASE: &str = "postgres";

/// Starts in a row that may fail before the backend gives up.
const RESTARTS: u32 = 10;

/// A prepared database.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) db: Db,
    /// For tools.
    pub(crate) url: String,
    cluster: Option<Arc<Cluster>>,
    watch: Option<JoinHandle<()>>,
}

impl Database {
    /// Starts or reaches the database and brings it to the state that the services expect.
    pub(crate) async fn open(
        options: &StartOptions,
        config: &Config,
        settings: &Settings,
        project: &Project,
        keys: &ProjectKeys,
    ) -> Result<Self, StartError> {
        let baseline = BaselineOptions {
            // The passwords of a server that somebody else runs are theirs.
            database_password: options.db_url.is_none().then(|| keys.database_password.clone()),
            jwt_secret: keys.jwt_secret.clone(),
            jwt_exp: settings.jwt_expiry,
        };
        let max_connections = settings.max_connections;
        if let Some(url) = &options.db_url {
            let db = Db::connect(&DbOptions {
                target: Target::Url(url.clone()),
                max_connections,
            })
            .await?;
            migrate(&db, &baseline).await?;
            return Ok(Self {
                db,
                url: url.clone(),
                cluster: None,
                watch: None,
            });
        }
        let mut cluster = cluster_options(options, config, settings, project, keys);
        if Cluster::is_needed(&cluster) {
            make_template(&mut cluster, max_connections).await;
        }
        let cluster = Arc::new(Cluster::start(cluster).await?);
        let prepared = prepare(&cluster, max_connections, &baseline, &settings.workflow).await;
        let db = match prepared {
            Ok(db) => db,
            Err(error) => {
                cluster.stop().await;
                return Err(error);
            }
        };
        let url = tool_url(&cluster, keys);
        Ok(Self {
            db,
            url,
            cluster: Some(cluster),
            watch: None,
        })
    }

    /// Where the managed cluster's own socket is.
    pub(crate) fn socket(&self) -> Option<Socket> {
        self.cluster.as_ref().map(|cluster| Socket {
            folder: cluster.socket_dir().to_owned(),
            port: cluster.port(),
        })
    }

    /// Starts PostgreSQL again whenever it dies; reports when that does not work any more.
    pub(crate) fn watch(&mut self, failure: Failure) {
        if let Some(cluster) = &self.cluster {
            self.watch = Some(tokio::spawn(keep_alive(Arc::clone(cluster), failure)));
        }
    }

    /// Ends the managed cluster.
    pub(crate) async fn stop(&mut self) {
        if let Some(watch) = self.watch.take() {
            watch.abort();
            let _ = watch.await;
        }
        if let Some(cluster) = self.cluster.take() {
            cluster.stop().await;
        }
    }
}

fn cluster_options(
    options: &StartOptions,
    config: &Config,
    settings: &Settings,
    project: &Project,
    keys: &ProjectKeys,
) -> ClusterOptions {
    let mut cluster = ClusterOptions::new(
        project.data_dir(),
        settings.project_id.clone(),
        keys.database_password.clone(),
    );
    cluster.run_dir = Some(project.run_dir());
    cluster.bin_dir = config
        .env("FERROBASE_POSTGRES_BIN")
        .filter(|dir| !dir.is_empty())
        .map(Into::into);
    cluster.tcp_port = Some(if options.ephemeral { 0 } else { settings.db_port });
    cluster.ephemeral = options.ephemeral;
    cluster.template = template_dir(config, &cluster.state_dir).map(|dir| Template {
        dir,
        key: baseline_key(),
    });
    cluster
}

/// Where templates of new databases are: root's in the system's state folder, others' in their cache.
fn template_dir(config: &Config, state_dir: &Path) -> Option<PathBuf> {
    let given = |name: &str| config.env(name).filter(|value| !value.is_empty());
    match given("FERROBASE_TEMPLATES") {
        Some("off") => return None,
        Some(dir) => return Some(PathBuf::from(dir)),
        None => {}
    }
    if rustix::process::geteuid().is_root() {
        return Some(state_dir.join("templates"));
    }
    let cache = given("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| given("HOME").map(|home| Path::new(home).join(".cache")))?;
    Some(cache.join("ferrobase").join("templates"))
}

/// Makes the template of new databases if there is none. Without one a start takes longer, and that is all.
async fn make_template(options: &mut ClusterOptions, max_connections: usize) {
    let made = Cluster::make_template(options, async |cluster| {
        // Nobody knows these: a copy gets its own.
        let baseline = BaselineOptions {
            database_password: Some(Random.uuid().simple().to_string().into()),
            jwt_secret: Random.uuid().simple().to_string().into(),
            jwt_exp: 0,
        };
        let db = connect(cluster, max_connections)?;
        Ok::<_, StartError>(migrate(&db, &baseline).await.map(drop)?)
    });
    if let Err(error) = Box::pin(made).await {
        tracing::warn!(%error, "no template of new databases could be made; they take longer to be made without one");
    }
}

fn connect(cluster: &Cluster, max_connections: usize) -> Result<Db, DbError> {
    let target = Target::Socket {
        dir: cluster.socket_dir().to_owned(),
        port: cluster.port(),
        user: SUPERUSER.to_owned(),
        database: DATABASE.to_owned(),
    };
    Db::new(&DbOptions {
        target,
        max_connections,
    })
}

/// Applies the migrations; a new cluster counts only after that.
async fn prepare(
    cluster: &Cluster,
    max_connections: usize,
    baseline: &BaselineOptions,
    workflow: &WorkflowConfig,
) -> Result<Db, StartError> {
    let db = connect(cluster, max_connections)?;
    migrate(&db, baseline).await?;
    if cluster.is_new() {
        fill(&db, workflow).await?;
    }
    cluster.seal().await?;
    Ok(db)
}

/// Runs the project's own SQL on a fresh database. It counts only when all of it worked: the next start begins anew.
async fn fill(db: &Db, workflow: &WorkflowConfig) -> Result<(), StartError> {
    let files = Files::read(workflow)?;
    for name in &files.ignored {
        tracing::warn!("supabase/migrations/{name} is left out: its name is not <timestamp>_<name>.sql");
    }
    if files.roles.is_none() && files.migrations.is_empty() && files.seeds.is_empty() {
        return Ok(());
    }
    let tell = |step| match step {
        Step::Roles => tracing::info!("applying supabase/roles.sql"),
        Step::Migration(name) => tracing::info!("applying migration {name}"),
        Step::Seed(name) => tracing::info!("seeding data from {name}"),
        Step::Skipped { file, reason } => tracing::info!("{file}: left out: {reason}"),
    };
    let mut applier = Applier::new(&db.pool(PoolRole::Admin)?, tell).await?;
    Ok(applier.fresh(&files).await?)
}

fn tool_url(cluster: &Cluster, keys: &ProjectKeys) -> String {
    let Some(port) = cluster.tcp_port() else {
        return String::new();
    };
    let password = keys.database_password.expose_secret();
    let mut url = format!("postgresql://postgres@127.0.0.1:{port}/{DATABASE}");
    if let Ok(mut parsed) = Url::parse(&url) {
        let _ = parsed.set_password(Some(password));
        url = parsed.into();
    }
    url
}

async fn keep_alive(cluster: Arc<Cluster>, failure: Failure) {
    loop {
        let exit = cluster.exited().await;
        tracing::error!(?exit, "PostgreSQL has ended; starting it again");
        let mut attempt = 1;
        while let Err(error) = cluster.restart().await {
            if attempt == RESTARTS {
                failure.report(Failed::Database(error.to_string()));
                return;
            }
            tracing::error!(%error, attempt, "PostgreSQL does not start");
            tokio::time::sleep(Duration::from_millis(200) * attempt).await;
            attempt += 1;
        }
        tracing::info!("PostgreSQL runs again");
    }
}
